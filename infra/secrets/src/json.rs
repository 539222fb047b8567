//! An environment file as the one secret of the AWS deployment: a JSON object of names and values.

use std::collections::BTreeMap;

use shared::config::NAMES;

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
    if unknown.is_empty() {
        return serde_json::to_string(&values)
            .map(|json| format!("{json}\n"))
            .map_err(|error| error.to_string());
    }
    Err(format!("no function reads {} from a secret", unknown.join(", ")))
}

fn unquoted(value: &str) -> &str {
    let inside = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    inside('\'').or_else(|| inside('"')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_becomes_one_object_without_what_is_empty() {
        let file = "# ours\nCRON_SECRET=a=b\n\nPROVIDER_PASSWORD='$argon2id$v=19'\nOIDC_ISSUER=\n";
        assert_eq!(of(file).unwrap(), "{\"CRON_SECRET\":\"a=b\",\"PROVIDER_PASSWORD\":\"$argon2id$v=19\"}\n");
    }

    #[test]
    fn what_no_function_would_read_is_named_and_its_value_is_not() {
        let error = of("CRON_SECRETS=hidden\nAWS_SECRET_ACCESS_KEY=hidden\n").unwrap_err();
        assert_eq!(error, "no function reads CRON_SECRETS, AWS_SECRET_ACCESS_KEY from a secret");
        assert!(of("hidden").is_err_and(|error| !error.contains("hidden")));
    }
}
