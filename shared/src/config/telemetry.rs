//! Who watches the service from outside: analytics, errors, log lines. Each is there when its name is set.

/// The project at PostHog that hears of what happens.
#[derive(Clone, PartialEq, Eq)]
pub struct Analytics {
    /// What opens it.
    pub api_key: String,
    /// Where it takes events.
    pub host: String,
}

const POSTHOG_HOST: &str = "https://us.i.posthog.com";

/// Reads who counts what happens.
pub(super) fn analytics(
    get: impl Fn(&str) -> Option<String>,
    mistakes: &mut Vec<String>,
) -> Option<Analytics> {
    let api_key = get("POSTHOG_API_KEY")?;
    // The other kind, phx_…, is a person's and opens everything; no event is taken with it.
    if !api_key.starts_with("phc_") {
        mistakes.push("POSTHOG_API_KEY: expected the key of a project, phc_…".to_owned());
    }
    Some(Analytics { api_key, host: get("POSTHOG_HOST").unwrap_or_else(|| POSTHOG_HOST.to_owned()) })
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
}
