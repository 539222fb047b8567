//! The repository's text files, for tests that read them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use serde_yaml_ng::Value as Yaml;

/// Generated folders that are not part of the repository.
const NOT_OURS: [&str; 8] =
    [".git", ".local", ".tools", ".vercel", ".aws-sam", "node_modules", "target", "Cargo.lock"];

pub struct Text {
    /// The path from the root, with `/`.
    pub path: String,
    pub text: String,
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("tests/support stands in the repository")
        .to_owned()
}

/// Reads a file by its path from the root.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All text files under a folder (`""` is the root), sorted by path.
pub fn texts(folder: &str) -> Vec<Text> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(folder: &Path, found: &mut Vec<Text>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a folder's entry").path();
        if NOT_OURS.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        if path.is_dir() {
            collect(&path, found);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let path = path
                .strip_prefix(root())
                .expect("a path under the root")
                .to_string_lossy()
                .replace('\\', "/");
            found.push(Text { path, text });
        }
    }
}

/// Every Rust file under a folder.
pub fn rust(folder: &str) -> Vec<Text> {
    texts(folder).into_iter().filter(|file| file.path.ends_with(".rs")).collect()
}

/// The code of a file: its lines without comments.
pub fn code(file: &Text) -> impl Iterator<Item = &str> {
    file.text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// The names of all functions: the folders in the product folders of `functions/`.
pub fn functions() -> Vec<String> {
    let mut names: Vec<String> = function_folders().into_keys().collect();
    names.sort();
    names
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

/// `template.yaml`, CloudFormation's tags kept as tags.
pub fn template() -> Yaml {
    serde_yaml_ng::from_str(&read("template.yaml")).expect("template.yaml is YAML")
}

pub fn vercel() -> Json {
    serde_json::from_str(&read("vercel.json")).expect("vercel.json is JSON")
}
