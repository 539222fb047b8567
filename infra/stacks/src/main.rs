//! `cargo stacks`: writes `infra/alarms.yaml`, `infra/cloudfront.yaml` and `infra/vercel.yaml` from
//! `template.yaml` and the routes.
//!
//! `cargo stacks parameters [--first] NAME=VALUE…`: says what is wrong with a deployment's parameters, all of it at
//! once, or gives them as `sam deploy` takes them, one in a line. `infra/deploy` asks it.

use std::io::{self, Write as _};
use std::process::ExitCode;

use stacks::repository::{read, root};

const TEMPLATE: &str = "template.yaml";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let told = match arguments.as_slice() {
        [] => write().map(|()| String::new()),
        ["parameters", "--first", named @ ..] => overrides(named, true),
        ["parameters", named @ ..] => overrides(named, false),
        _ => Err("cargo stacks, or cargo stacks parameters [--first] NAME=VALUE…".to_owned()),
    };
    // The terminal is the one reader; where it is gone, the exit code still says it.
    match told {
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
