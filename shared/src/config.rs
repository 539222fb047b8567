//! The environment, read once at the door.
//!
//! Every name is optional to the process and needed by some door: a door whose names are missing
//! stays shut and says which, and `GET /api/health` lists them. What is set but unreadable is a
//! mistake, and all mistakes are reported together at the start.

use crate::vault::{Vault, VaultError};

/// One name of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// The variable.
    pub name: &'static str,
    /// What stays shut without it; empty where a default stands in.
    pub needed_for: &'static str,
}

const fn name(name: &'static str, needed_for: &'static str) -> Name {
    Name { name, needed_for }
}

/// Every name that is read.
pub const NAMES: [Name; 17] = [
    name("TABLE_NAME", "everything that is kept"),
    name("AWS_REGION", "the table"),
    name("AWS_ENDPOINT_URL_DYNAMODB", ""),
    name("CRON_SECRET", "jobs over HTTP, the deep health check, replaying events"),
    name("ENCRYPTION_KEY", "webhooks: raw events are kept sealed"),
    name("WHOP_API_KEY", "reminders, nudges, memberships"),
    name("WHOP_APP_ID", "signing in with Whop's user token, pushes"),
    name("WHOP_WEBHOOK_SECRET", "webhooks of Whop"),
    name("WHOP_USER_TOKEN_PUBLIC_KEY", ""),
    name("WHOP_USER_TOKEN_JWKS_URL", ""),
    name("WHOP_API_BASE", ""),
    name("RESEND_API_KEY", ""),
    name("RESEND_API_BASE", ""),
    name("EMAIL_FROM", ""),
    name("AWS_ACCESS_KEY_ID", ""),
    name("AWS_SECRET_ACCESS_KEY", ""),
    name("AWS_SESSION_TOKEN", ""),
];

const WHOP_API_BASE: &str = "https://api.whop.com/api/v1";
const WHOP_JWKS_URL: &str = "https://api.whop.com/.well-known/jwks.json";
const RESEND_API_BASE: &str = "https://api.resend.com";

/// What the environment said. `Debug` shows no value.
pub struct Config {
    /// The table.
    pub table_name: Option<String>,
    /// The table's region.
    pub aws_region: Option<String>,
    /// Where DynamoDB answers, if not at its usual place.
    pub dynamodb_endpoint: Option<String>,
    /// Credentials for the table, as Lambda provides them.
    pub aws_credentials: Option<AwsCredentials>,
    /// The schedulers' secrets, newest first.
    pub cron_secrets: Vec<String>,
    /// Seals what is kept.
    pub vault: Vault,
    /// The app's key at Whop.
    pub whop_api_key: Option<String>,
    /// The app at Whop.
    pub whop_app_id: Option<String>,
    /// The webhook secrets of Whop, newest first.
    pub whop_webhook_secrets: Vec<String>,
    /// One public key for user tokens, in place of the published set.
    pub whop_user_token_public_key: Option<String>,
    /// Where Whop's public keys are.
    pub whop_jwks_url: String,
    /// Where Whop's API is.
    pub whop_api_base: String,
    /// Resend's key.
    pub resend_api_key: Option<String>,
    /// Where Resend's API is.
    pub resend_api_base: String,
    /// Who mails come from.
    pub email_from: Option<String>,
    missing: Vec<Name>,
}

/// Static credentials from the environment.
pub struct AwsCredentials {
    /// The key's id.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: String,
    /// The session it belongs to.
    pub session_token: Option<String>,
}

/// What is set but cannot be used; every mistake at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment cannot be used: {}", mistakes.join("; "))]
pub struct ConfigError {
    /// Each names its variable; none shows a value.
    pub mistakes: Vec<String>,
}

/// A secret that can be guessed is none.
const MIN_SECRET_CHARS: usize = 16;

