//! `cargo migrate`: migrations of the table's data, from a terminal or a pipeline.

mod options;
mod output;

use std::io::Write as _;
use std::process::ExitCode;

use migrations::{MigrationError, Migrator};

use options::{Command, Options};

const DONE: u8 = 0;
const FAILED: u8 = 1;
const MISUSED: u8 = 2;
const CLAIMED: u8 = 3;
const ROWS_LEFT: u8 = 4;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let asked = Options::read(lexopt::Parser::from_env(), shared::environment::read_variable);
    let (text, code) = match asked {
        Err(problem) => (format!("cargo migrate: {problem}\n\n{}", options::HELP), MISUSED),
        Ok(None) => (options::HELP.to_owned(), DONE),
        Ok(Some(options)) => match options.migrator() {
            Err(problem) => (format!("cargo migrate: {problem}\n"), FAILED),
            Ok(migrator) => run(&migrator, &options).await.unwrap_or_else(|error| {
                (format!("cargo migrate, table {}: {error}\n", options.table), code_of(&error))
            }),
        },
    };
    // If the reader closed the pipe, there is nowhere to write to.
    let _ = if code == DONE || code == ROWS_LEFT {
        std::io::stdout().write_all(text.as_bytes())
    } else {
        std::io::stderr().write_all(text.as_bytes())
    };
    ExitCode::from(code)
}

async fn run(migrator: &Migrator, options: &Options) -> Result<(String, u8), MigrationError> {
    let done = |text| Ok((text, DONE));
    match (&options.command, options.dry_run) {
        (Command::Status, _) => {
            let differences = migrator.table.differences().await?;
            done(output::format_status(&migrator.status().await?, &differences))
        }
        (Command::Forward { from, to }, true) => {
            done(output::format_dry_run(&migrator.forward_dry(*from, *to).await?, "nothing to be done"))
        }
        (Command::Forward { from, to }, false) => {
            done(output::format_forward(&migrator.forward(*from, *to).await?))
        }
        (Command::Verify { to }, _) => {
            let outcomes = migrator.verify(*to).await?;
            let left = outcomes.iter().any(|outcome| !outcome.is_settled || outcome.tally.need_person > 0);
            Ok((output::format_verified(&outcomes), if left { ROWS_LEFT } else { DONE }))
        }
        (Command::Back { to }, true) => {
            done(output::format_dry_run(&migrator.back_dry(*to).await?, "nothing to be undone"))
        }
        (Command::Back { to }, false) => done(output::format_back(&migrator.back(*to).await?)),
    }
}

fn code_of(error: &MigrationError) -> u8 {
    match error {
        MigrationError::Ahead { .. } => DONE,
        MigrationError::Held { .. } | MigrationError::Lost => CLAIMED,
        MigrationError::NeedsPerson { .. } => ROWS_LEFT,
        MigrationError::Unknown { .. } => MISUSED,
        MigrationError::Table(_) | MigrationError::Newer { .. } => FAILED,
    }
}
