//! Generates the secrets that the deployer chooses.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shared::auth::password;
use shared::config::{OwnWords, password_weakness};
use shared::http::Random;

/// Why a secret could not be generated.
pub type GenerateError = String;

/// The staff accounts of the environment; their user names can be changed.
const STAFF: [&str; 3] = ["PROVIDER", "DEVELOPER", "ACCOUNTANT"];

/// Generates all secrets, as lines of an environment file.
pub async fn make() -> Result<String, GenerateError> {
    let mut text = "# New secrets. Keep this file to yourself: it is not for version control.\n".to_owned();
    for name in ["CRON_SECRET", "SESSION_SECRET", "ORIGIN_VERIFY_SECRET"] {
        let _ = writeln!(text, "{name}={}", random::<32>()?.text());
    }
    let _ = writeln!(text, "ON_CALL_KEYS=on-call={}", random::<32>()?.text());
    let _ = writeln!(text, "ENCRYPTION_KEY={}", STANDARD.encode(bytes_of(&random::<32>()?)?));
    text.push_str(
        "# Staff accounts. No function starts with one unless PUBLIC_BASE_URL and PLATFORM_COMPANY_ID are set too:\n\
         # then take the # away.\n",
    );
    for prefix in STAFF {
        let password = random::<18>()?.text();
        let hash = hash(&password).await?;
        let username = prefix.to_lowercase();
        let _ = write!(
            text,
            "# The password of {username} is {password} and stands nowhere else: keep it, then delete this line.\n\
             #{prefix}_USERNAME={username}\n#{prefix}_PASSWORD='{hash}'\n"
        );
    }
    Ok(text)
}

/// The Argon2id hash of a password for `…_PASSWORD`.
pub async fn hash(password: &str) -> Result<String, GenerateError> {
    if let Some(weakness) = password_weakness(password, &OwnWords::of(None, "", "")) {
        return Err(format!("The password {weakness}."));
    }
    password::hash(password).await.map_err(|failure| failure.reason().unwrap_or("not hashed").to_owned())
}

fn random<const BYTES: usize>() -> Result<Random<BYTES>, GenerateError> {
    Random::new().map_err(|failure| failure.reason().unwrap_or("no randomness").to_owned())
}

fn bytes_of<const BYTES: usize>(random: &Random<BYTES>) -> Result<Vec<u8>, GenerateError> {
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    engine.decode(random.text()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use shared::config::Config;

    use super::*;

    fn values(text: &str) -> HashMap<String, String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned())).collect()
    }

    #[tokio::test]
    async fn what_is_made_is_strong_enough_to_start_with_and_new_each_time() {
        let (one, other) = (values(&make().await.unwrap()), values(&make().await.unwrap()));
        let config = Config::of_deployment(|name| match name {
            "TABLE_NAME" => Some("justonce".to_owned()),
            "AWS_REGION" => Some("us-east-1".to_owned()),
            name => one.get(name).cloned(),
        });
        assert!(config.unwrap().staff.is_empty());
        assert!(one.iter().all(|(name, value)| other.get(name).is_some_and(|other| other != value)));
    }

    #[tokio::test]
    async fn staff_may_sign_in_once_there_is_where_to() {
        let made = make().await.unwrap();
        let made = values(
            &STAFF
                .into_iter()
                .fold(made, |text, prefix| text.replace(&format!("\n#{prefix}_"), &format!("\n{prefix}_"))),
        );
        let config = |beside: &[(&str, &str)]| {
            Config::read(|name| {
                let beside =
                    beside.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
                beside.or_else(|| made.get(name).cloned())
            })
        };
        let place = [("PUBLIC_BASE_URL", "https://app.example.com"), ("PLATFORM_COMPANY_ID", "biz_1")];
        assert_eq!(config(&place).unwrap().staff.len(), 3);
        assert!(config(&place[..1]).is_err(), "as the file says");
    }

    #[tokio::test]
    async fn a_weak_password_is_not_hashed() {
        assert!(hash("hunter2").await.is_err());
        assert!(hash("Pass@word1234").await.is_err_and(|refused| refused.contains("common password")));
        assert!(hash("correct horse battery").await.unwrap().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    }
}