impl Config {
    /// Reads the environment through `lookup`.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        // A list of nothing is nothing too.
        let is_something = |value: &String| value.contains(|c: char| c != ',' && !c.is_whitespace());
        let get = |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(is_something);
        let list = |name: &str| -> Vec<String> {
            let text = get(name).unwrap_or_default();
            text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
        };
        let mut mistakes = Vec::new();
        let vault = Vault::parse(&get("ENCRYPTION_KEY").unwrap_or_default());
        let vault = vault.map_err(|error: VaultError| mistakes.push(error.to_string()));
        for name in ["CRON_SECRET", "WHOP_WEBHOOK_SECRET"] {
            if list(name).iter().any(|secret| secret.chars().count() < MIN_SECRET_CHARS) {
                mistakes.push(format!("{name}: an entry is shorter than {MIN_SECRET_CHARS} characters"));
            }
        }
        for name in
            ["WHOP_API_BASE", "WHOP_USER_TOKEN_JWKS_URL", "RESEND_API_BASE", "AWS_ENDPOINT_URL_DYNAMODB"]
        {
            if get(name).is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
                mistakes.push(format!("{name}: expected a URL"));
            }
        }
        let Ok(vault) = vault else { return Err(ConfigError { mistakes }) };
        if !mistakes.is_empty() {
            return Err(ConfigError { mistakes });
        }
        let missing = NAMES
            .into_iter()
            .filter(|name| !name.needed_for.is_empty() && get(name.name).is_none())
            .collect();
        let credentials = get("AWS_ACCESS_KEY_ID").zip(get("AWS_SECRET_ACCESS_KEY"));
        Ok(Self {
            table_name: get("TABLE_NAME"),
            aws_region: get("AWS_REGION"),
            dynamodb_endpoint: get("AWS_ENDPOINT_URL_DYNAMODB"),
            aws_credentials: credentials.map(|(access_key_id, secret_access_key)| AwsCredentials {
                access_key_id,
                secret_access_key,
                session_token: get("AWS_SESSION_TOKEN"),
            }),
            cron_secrets: list("CRON_SECRET"),
            vault,
            whop_api_key: get("WHOP_API_KEY"),
            whop_app_id: get("WHOP_APP_ID"),
            whop_webhook_secrets: list("WHOP_WEBHOOK_SECRET"),
            whop_user_token_public_key: get("WHOP_USER_TOKEN_PUBLIC_KEY"),
            whop_jwks_url: get("WHOP_USER_TOKEN_JWKS_URL").unwrap_or_else(|| WHOP_JWKS_URL.to_owned()),
            whop_api_base: get("WHOP_API_BASE").unwrap_or_else(|| WHOP_API_BASE.to_owned()),
            resend_api_key: get("RESEND_API_KEY"),
            resend_api_base: get("RESEND_API_BASE").unwrap_or_else(|| RESEND_API_BASE.to_owned()),
            email_from: get("EMAIL_FROM"),
            missing,
        })
    }

    /// The names that are not set, with what stays shut.
    pub fn missing(&self) -> &[Name] {
        &self.missing
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let missing: Vec<&str> = self.missing.iter().map(|name| name.name).collect();
        write!(f, "Config(missing: {missing:?})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_missing_name_is_reported_at_once() {
        let config = Config::read(|_| None).unwrap();
        let missing: Vec<&str> = config.missing().iter().map(|name| name.name).collect();
        assert!(missing.contains(&"TABLE_NAME") && missing.contains(&"CRON_SECRET"), "{missing:?}");
        assert!(!missing.contains(&"WHOP_API_BASE"), "a default stands in");
    }

    #[test]
    fn every_mistake_is_reported_at_once_and_shows_no_value() {
        let error = Config::read(|name| match name {
            "CRON_SECRET" => Some("hunter2".to_owned()),
            "ENCRYPTION_KEY" => Some("tooshort".to_owned()),
            "WHOP_API_BASE" => Some("api.whop.com".to_owned()),
            _ => None,
        });
        let text = error.unwrap_err().to_string();
        for name in ["CRON_SECRET", "ENCRYPTION_KEY", "WHOP_API_BASE"] {
            assert!(text.contains(name), "{text}");
        }
        assert!(!text.contains("hunter2") && !text.contains("tooshort"), "{text}");
    }

    #[test]
    fn secrets_are_lists_newest_first() {
        let secrets = "aaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbb";
        let config = Config::read(|name| (name == "CRON_SECRET").then(|| secrets.to_owned())).unwrap();
        assert_eq!(config.cron_secrets, ["aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"]);
    }
}
