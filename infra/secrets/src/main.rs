//! `cargo secrets`: strong secrets, hashed passwords, `.env.example`, the secret of AWS, and a look at an environment.

mod example;
mod json;
mod made;

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use shared::config::{Config, Need};

const USAGE: &str = "\
cargo secrets            new values for every secret that is yours to make, as lines of an environment file
cargo secrets hash       reads a password from standard input and gives its Argon2id hash
cargo secrets example    gives .env.example
cargo secrets json       reads an environment file from standard input and gives the one secret of AWS
cargo secrets check      reads the environment: what is missing, and what cannot be used
";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let answer = match arguments[..] {
        [] => made::make().await,
        ["hash"] => hash().await,
        ["example"] => Ok(example::example()),
        ["json"] => standard_input().and_then(|file| json::of(&file)).map(told_beside),
        ["check"] => check(),
        ["--help" | "-h"] => Ok(USAGE.to_owned()),
        _ => Err(format!("unknown arguments\n{USAGE}")),
    };
    let (text, code) = match answer {
        Ok(text) => (io::stdout().write_all(text.as_bytes()), ExitCode::SUCCESS),
        Err(text) => (io::stderr().write_all(format!("{}\n", text.trim_end()).as_bytes()), ExitCode::FAILURE),
    };
    // A closed pipe is the reader's choice.
    let _ = text;
    code
}

/// A password on the command line would stand in the shell's history.
async fn hash() -> Result<String, String> {
    let password = standard_input()?;
    Ok(format!("{}\n", made::hash(password.trim_end_matches(['\n', '\r'])).await?))
}

/// The secret goes on through a pipe, so what belongs beside it is said elsewhere.
fn told_beside(secret: json::Secret) -> String {
    for beside in &secret.beside {
        let _ = writeln!(io::stderr(), "no function starts with it alone; as a parameter, {beside}");
    }
    secret.json
}

fn standard_input() -> Result<String, String> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).map_err(|error| error.to_string())?;
    Ok(text)
}

fn check() -> Result<String, String> {
    let config = Config::read(shared::environment::read_variable)
        .map_err(|error| format!("It would not start:\n  {}", error.mistakes.join("\n  ")))?;
    if config.missing().is_empty() {
        return Ok("It starts, and nothing that everybody needs is missing.\n".to_owned());
    }
    let missing = config.missing().iter().map(|name| match name.need {
        Need::Start => format!("  {} (no function starts without it)\n", name.name),
        _ => format!("  {} (off without it: {})\n", name.name, name.off_without),
    });
    Err(format!("These are missing:\n{}", missing.collect::<String>()))
}
