//! `cargo stacks` generates `infra/alarms.yaml`, `infra/cloudfront.yaml` and `infra/vercel.yaml` from
//! `template.yaml` and the routes. The alarms are a list here; CloudFormation's own loops are macros, which no tool
//! can check before the deployment.
//!
//! `cargo stacks parameters [--first] NAME=VALUE…` reports all errors in a deployment's parameters at once, or
//! prints them for `sam deploy`, one per line. `infra/deploy` calls it.

use std::io::{self, Write as _};
use std::process::ExitCode;

use stacks::repository::{read, root};

const TEMPLATE: &str = "template.yaml";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        [] => write().map(|()| String::new()),
        ["parameters", "--first", named @ ..] => overrides(named, true),
        ["parameters", named @ ..] => overrides(named, false),
        _ => Err("cargo stacks, or cargo stacks parameters [--first] NAME=VALUE…".to_owned()),
    };
    // If the terminal is gone, the exit code still reports the result.
    match result {
        Ok(text) => {
            let _ = io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = io::stderr().write_all(format!("{error}\n").as_bytes());
            ExitCode::FAILURE
        }
    }
}

fn write() -> Result<(), String> {
    stacks::files(&read(TEMPLATE))?.into_iter().try_for_each(|(path, text)| {
        std::fs::write(root().join(path), text).map_err(|error| format!("{path}: {error}"))
    })
}

fn overrides(named: &[&str], is_first: bool) -> Result<String, String> {
    let lines = stacks::parameters::overrides(&read(TEMPLATE), named, is_first)?;
    Ok(lines.into_iter().map(|line| line + "\n").collect())
}
