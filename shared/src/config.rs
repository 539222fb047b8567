//! The environment, read once at the start.
//!
//! A few variables are required by every function; a deployed function does not start without them. Every other
//! variable enables a feature: a route whose variables are missing answers 503 and names them, and `GET
//! /api/health` lists them. Invalid values are errors, and all errors are reported together at the start.

mod deployment;
mod marketplace;
mod names;
mod on_call;
mod sign_in;
mod strength;
mod telemetry;

pub use marketplace::Marketplace;
pub use names::{NAMES, Name, Requirement};
pub use on_call::OnCallKey;
pub use sign_in::{BearerIssuer, Oidc, StaffAccount};
pub use strength::{OwnWords, password_weakness, weakness};
pub use telemetry::{Analytics, Errors};

use crate::aws::Aws;
use crate::domain::kernel::id::CompanyId;
use crate::providers::standard_webhooks::WebhookKeys;
use crate::providers::stripe::Mode;
use crate::telemetry::{Drain, HeartbeatService};
use crate::vault::{Vault, VaultError};

const WHOP_API_BASE: &str = "https://api.whop.com/api/v1";
const WHOP_JWKS_URL: &str = "https://api.whop.com/.well-known/jwks.json";
const RESEND_API_BASE: &str = "https://api.resend.com";
const STRIPE_API_BASE: &str = "https://api.stripe.com";

/// The validated environment. `Debug` shows no value.
pub struct Config {
    pub table_name: Option<String>,
    pub aws: Option<Aws>,
    pub dynamodb_endpoint: Option<String>,
    /// Name or ARN of the EventBridge bus to which events are published.
    pub event_bus: Option<String>,
    pub event_bus_endpoint: Option<String>,
    /// The PostHog project to which events are published.
    pub analytics: Option<Analytics>,
    /// The Sentry project for errors and check-ins of jobs.
    pub errors: Option<Errors>,
    /// The Better Stack source to which the log is shipped.
    pub drain: Option<Drain>,
    /// The service that watches the jobs from outside.
    pub heartbeat: Option<HeartbeatService>,
    /// The schedulers' secrets, newest first.
    pub cron_secrets: Vec<String>,
    /// The keys of the people on call, newest first.
    pub on_call_keys: Vec<OnCallKey>,
    /// The secrets that CloudFront sends, newest first.
    pub trusted_proxy_secrets: Vec<String>,
    /// Encrypts personal data before it is stored.
    pub vault: Vault,
    pub whop_api_key: Option<String>,
    pub whop_app_id: Option<String>,
    pub whop_webhook_secrets: Vec<String>,
    /// Overrides the published key set for user tokens.
    pub whop_user_token_public_key: Option<String>,
    pub whop_jwks_url: String,
    pub whop_api_base: String,
    pub resend_api_key: Option<String>,
    pub resend_api_base: String,
    /// The sender of mails.
    pub email_from: Option<String>,
    pub stripe_secret_key: Option<String>,
    /// The base URL of Stripe's API, without its `/v1`.
    pub stripe_api_base: String,
    pub stripe_webhook_secrets: Vec<String>,
    pub marketplace: Marketplace,
    pub resend_webhook_secrets: Vec<String>,
    /// The webhook secrets of other sources, as `(source, secret)`.
    pub webhook_secrets: Vec<(String, String)>,
    /// The service's origin for browsers: scheme, host and port, without a slash at the end.
    pub public_base_url: Option<String>,
    /// Origins whose pages may send credentials, the service's own included.
    pub allowed_origins: Vec<String>,
    /// Keys of CSRF tokens, newest first.
    pub session_secrets: Vec<String>,
    /// The company that accounts belong to.
    pub platform_company: Option<CompanyId>,
    /// The staff accounts of the environment.
    pub staff: Vec<StaffAccount>,
    pub oidc: Option<Oidc>,
    /// The issuers whose bearer tokens are accepted.
    pub bearer_issuers: Vec<BearerIssuer>,
    missing: Vec<Name>,
}

/// Invalid settings, all of them at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment is invalid: {}", mistakes.join("; "))]
pub struct ConfigError {
    /// Each entry names its variable and shows no value.
    pub mistakes: Vec<String>,
}

