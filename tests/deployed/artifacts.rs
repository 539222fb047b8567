//! The output folders of the platforms' build tools.

use std::path::PathBuf;

use platforms::Platform;
use serde_json::Value;

use stacks::repository::{function_folder, read, root, template};

/// The binary of a function as it would be deployed.
pub fn binary(platform: Platform, function: &str) -> PathBuf {
    let path = match platform {
        Platform::Lambda => root().join(".aws-sam/build").join(resource(function)).join("bootstrap"),
        Platform::Vercel => {
            let folder = format!(".vercel/output/functions/{}/src/main.rs.func", function_folder(function));
            let config: Value = serde_json::from_str(&read(&format!("{folder}/.vc-config.json"))).unwrap();
            root().join(folder).join(config["handler"].as_str().expect("a handler"))
        }
    };
    assert!(path.is_file(), "{} is not there; infra/check/run builds it", path.display());
    path
}

/// The logical id of a function in the template.
pub fn resource(function: &str) -> String {
    let template = template();
    let resources = template["Resources"].as_mapping().unwrap();
    let binary = |resource: &serde_yaml_ng::Value| resource["Metadata"]["BuildProperties"]["Binary"].clone();
    let (name, _) = resources.iter().find(|(_, resource)| binary(resource) == function).unwrap();
    name.as_str().unwrap().to_owned()
}
