//! Converts an environment file to the secret of the AWS deployment: a JSON object from names to values.

use std::collections::BTreeMap;

use shared::config::{Config, NAMES, Requirement};

/// The secret, and the settings that it needs besides.
#[derive(Debug, PartialEq, Eq)]
pub struct Secret {
    /// The object in one line.
    pub json: String,
    /// Names of settings that must be set as parameters of the template.
    pub required_parameters: Vec<String>,
}

/// Parses lines of `NAME=value`, without the variables that the platform sets itself.
pub fn of(file: &str) -> Result<Secret, String> {
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
    let (unusable, required_parameters) = mistakes(&values);
    if !unusable.is_empty() {
        return Err(format!("no function would start with it:\n  {}", unusable.join("\n  ")));
    }
    let json = serde_json::to_string(&values).map_err(|error| error.to_string())?;
    Ok(Secret { json: format!("{json}\n"), required_parameters })
}

/// The configuration errors of these values, and the missing settings. Missing ones may be template parameters
/// unless they are secrets.
fn mistakes(values: &BTreeMap<&str, &str>) -> (Vec<String>, Vec<String>) {
    let read = Config::of_deployment(|name| values.get(name).map(|value| (*value).to_owned()));
    let mistakes = read.err().map(|error| error.mistakes).unwrap_or_default();
    let named = |mistake: &str| NAMES.into_iter().find(|known| mistake.split(':').next() == Some(known.name));
    let (required_parameters, unusable): (Vec<String>, Vec<String>) =
        mistakes.into_iter().partition(|mistake| {
            named(mistake).is_some_and(|name| !name.secret && !values.contains_key(name.name))
        });
    // The template sets these itself.
    let is_parameter =
        |mistake: &String| named(mistake).is_some_and(|name| name.requirement != Requirement::Start);
    (unusable, required_parameters.into_iter().filter(is_parameter).collect())
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
    fn a_file_becomes_one_object_without_empty_values() {
        let file =
            format!("# ours\nWHOP_API_KEY='a=b'\n\nCRON_SECRET={CRON}\nENCRYPTION_KEY={KEY}\nOIDC_ISSUER=\n");
        let object = json!({"CRON_SECRET": CRON, "ENCRYPTION_KEY": KEY, "WHOP_API_KEY": "a=b"});
        assert_eq!(
            of(&file).unwrap(),
            Secret { json: format!("{object}\n"), required_parameters: Vec::new() }
        );
    }

    #[test]
    fn all_missing_required_variables_are_named_together() {
        let error = of("WHOP_API_KEY=a\nPOSTHOG_HOST=nowhere\n").unwrap_err();
        for named in ["POSTHOG_HOST: expected", "CRON_SECRET: is not set", "ENCRYPTION_KEY: is not set"] {
            assert!(error.contains(named), "{error}");
        }
        assert!(!error.contains("TABLE_NAME"), "the template sets it: {error}");
    }

    #[test]
    fn all_invalid_variables_are_named_together_without_their_values() {
        let error = of("SESSION_SECRET=hidden\nWHOP_APP_ID=app_1\nENCRYPTION_KEY=hidden\n").unwrap_err();
        assert!(error.contains("SESSION_SECRET") && error.contains("ENCRYPTION_KEY"), "{error}");
        assert!(!error.contains("hidden") && !error.contains("WHOP_APP_ID"), "{error}");
    }

    #[test]
    fn what_has_to_be_a_parameter_beside_it_is_named() {
        let password = "a password of staff that is long";
        let file = format!(
            "CRON_SECRET={CRON}\nENCRYPTION_KEY={KEY}\nSESSION_SECRET={CRON}\nPROVIDER_USERNAME=p\nPROVIDER_PASSWORD={password}\n"
        );
        let required_parameters = of(&file).unwrap().required_parameters;
        assert_eq!(required_parameters.len(), 2, "{required_parameters:?}");
        assert!(
            required_parameters[0].starts_with("PUBLIC_BASE_URL: ")
                && required_parameters[1].starts_with("PLATFORM_COMPANY_ID: ")
        );
    }

    #[test]
    fn unknown_variables_are_named_without_their_values() {
        let error = of("CRON_SECRETS=hidden\nAWS_SECRET_ACCESS_KEY=hidden\n").unwrap_err();
        assert_eq!(error, "no function reads CRON_SECRETS, AWS_SECRET_ACCESS_KEY from a secret");
        assert!(of("hidden").is_err_and(|error| !error.contains("hidden")));
    }
}
