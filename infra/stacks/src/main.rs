//! `cargo stacks`: writes `infra/alarms.yaml`, `infra/front-door.yaml` and `infra/vercel.yaml` from
//! `template.yaml` and the routes. Twenty-one functions with the same alarms are a loop; CloudFormation's own
//! loops are macros that no tool can look into before they are deployed.

mod alarms;
mod dashboard;
mod front_door;
mod functions;
mod patterns;
mod vercel;

use std::path::PathBuf;
use std::process::ExitCode;

/// The files, from the root of the repository, and what stands in them.
fn files() -> Result<[(&'static str, String); 3], String> {
    let template = include_str!("../../../template.yaml");
    let functions = functions::read(template)?;
    let alarms = ("infra/alarms.yaml", alarms::stack(&functions));
    let front_door = ("infra/front-door.yaml", front_door::stack(&functions));
    Ok([alarms, front_door, ("infra/vercel.yaml", vercel::stack(template)?)])
}

fn main() -> ExitCode {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let write = |(path, text): (&str, String)| {
        std::fs::write(root.join(path), text).map_err(|error| format!("{path}: {error}"))
    };
    match files().and_then(|files| files.into_iter().try_for_each(write)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The terminal is the one reader; where it is gone, the exit code still says it.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{error}\n").as_bytes());
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stacks_in_the_repository_are_those_of_the_template_and_the_routes() {
        let there = [
            include_str!("../../alarms.yaml"),
            include_str!("../../front-door.yaml"),
            include_str!("../../vercel.yaml"),
        ];
        for ((path, text), there) in files().unwrap().into_iter().zip(there) {
            assert!(text == there, "{path} is out of date: run `cargo stacks`");
        }
    }
}
