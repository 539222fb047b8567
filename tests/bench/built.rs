//! The binaries, as they are deployed.

use shared::environment::read_variable;
use std::path::PathBuf;
use std::process::Command;

use stacks::repository::root;

/// Builds functions for Lambda, optimized as they are deployed, and returns their paths.
pub fn build(functions: &[String]) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--locked", "--no-default-features", "--features", "aws"]);
    cargo.args(functions.iter().flat_map(|name| ["--package", name]));
    // Cargo's variables for this package would make it rebuild others.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CARGO_") && !["CARGO_HOME", "CARGO_TARGET_DIR"].contains(&name.as_str()) {
            cargo.env_remove(&name);
        }
    }
    assert!(cargo.current_dir(root()).status().unwrap().success(), "the functions are built");
    let target = read_variable("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join("release")
}
