//! The deployment files of the repository, and its functions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use serde_yaml_ng::Value as Yaml;

/// Every template there is.
pub const STACKS: [&str; 4] =
    ["template.yaml", "infra/alarms.yaml", "infra/cloudfront.yaml", "infra/vercel.yaml"];

/// The root of the repository.
pub fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).expect("infra/stacks is in the repository").to_owned()
}

/// One file by its path from the root.
///
/// # Panics
/// It panics when the file is missing, like every function here: no test can continue without it.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// `template.yaml`, CloudFormation's tags kept as tags.
pub fn template() -> Yaml {
    stack("template.yaml")
}

/// A stack of the deployment.
pub fn stack(path: &str) -> Yaml {
    serde_yaml_ng::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub fn vercel() -> Json {
    serde_json::from_str(&read("vercel.json")).expect("vercel.json is JSON")
}

/// The names of the functions that are there: the folders of each product's folder in `functions/`.
pub fn functions() -> Vec<String> {
    function_folders().into_keys().collect()
}

/// The folder of a function, from the root of the repository.
pub fn function_folder(name: &str) -> String {
    function_folders().remove(name).unwrap_or_else(|| panic!("no function is called {name}"))
}

/// A file of a function.
pub fn read_of(function: &str, path: &str) -> String {
    read(&format!("{}/{path}", function_folder(function)))
}

fn function_folders() -> BTreeMap<String, String> {
    let mut folders = BTreeMap::new();
    for product in names_in("functions") {
        for name in names_in(&format!("functions/{product}")) {
            let folder = format!("functions/{product}/{name}");
            assert!(
                folders.insert(name, folder.clone()).is_none(),
                "{folder} has the name of another function"
            );
        }
    }
    folders
}

fn names_in(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}
