//! An environment file as the one secret of the AWS deployment: a JSON object of names and values.

use std::collections::BTreeMap;

use shared::config::{Config, NAMES, Name, Need};

/// Reads lines of `NAME=value`. What the platform sets itself does not belong there.
pub fn of(file: &str) -> Result<String, String> {
    let mut values = BTreeMap::new();
    let mut unknown = Vec::new();
    for line in file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, value) = line.split_once('=').ok_or("a line is neither a comment nor NAME=value")?;
        let is_ours = NAMES.iter().any(|known| known.name == name) && !name.starts_with("AWS_");
        match unquoted(value.trim()) {
            "" => {}
            value if is_ours => drop(values.insert(name, value)),
            _ => unknown.push(name),
        }
    }
    if !unknown.is_empty() {
        return Err(format!("no function reads {} from a secret", unknown.join(", ")));
    }
    let unusable = unusable(&values);
    if !unusable.is_empty() {
        return Err(format!("no function would start with it:\n  {}", unusable.join("\n  ")));
    }
    let json = serde_json::to_string(&values).map_err(|error| error.to_string())?;
    Ok(format!("{json}\n"))
}

/// What the functions would say of these values. What they would miss beside them may be a parameter of the template,
/// unless it is secret.
fn unusable(values: &BTreeMap<&str, &str>) -> Vec<String> {
    let read = Config::of_deployment(|name| values.get(name).map(|value| (*value).to_owned()));
    let mut mistakes = read.err().map(|error| error.mistakes).unwrap_or_default();
    let is_of_the_secret = |name: &str| {
        let is_missing = |known: &&Name| known.name == name && known.need == Need::Start && known.secret;
        values.contains_key(name) || NAMES.iter().any(|known| is_missing(&known))
    };
    mistakes.retain(|mistake| is_of_the_secret(mistake.split(':').next().unwrap_or_default()));
    mistakes
}

fn unquoted(value: &str) -> &str {
    let inside = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    inside('\'').or_else(|| inside('"')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const CRON: &str = "q7Yw2Zr9Lk4TnB8sVf3XcJ6h";
    const KEY: &str = "c2FuZGJveC1lbmNyeXB0aW9uLWtleS0zMi1ieXRlcyE=";

    #[test]
    fn a_file_becomes_one_object_without_what_is_empty() {
        let file =
            format!("# ours\nWHOP_API_KEY='a=b'\n\nCRON_SECRET={CRON}\nENCRYPTION_KEY={KEY}\nOIDC_ISSUER=\n");
        let object = json!({"CRON_SECRET": CRON, "ENCRYPTION_KEY": KEY, "WHOP_API_KEY": "a=b"});
        assert_eq!(of(&file).unwrap(), format!("{object}\n"));
    }

    #[test]
    fn whatever_no_function_would_start_without_is_named_at_once() {
        let error = of("WHOP_API_KEY=a\nPOSTHOG_HOST=nowhere\n").unwrap_err();
        for named in ["POSTHOG_HOST: expected", "CRON_SECRET: is not set", "ENCRYPTION_KEY: is not set"] {
            assert!(error.contains(named), "{error}");
        }
        assert!(!error.contains("TABLE_NAME"), "the template sets it: {error}");
    }

    #[test]
    fn whatever_no_function_would_start_with_is_named_at_once_and_its_value_is_not() {
        let error = of("SESSION_SECRET=hidden\nWHOP_APP_ID=app_1\nENCRYPTION_KEY=hidden\n").unwrap_err();
        assert!(error.contains("SESSION_SECRET") && error.contains("ENCRYPTION_KEY"), "{error}");
        assert!(!error.contains("hidden") && !error.contains("WHOP_APP_ID"), "{error}");
    }

    #[test]
    fn what_no_function_would_read_is_named_and_its_value_is_not() {
        let error = of("CRON_SECRETS=hidden\nAWS_SECRET_ACCESS_KEY=hidden\n").unwrap_err();
        assert_eq!(error, "no function reads CRON_SECRETS, AWS_SECRET_ACCESS_KEY from a secret");
        assert!(of("hidden").is_err_and(|error| !error.contains("hidden")));
    }
}
