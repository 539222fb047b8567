//! Parses the command, its flags and the access to the table.

use lexopt::prelude::{Long, Short, Value, ValueExt as _};
use migrations::{Migrator, Table};
use shared::aws::Aws;
use shared::domain::kernel::clock::Clock;
use shared::domain::kernel::ids::Ids;
use shared::providers::client::client_that_trusts;

pub const HELP: &str = "\
Migrations of the table's data, while the service serves.

cargo migrate status                       show the version of the data, the running migration and its progress
cargo migrate forward [--from N] [--to N]  run pending migrations; from N on all of them again
cargo migrate verify [--to N]              check every row and count those that are not migrated
cargo migrate back --to N                  undo the migrations after version N

  --dry-run               show what would be done, and write nothing
  --table NAME            the table (TABLE_NAME)
  --region NAME           its region (AWS_REGION)
  --endpoint-url URL      use this URL instead of AWS (AWS_ENDPOINT_URL_DYNAMODB)
  --rows-per-second N     write no faster than this, and read ten times as fast (200)
  --take-over             take the claim of a run that you know has crashed

Credentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. Of a profile:
  eval \"$(aws configure export-credentials --profile NAME --format env)\"

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 another run migrates, 4 rows are left.
";

#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Show version, claim and progress.
    Status,
    Forward {
        from: Option<u32>,
        to: Option<u32>,
    },
    Verify {
        to: Option<u32>,
    },
    Back {
        to: u32,
    },
}

#[derive(Debug)]
pub struct Options {
    pub command: Command,
    /// Whether to write nothing.
    pub dry_run: bool,
    pub table: String,
    aws: Aws,
    endpoint: Option<String>,
    bundle: Option<String>,
    rows_per_second: u32,
    take_over: bool,
}

/// Fast enough, and small beside the capacity of a table.
const ROWS_PER_SECOND: u32 = 200;

/// The flags without the defaults from the environment.
#[derive(Default)]
struct Flags {
    from: Option<u32>,
    to: Option<u32>,
    table: Option<String>,
    region: Option<String>,
    endpoint: Option<String>,
    rows_per_second: Option<u32>,
    dry_run: bool,
    take_over: bool,
}

impl Options {
    /// Parses arguments and environment; `None` if help is requested.
    pub fn read(
        mut arguments: lexopt::Parser,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, String> {
        let (mut command, mut flags) = (None, Flags::default());
        let said = |error: lexopt::Error| error.to_string();
        while let Some(argument) = arguments.next().map_err(said)? {
            match argument {
                Value(word) if command.is_none() => command = Some(word.string().map_err(said)?),
                Long("help") | Short('h') => return Ok(None),
                Long(name) => {
                    let name = name.to_owned();
                    flags.take(&name, &mut arguments).map_err(said)?;
                }
                other => return Err(other.unexpected().to_string()),
            }
        }
        let Some(command) = command else { return Ok(None) };
        Self::of(&command, flags, variable).map(Some)
    }

    fn of(command: &str, flags: Flags, variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let Flags { from, to, .. } = flags;
        let misplaced = |flag: &str| Err(format!("{command} takes no {flag}"));
        let command = match command {
            "status" if flags.dry_run => return misplaced("--dry-run"),
            "status" if to.is_some() => return misplaced("--to"),
            "verify" if flags.dry_run => return misplaced("--dry-run: it never writes"),
            "status" | "verify" | "back" if from.is_some() => return misplaced("--from"),
            "status" => Command::Status,
            "forward" => Command::Forward { from, to },
            "verify" => Command::Verify { to },
            "back" => {
                Command::Back { to: to.ok_or("back to which version? --to N (0 is before the first)")? }
            }
            other => return Err(format!("there is no command `{other}`")),
        };
        let table = flags.table.or_else(|| set("TABLE_NAME")).ok_or("which table? --table, or TABLE_NAME")?;
        let region = flags.region.or_else(|| set("AWS_REGION"));
        let region = region.ok_or("in which region? --region, or AWS_REGION")?;
        let aws = Aws::read(|name| match name {
            "AWS_REGION" => Some(region.clone()),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" | "AWS_SESSION_TOKEN" => set(name),
            _ => None,
        });
        Ok(Self {
            command,
            dry_run: flags.dry_run,
            table,
            aws: aws.ok_or("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")?,
            endpoint: flags.endpoint.or_else(|| set("AWS_ENDPOINT_URL_DYNAMODB")),
            bundle: set("AWS_CA_BUNDLE"),
            rows_per_second: flags.rows_per_second.unwrap_or(ROWS_PER_SECOND),
            take_over: flags.take_over,
        })
    }

    pub fn migrator(&self) -> Result<Migrator, String> {
        let http = client_that_trusts(self.bundle.as_deref()).map_err(|error| error.to_string())?;
        let client = self.aws.dynamodb(&http, self.endpoint.as_deref());
        Ok(Migrator {
            table: Table::new(client, &self.table),
            clock: Clock::system(),
            owner: owner(),
            rows_per_second: self.rows_per_second,
            take_over: self.take_over,
            on_progress: Box::new(crate::output::print_progress),
        })
    }
}

impl Flags {
    fn take(&mut self, name: &str, arguments: &mut lexopt::Parser) -> Result<(), lexopt::Error> {
        match name {
            "from" => self.from = Some(arguments.value()?.parse()?),
            "to" => self.to = Some(arguments.value()?.parse()?),
            "table" => self.table = Some(arguments.value()?.string()?),
            "region" => self.region = Some(arguments.value()?.string()?),
            "endpoint-url" => self.endpoint = Some(arguments.value()?.string()?),
            "rows-per-second" => self.rows_per_second = Some(arguments.value()?.parse_with(at_least_one)?),
            "dry-run" => self.dry_run = true,
            "take-over" => self.take_over = true,
            other => return Err(lexopt::Error::UnexpectedOption(format!("--{other}"))),
        }
        Ok(())
    }
}

fn at_least_one(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("expected a whole number from 1".to_owned()),
        Ok(number) => Ok(number),
    }
}