impl Config {
    /// Reads the environment through `lookup`.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let get = |name: &str| {
            lookup(name).map(|value| value.trim().to_owned()).filter(|value| is_something(value))
        };
        let list = |name: &str| -> Vec<String> {
            let text = get(name).unwrap_or_default();
            text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
        };
        let mut mistakes = Vec::new();
        let vault = Vault::parse(&get("ENCRYPTION_KEY").unwrap_or_default());
        let vault = vault.map_err(|error: VaultError| mistakes.push(error.to_string()));
        for name in [
            "CRON_SECRET",
            "ORIGIN_VERIFY_SECRET",
            "WHOP_WEBHOOK_SECRET",
            "STRIPE_WEBHOOK_SECRET",
            "RESEND_WEBHOOK_SECRET",
            "SESSION_SECRET",
        ] {
            for weakness in list(name).iter().filter_map(|secret| weakness(secret)) {
                mistakes.push(format!("{name}: an entry {weakness}"));
            }
        }
        for name in [
            "WHOP_API_BASE",
            "WHOP_USER_TOKEN_JWKS_URL",
            "RESEND_API_BASE",
            "STRIPE_API_BASE",
            "AWS_ENDPOINT_URL_DYNAMODB",
            "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            "AWS_ENDPOINT_URL_EVENTBRIDGE",
            "POSTHOG_HOST",
            "HEALTHCHECKS_HOST",
            "OIDC_ISSUER",
        ] {
            if get(name).is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
                mistakes.push(format!("{name}: expected a URL"));
            }
        }
        // Resend signs as Svix does, with the decoded bytes of the base64 after the prefix.
        for error in
            list("RESEND_WEBHOOK_SECRET").iter().filter_map(|secret| WebhookKeys::parse([&**secret]).err())
        {
            mistakes.push(format!("RESEND_WEBHOOK_SECRET: an entry {error}"));
        }
        // A publishable key (pk_…) cannot call the API.
        if get("STRIPE_SECRET_KEY").is_some_and(|key| !key.starts_with("sk_") && !key.starts_with("rk_")) {
            mistakes.push("STRIPE_SECRET_KEY: expected a secret or restricted key, sk_… or rk_…".to_owned());
        }
        let analytics = telemetry::analytics(get, &mut mistakes);
        let errors = telemetry::errors(get, &mut mistakes);
        let drain = telemetry::drain(get, &mut mistakes);
        let heartbeat = telemetry::heartbeat(get, &mut mistakes);
        let marketplace = Marketplace::read(get, &mut mistakes);
        let staff = sign_in::staff(get, &mut mistakes);
        let oidc = sign_in::oidc(get, &mut mistakes);
        let bearer_issuers = sign_in::bearer_issuers(get("BEARER_ISSUERS"), &mut mistakes);
        let webhook_secrets = webhook_secrets(&list("WEBHOOK_SECRETS"), &mut mistakes);
        let on_call_keys = on_call::on_call_keys(&list("ON_CALL_KEYS"), &list("CRON_SECRET"), &mut mistakes);
        let public_base_url = origins(&list("PUBLIC_BASE_URL"), "PUBLIC_BASE_URL", &mut mistakes).pop();
        let mut allowed_origins = origins(&list("ALLOWED_ORIGINS"), "ALLOWED_ORIGINS", &mut mistakes);
        allowed_origins.extend(public_base_url.clone());
        let platform_company = get("PLATFORM_COMPANY_ID").and_then(|id| {
            let company = CompanyId::parse(&id);
            company.map_err(|error| mistakes.push(format!("PLATFORM_COMPANY_ID: {error}"))).ok()
        });
        if !staff.is_empty() || oidc.is_some() {
            for name in ["SESSION_SECRET", "PUBLIC_BASE_URL", "PLATFORM_COMPANY_ID"] {
                if get(name).is_none() {
                    mistakes.push(format!("{name}: is not set, although people may sign in"));
                }
            }
        }
        let Ok(vault) = vault else { return Err(ConfigError { mistakes }) };
        if !mistakes.is_empty() {
            return Err(ConfigError { mistakes });
        }
        let is_needed =
            |name: &Name| matches!(name.requirement, Requirement::Start | Requirement::Production);
        let missing = unset(get).filter(is_needed).collect();
        Ok(Self {
            table_name: get("TABLE_NAME"),
            aws: Aws::read(get),
            dynamodb_endpoint: get("AWS_ENDPOINT_URL_DYNAMODB"),
            event_bus: get("EVENT_BUS_NAME"),
            event_bus_endpoint: get("AWS_ENDPOINT_URL_EVENTBRIDGE"),
            analytics,
            errors,
            drain,
            heartbeat,
            cron_secrets: list("CRON_SECRET"),
            on_call_keys,
            trusted_proxy_secrets: list("ORIGIN_VERIFY_SECRET"),
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
            stripe_secret_key: get("STRIPE_SECRET_KEY"),
            stripe_api_base: get("STRIPE_API_BASE").unwrap_or_else(|| STRIPE_API_BASE.to_owned()),
            stripe_webhook_secrets: list("STRIPE_WEBHOOK_SECRET"),
            resend_webhook_secrets: list("RESEND_WEBHOOK_SECRET"),
            marketplace,
            webhook_secrets,
            public_base_url,
            allowed_origins,
            session_secrets: list("SESSION_SECRET"),
            platform_company,
            staff,
            oidc,
            bearer_issuers,
            missing,
        })
    }

    /// Live or test mode of Stripe's key; `None` if there is no key or its prefix does not say.
    pub fn stripe_mode(&self) -> Option<Mode> {
        Mode::of_key(self.stripe_secret_key.as_deref()?)
    }

    /// The required variables that are not set, with the features that are off.
    pub fn missing(&self) -> &[Name] {
        &self.missing
    }
}

