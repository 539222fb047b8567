//! `cargo stacks` generates `infra/alarms.yaml`, `infra/cloudfront.yaml` and `infra/vercel.yaml` from
//! `template.yaml` and the routes. The alarms of all functions are a loop here; CloudFormation's own loops are
//! macros, which no tool can check before the deployment.
//!
//! `cargo stacks parameters [--first] NAME=VALUE…` reports all errors in a deployment's parameters at once, or
//! prints them for `sam deploy`, one per line. `infra/deploy` calls it.

mod alarms;
mod cloudfront;
mod dashboard;
mod functions;
mod parameters;
mod patterns;
mod vercel;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

const TEMPLATE: &str = include_str!("../../../template.yaml");

/// The generated files by their path from the root of the repository.
fn files() -> Result<[(&'static str, String); 3], String> {
    let functions = functions::read(TEMPLATE)?;
    let alarms = ("infra/alarms.yaml", alarms::stack(&functions));
    let cloudfront = ("infra/cloudfront.yaml", cloudfront::stack(&functions));
    Ok([alarms, cloudfront, ("infra/vercel.yaml", vercel::stack(TEMPLATE)?)])
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        [] => write().map(|()| String::new()),
        ["parameters", "--first", named @ ..] => overrides(named, true),
        ["parameters", named @ ..] => overrides(named, false),
        _ => Err("cargo stacks, or cargo stacks parameters [--first] NAME=VALUE…".to_owned()),
    };
    // If the terminal is gone, the exit code still tells the result.
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
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    files()?.into_iter().try_for_each(|(path, text)| {
        std::fs::write(root.join(path), text).map_err(|error| format!("{path}: {error}"))
    })
}

fn overrides(named: &[&str], is_first: bool) -> Result<String, String> {
    let lines = parameters::overrides(TEMPLATE, named, is_first)?;
    Ok(lines.into_iter().map(|line| line + "\n").collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stacks_in_the_repository_are_those_of_the_template_and_the_routes() {
        let there = [
            include_str!("../../alarms.yaml"),
            include_str!("../../cloudfront.yaml"),
            include_str!("../../vercel.yaml"),
        ];
        for ((path, text), there) in files().unwrap().into_iter().zip(there) {
            assert!(text == there, "{path} is out of date: run `cargo stacks`");
        }
    }
}