/// A unique name of the run, by which people recognize the machine.
fn owner() -> String {
    let machine = std::fs::read_to_string("/etc/hostname").ok().map(|name| name.trim().to_owned());
    let machine = machine.filter(|name| !name.is_empty()).unwrap_or_else(|| "a machine".to_owned());
    let id = Ids::system().next().simple().to_string();
    format!("process {} on {machine} ({})", std::process::id(), &id[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Option<Options>, String> {
        let parser = lexopt::Parser::from_args(arguments.iter().copied());
        Options::read(parser, |name| {
            let mut found = environment.iter().filter(|(known, _)| *known == name);
            found.next().map(|(_, value)| (*value).to_owned())
        })
    }

    const ENVIRONMENT: [(&str, &str); 4] = [
        ("TABLE_NAME", "of_the_environment"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "k"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
    ];

    #[test]
    fn a_flag_comes_before_the_environment() {
        let asked = ["forward", "--dry-run", "--to", "1", "--table=other", "--region", "us-east-1"];
        let options = read(&asked, &ENVIRONMENT).unwrap().unwrap();
        assert_eq!(options.command, Command::Forward { from: None, to: Some(1) });
        assert_eq!((options.table.as_str(), options.aws.region.as_str()), ("other", "us-east-1"));
        let options = read(&["status"], &ENVIRONMENT).unwrap().unwrap();
        assert_eq!((options.table.as_str(), options.dry_run), ("of_the_environment", false));
    }

    #[test]
    fn missing_and_conflicting_options_are_reported() {
        for (arguments, environment, says) in [
            (&["sideways"][..], &ENVIRONMENT[..], "there is no command `sideways`"),
            (&["back"], &ENVIRONMENT, "back to which version?"),
            (&["back", "--to", "-1"], &ENVIRONMENT, "-1"),
            (&["status", "--dry-run"], &ENVIRONMENT, "status takes no --dry-run"),
            (&["verify", "--from", "1"], &ENVIRONMENT, "verify takes no --from"),
            (&["forward", "--rows-per-second", "0"], &ENVIRONMENT, "expected a whole number from 1"),
            (&["forward", "--force"], &ENVIRONMENT, "--force"),
            (&["forward", "again"], &ENVIRONMENT, "again"),
            (&["forward"], &ENVIRONMENT[1..], "which table?"),
            (&["forward", "--table", "t"], &ENVIRONMENT[2..], "in which region?"),
            (&["forward"], &ENVIRONMENT[..3], "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        ] {
            let problem = read(arguments, environment).map(drop).unwrap_err();
            assert!(problem.contains(says), "{arguments:?}: {problem}");
        }
        assert!(read(&[], &ENVIRONMENT).unwrap().is_none());
        assert!(read(&["forward", "--help"], &[]).unwrap().is_none());
    }
}
