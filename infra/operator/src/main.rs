//! `cargo history`: what happened to a booking, a case or any other object, from a terminal.

use std::io::Write as _;
use std::process::ExitCode;

use operator::options::{HELP, Options};
use operator::{api, table};

const DONE: u8 = 0;
const FAILED: u8 = 1;
const MISUSED: u8 = 2;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let asked = Options::read(lexopt::Parser::from_env(), shared::environment::read_variable);
    let (text, code) = match asked {
        Err(problem) => (format!("cargo history: {problem}\n\n{HELP}"), MISUSED),
        Ok(None) => (HELP.to_owned(), DONE),
        Ok(Some(options)) => match api::history(&options).await {
            Ok(history) if options.json => (table::format_lines(&history), DONE),
            Ok(history) => (table::format(&history, &options.id), DONE),
            Err(error) => (format!("cargo history: {error}\n"), FAILED),
        },
    };
    // If the reader closed the pipe, there is nowhere to write to.
    let _ = if code == DONE {
        std::io::stdout().write_all(text.as_bytes())
    } else {
        std::io::stderr().write_all(text.as_bytes())
    };
    ExitCode::from(code)
}
