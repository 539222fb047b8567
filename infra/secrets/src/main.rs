//! `cargo secrets`: generates secrets, password hashes, `.env.example` and the AWS secret, and checks an
//! environment.

mod example;
mod json;
mod made;

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use shared::config::{Config, Requirement};

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
        ["json"] => standard_input().and_then(|file| json::of(&file)).map(print_required_parameters),
        ["check"] => check(),
        ["--help" | "-h"] => Ok(USAGE.to_owned()),
        _ => Err(format!("unknown arguments\n{USAGE}")),
    };
    let (text, code) = match answer {
        Ok(text) => (io::stdout().write_all(text.as_bytes()), ExitCode::SUCCESS),
        Err(text) => (io::stderr().write_all(format!("{}\n", text.trim_end()).as_bytes()), ExitCode::FAILURE),
    };
    // If the reader closed the pipe, there is nowhere to write to.
    let _ = text;
    code
}

/// Reads the password from standard input, because the shell's history would contain an argument.
async fn hash() -> Result<String, String> {
    let password = standard_input()?;
    Ok(format!("{}\n", made::hash(password.trim_end_matches(['\n', '\r'])).await?))
}

/// Returns the secret for the pipe and prints the required parameters to standard error.
fn print_required_parameters(secret: json::Secret) -> String {
    for parameter in &secret.required_parameters {
        let _ = writeln!(io::stderr(), "no function starts with it alone; as a parameter, {parameter}");
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
        return Ok("It starts, and no required variable is missing.\n".to_owned());
    }
    let missing = config.missing().iter().map(|name| match name.requirement {
        Requirement::Start => format!("  {} (no function starts without it)\n", name.name),
        _ => format!("  {} (off without it: {})\n", name.name, name.off_without),
    });
    Err(format!("These are missing:\n{}", missing.collect::<String>()))
}
