//! `cargo openapi`: writes the API document to its file.

use std::io::{self, Write as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    let written = openapi::text().and_then(|text| {
        std::fs::write(openapi::FILE, text).map_err(|error| format!("{}: {error}", openapi::FILE))
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If the terminal is closed, the exit code still reports the failure.
            let _ = io::stderr().write_all(format!("{error}\n").as_bytes());
            ExitCode::FAILURE
        }
    }
}
