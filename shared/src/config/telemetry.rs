//! The settings of analytics, error tracking, log shipping and heartbeats; each is on if its key is set.

use crate::telemetry::{Drain, Dsn, HeartbeatService, Release};

/// The PostHog project to which events are published.
#[derive(Clone, PartialEq, Eq)]
pub struct Analytics {
    pub api_key: String,
    pub host: String,
}

/// The Sentry project and how the deployment is named there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errors {
    pub dsn: Dsn,
    pub deployment: Release,
}

/// The default name; a sandbox deployment sets its own.
const ENVIRONMENT: &str = "production";

const POSTHOG_HOST: &str = "https://us.i.posthog.com";

const HEALTHCHECKS_HOST: &str = "https://hc-ping.com";

/// Reads the settings of PostHog.
pub(super) fn analytics(
    get: impl Fn(&str) -> Option<String>,
    mistakes: &mut Vec<String>,
) -> Option<Analytics> {
    let api_key = get("POSTHOG_API_KEY")?;
    // A personal key (phx_…) grants access to everything and cannot send events.
    if !api_key.starts_with("phc_") {
        mistakes.push("POSTHOG_API_KEY: expected the key of a project, phc_…".to_owned());
    }
    Some(Analytics { api_key, host: get("POSTHOG_HOST").unwrap_or_else(|| POSTHOG_HOST.to_owned()) })
}

/// Reads the settings of Sentry.
pub(super) fn errors(get: impl Fn(&str) -> Option<String>, mistakes: &mut Vec<String>) -> Option<Errors> {
    let dsn = Dsn::parse(&get("SENTRY_DSN")?);
    let dsn = dsn.map_err(|error| mistakes.push(format!("SENTRY_DSN: {error}"))).ok()?;
    let environment = get("SENTRY_ENVIRONMENT").unwrap_or_else(|| ENVIRONMENT.to_owned());
    // Sentry accepts no other characters in names.
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if environment.len() > 64 || !environment.chars().all(plain) {
        mistakes.push("SENTRY_ENVIRONMENT: expected up to 64 letters, digits, -, _ and .".to_owned());
    }
    let version = concat!("justonce@", env!("CARGO_PKG_VERSION"));
    // The platform's id of this deployment.
    let build = get("VERCEL_GIT_COMMIT_SHA").or_else(|| get("AWS_LAMBDA_FUNCTION_VERSION"));
    let release = build.map_or_else(|| version.to_owned(), |build| format!("{version}+{build}"));
    Some(Errors { dsn, deployment: Release { release, environment } })
}

/// Reads the settings of Better Stack.
pub(super) fn drain(get: impl Fn(&str) -> Option<String>, mistakes: &mut Vec<String>) -> Option<Drain> {
    match (get("BETTER_STACK_SOURCE_TOKEN"), get("BETTER_STACK_HOST")) {
        (Some(token), Some(host)) => {
            let is_url = host.starts_with("https://") || host.starts_with("http://");
            Some(Drain { token, host: if is_url { host } else { format!("https://{host}") } })
        }
        (Some(_), None) => {
            mistakes.push("BETTER_STACK_HOST: is not set, although BETTER_STACK_SOURCE_TOKEN is".to_owned());
            None
        }
        // A host without a token has no effect.
        (None, _) => None,
    }
}

/// Reads the settings of healthchecks.io, or of a service with its protocol.
pub(super) fn heartbeat(
    get: impl Fn(&str) -> Option<String>,
    mistakes: &mut Vec<String>,
) -> Option<HeartbeatService> {
    let ping_key = get("HEALTHCHECKS_PING_KEY")?;
    // The key is a part of the URL.
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !ping_key.chars().all(plain) {
        mistakes.push("HEALTHCHECKS_PING_KEY: expected the ping key of a project, without an URL".to_owned());
    }
    let host = get("HEALTHCHECKS_HOST").unwrap_or_else(|| HEALTHCHECKS_HOST.to_owned());
    Some(HeartbeatService { host, ping_key })
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn read(values: &[(&str, &str)]) -> Result<Config, String> {
        let value = |name: &str| values.iter().find(|(known, _)| *known == name);
        Config::read(|name| value(name).map(|(_, value)| (*value).to_owned()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn only_the_key_of_a_project_counts_and_no_mistake_shows_it() {
        let error = read(&[("POSTHOG_API_KEY", "phx_hunter2")]).unwrap_err();
        assert!(error.contains("POSTHOG_API_KEY") && !error.contains("hunter2"), "{error}");
        let analytics = read(&[("POSTHOG_API_KEY", "phc_1")]).unwrap().analytics.unwrap();
        assert_eq!(analytics.host, "https://us.i.posthog.com");
        assert!(read(&[("POSTHOG_HOST", "eu.i.posthog.com")]).unwrap_err().contains("POSTHOG_HOST"));
    }

    #[test]
    fn a_dsn_without_a_project_is_refused_with_the_reason() {
        let error = read(&[("SENTRY_DSN", "https://hunter2@sentry.example.com")]).unwrap_err();
        assert!(error.contains("SENTRY_DSN: has no project number") && !error.contains("hunter2"), "{error}");
        let values = [
            ("SENTRY_DSN", "https://key@sentry.example.com/1"),
            ("SENTRY_ENVIRONMENT", "trial"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "17"),
        ];
        let deployment = read(&values).unwrap().errors.unwrap().deployment;
        assert_eq!(
            (deployment.environment.as_str(), deployment.release.as_str()),
            ("trial", "justonce@0.1.0+17")
        );
        let spaced = [values[0], ("SENTRY_ENVIRONMENT", "two words")];
        assert!(read(&spaced).unwrap_err().contains("SENTRY_ENVIRONMENT"));
    }

    #[test]
    fn a_token_of_better_stack_needs_its_host_and_a_bare_host_will_do() {
        let token = ("BETTER_STACK_SOURCE_TOKEN", "hunter2");
        let error = read(&[token]).unwrap_err();
        assert!(error.contains("BETTER_STACK_HOST") && !error.contains("hunter2"), "{error}");
        let host = ("BETTER_STACK_HOST", "s1.eu-nbg-2.betterstackdata.com");
        let drain = read(&[token, host]).unwrap().drain.unwrap();
        assert_eq!(drain.host, "https://s1.eu-nbg-2.betterstackdata.com");
        assert_eq!(read(&[host]).unwrap().drain, None);
    }

    #[test]
    fn a_ping_key_is_no_url_and_is_never_shown() {
        let error = read(&[("HEALTHCHECKS_PING_KEY", "https://hc-ping.com/hunter2")]).unwrap_err();
        assert!(error.contains("HEALTHCHECKS_PING_KEY") && !error.contains("hunter2"), "{error}");
        let key = ("HEALTHCHECKS_PING_KEY", "hunter2-fqOOd6-F4MMNuCEnzTU01w");
        let heartbeat = read(&[key]).unwrap().heartbeat.unwrap();
        assert_eq!(heartbeat.host, "https://hc-ping.com");
        assert!(!format!("{heartbeat:?}").contains("hunter2"));
        let host = ("HEALTHCHECKS_HOST", "https://watch.example.com/ping");
        assert_eq!(read(&[key, host]).unwrap().heartbeat.unwrap().host, host.1);
        assert!(read(&[key, ("HEALTHCHECKS_HOST", "watch.example.com")]).unwrap_err().contains("a URL"));
        assert_eq!(read(&[host]).unwrap().heartbeat, None, "a host without a key has no effect");
    }
}
