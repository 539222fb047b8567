//! The environment of a deployment, which must hold every variable that is required at the start.

use super::{Config, ConfigError, Name, Requirement, is_something, unset};

impl Config {
    /// Reads the environment of a deployed function. Missing required variables are reported together with
    /// invalid values.
    pub fn of_deployment(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let read = Self::read(&lookup);
        let absent: Vec<Name> = unset(|name| lookup(name).filter(|value| is_something(value)))
            .filter(|name| name.requirement == Requirement::Start)
            .collect();
        if absent.is_empty() {
            return read;
        }
        let mut mistakes = read.err().map(|error| error.mistakes).unwrap_or_default();
        mistakes.extend(absent.iter().map(|name| format!("{}: is not set", name.name)));
        Err(ConfigError { mistakes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_invalid_variables_are_reported_together() {
        let read = |given: &[(&str, &str)]| {
            Config::of_deployment(|name| {
                given.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        let given = [("CRON_SECRET", " ,"), ("TABLE_REGION", "us-east-1"), ("POSTHOG_HOST", "nowhere")];
        let mistakes = read(&given).unwrap_err().mistakes;
        let said = [
            "POSTHOG_HOST: expected a URL",
            "TABLE_NAME: is not set",
            "CRON_SECRET: is not set",
            "ENCRYPTION_KEY: is not set",
        ];
        assert_eq!(mistakes, said, "the table's region stands in for AWS's");
        let whole = [
            ("TABLE_NAME", "justonce"),
            ("AWS_REGION", "us-east-1"),
            ("CRON_SECRET", "q7Yw2Zr9Lk4TnB8sVf3XcJ6h"),
            ("ENCRYPTION_KEY", "c2FuZGJveC1lbmNyeXB0aW9uLWtleS0zMi1ieXRlcyE="),
        ];
        let missing = read(&whole).unwrap();
        let missing: Vec<&str> = missing.missing().iter().map(|name| name.name).collect();
        assert_eq!(missing, ["WHOP_API_KEY", "WHOP_APP_ID", "WHOP_WEBHOOK_SECRET"], "others give these");
    }
}
