//! A function as a platform runs it: its real binary, in a process of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use platforms::{Occurrence, Platform};
use serde_json::Value;

use crate::request::{Reply, Request};

/// A running function; it ends as by `kill -9` with this value, also when a test fails.
pub struct Function(platforms::Function);

/// The functions these tests run.
const FUNCTIONS: [&str; 5] = ["sign-in", "settings", "nudge", "webhooks", "reminders"];

static BINARIES: LazyLock<PathBuf> = LazyLock::new(build);

impl Function {
    /// Starts it with these variables and Lambda's own, and no others.
    pub async fn start(name: &str, environment: &[(&'static str, String)]) -> Self {
        Self::start_on(Platform::Lambda, name, environment).await
    }

    /// The same on either platform.
    pub async fn start_on(platform: Platform, name: &str, environment: &[(&'static str, String)]) -> Self {
        assert!(FUNCTIONS.contains(&name), "{name} is not built");
        let binary = tokio::task::spawn_blocking(|| BINARIES.clone()).await.unwrap().join(name);
        Self(platforms::Function::start(platform, &binary, environment).await.unwrap())
    }

    /// Fires its job, which has to succeed.
    pub async fn fire(&mut self, occurrence: &Occurrence<'_>) -> Value {
        self.0.fire(occurrence).await.unwrap()
    }

    pub async fn ask(&mut self, request: &Request) -> Reply {
        Reply(self.0.ask(&request.http()).await.unwrap())
    }
}

/// Builds the binaries and returns their paths. `--examples` unifies features as `cargo test --workspace`
/// does, so after that command only linking is left.
fn build() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.ancestors().nth(3).expect("a target directory");
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--locked", "--workspace", "--examples", "--target-dir"]).arg(target);
    command.args(FUNCTIONS.iter().flat_map(|name| ["--bin", name]));
    // Cargo's variables for this test's package would make it rebuild others.
    let foreign =
        ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_", "OUT_DIR"];
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| foreign.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(&name);
        }
    }
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    assert!(command.status().unwrap().success(), "the functions are built");
    target.join("debug")
}