/// Whether a value is set; a list of commas only counts as unset.
fn is_something(value: &str) -> bool {
    value.contains(|c: char| c != ',' && !c.is_whitespace())
}

/// The variables without a value. `TABLE_REGION` replaces `AWS_REGION` where the platform sets the latter.
fn unset(get: impl Fn(&str) -> Option<String>) -> impl Iterator<Item = Name> {
    let is_set =
        move |name: &str| get(name).is_some() || (name == "AWS_REGION" && get("TABLE_REGION").is_some());
    NAMES.into_iter().filter(move |name| !is_set(name.name))
}

/// Parses origins as browsers send them: scheme and host in lower case, a port only if it is not the default.
fn origins(list: &[String], name: &str, mistakes: &mut Vec<String>) -> Vec<String> {
    let mut origins = Vec::new();
    for text in list {
        let origin = text.strip_suffix('/').unwrap_or(text);
        let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:[]".contains(c);
        if rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(plain)) {
            origins.push(origin.to_owned());
        } else {
            mistakes.push(format!("{name}: expected origins such as https://app.example.com"));
        }
    }
    origins
}

/// Parses `source=secret` pairs. A source is a segment of a path.
fn webhook_secrets(list: &[String], mistakes: &mut Vec<String>) -> Vec<(String, String)> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let mut pairs = Vec::new();
    for entry in list {
        match entry.split_once('=') {
            Some(("whop" | "stripe" | "resend" | "events", _)) => {
                let own = "WEBHOOK_SECRETS: whop, stripe, resend and events have routes of their own";
                mistakes.push(own.to_owned());
            }
            Some((source, secret)) if !source.is_empty() && source.chars().all(plain) => {
                if let Some(weakness) = weakness(secret) {
                    mistakes.push(format!("WEBHOOK_SECRETS: the secret of {source} {weakness}"));
                }
                pairs.push((source.to_owned(), secret.to_owned()));
            }
            _ => mistakes.push("WEBHOOK_SECRETS: expected entries such as source=whsec_…".to_owned()),
        }
    }
    pairs
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
        assert!(!missing.contains(&"WHOP_API_BASE"), "a default is used");
    }

    #[test]
    fn whops_published_urls_are_the_defaults() {
        let config = Config::read(|_| None).unwrap();
        assert_eq!(config.whop_api_base, "https://api.whop.com/api/v1");
        assert_eq!(config.whop_jwks_url, "https://api.whop.com/.well-known/jwks.json");
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
    fn a_publishable_key_of_stripe_is_refused() {
        for (key, taken) in [("sk_test_1", true), ("rk_live_1", true), ("pk_test_1", false)] {
            let read = Config::read(|name| (name == "STRIPE_SECRET_KEY").then(|| key.to_owned()));
            assert_eq!(read.is_ok(), taken, "{key}");
        }
    }

    #[test]
    fn secrets_are_lists_newest_first() {
        let secrets = "the-newest-cron-key, the-cron-key-before";
        let config = Config::read(|name| (name == "CRON_SECRET").then(|| secrets.to_owned())).unwrap();
        assert_eq!(config.cron_secrets, ["the-newest-cron-key", "the-cron-key-before"]);
    }
}
