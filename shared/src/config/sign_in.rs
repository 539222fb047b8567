//! The settings of staff accounts, single sign-on and bearer tokens.

use serde::Deserialize;

use super::strength::{OwnWords, password_weakness};
use crate::domain::kernel::account::Role;
use crate::json;

/// A staff account of the environment.
pub struct StaffAccount {
    pub role: Role,
    pub username: String,
    /// The plain password or its Argon2id hash (`$argon2id$…`).
    pub password: String,
}

pub struct Oidc {
    /// The issuer, whose discovery document names everything else.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: String,
    /// The claim that names the role.
    pub role_claim: String,
}

/// An issuer whose bearer tokens are accepted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BearerIssuer {
    pub issuer: String,
    pub audience: String,
    pub jwks_url: String,
    /// The claim that names the role.
    #[serde(default = "role_claim")]
    pub role_claim: String,
    /// The claim that names the company.
    #[serde(default = "company_claim")]
    pub company_claim: String,
    /// Maps the issuer's roles to ours; empty if it uses our names.
    #[serde(default)]
    pub roles: std::collections::BTreeMap<String, Role>,
}

fn role_claim() -> String {
    "role".to_owned()
}

fn company_claim() -> String {
    "company_id".to_owned()
}

const STAFF: [(Role, &str); 3] =
    [(Role::Provider, "PROVIDER"), (Role::Developer, "DEVELOPER"), (Role::Accountant, "ACCOUNTANT")];

/// The prefix of every Argon2id hash.
const HASH_PREFIX: &str = "$argon2id$";

/// Reads the staff accounts; each needs both name and password.
pub(super) fn staff(get: impl Fn(&str) -> Option<String>, mistakes: &mut Vec<String>) -> Vec<StaffAccount> {
    let mut accounts: Vec<StaffAccount> = Vec::new();
    let [company, base_url] =
        ["PLATFORM_COMPANY_ID", "PUBLIC_BASE_URL"].map(|name| get(name).unwrap_or_default());
    for (role, prefix) in STAFF {
        let names = [format!("{prefix}_USERNAME"), format!("{prefix}_PASSWORD")];
        let Some([username, password]) = all_or_none(&names, &get, mistakes) else { continue };
        if !password.starts_with(HASH_PREFIX)
            && let Some(weakness) =
                password_weakness(&password, &OwnWords::of(Some(&username), &company, &base_url))
        {
            mistakes.push(format!("{prefix}_PASSWORD: {weakness}"));
        }
        if password.starts_with(HASH_PREFIX) && password.split('$').count() != 6 {
            mistakes.push(format!("{prefix}_PASSWORD: the Argon2id hash cannot be read"));
        }
        if accounts.iter().any(|other| other.username.eq_ignore_ascii_case(&username)) {
            mistakes.push(format!("{prefix}_USERNAME: another staff account has this name"));
        }
        accounts.push(StaffAccount { role, username, password });
    }
    accounts
}

/// Reads the settings of single sign-on; a part without the rest is a mistake.
pub(super) fn oidc(get: impl Fn(&str) -> Option<String>, mistakes: &mut Vec<String>) -> Option<Oidc> {
    let names = ["OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"].map(str::to_owned);
    let [issuer, client_id, client_secret] = all_or_none(&names, &get, mistakes)?;
    let role_claim = get("OIDC_ROLE_CLAIM").unwrap_or_else(role_claim);
    Some(Oidc { issuer, client_id, client_secret, role_claim })
}

pub(super) fn bearer_issuers(text: Option<String>, mistakes: &mut Vec<String>) -> Vec<BearerIssuer> {
    let Some(text) = text else { return Vec::new() };
    let issuers: Vec<BearerIssuer> = match json::read_trusted(text.as_bytes()) {
        Ok(issuers) => issuers,
        Err(error) => {
            mistakes.push(format!("BEARER_ISSUERS: cannot be read: {error}"));
            return Vec::new();
        }
    };
    for issuer in &issuers {
        if issuer.issuer.is_empty() || issuer.audience.is_empty() {
            mistakes.push("BEARER_ISSUERS: an entry names no issuer or no audience".to_owned());
        }
        if !issuer.jwks_url.starts_with("https://") && !issuer.jwks_url.starts_with("http://127.0.0.1") {
            mistakes.push("BEARER_ISSUERS: jwks_url is no https URL".to_owned());
        }
    }
    issuers
}

/// Reads variables that are needed together; some without the others are a mistake.
fn all_or_none<const N: usize>(
    names: &[String; N],
    get: impl Fn(&str) -> Option<String>,
    mistakes: &mut Vec<String>,
) -> Option<[String; N]> {
    let values: Vec<Option<String>> = names.iter().map(|name| get(name)).collect();
    let set = values.iter().flatten().count();
    for (name, value) in names.iter().zip(&values) {
        if set > 0 && value.is_none() {
            mistakes.push(format!("{name}: is not set, although its like is"));
        }
    }
    values.into_iter().collect::<Option<Vec<String>>>()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes_of(password: &str) -> Vec<String> {
        let mut mistakes = Vec::new();
        let get = |name: &str| match name {
            "PROVIDER_USERNAME" => Some("olivia".to_owned()),
            "PROVIDER_PASSWORD" => Some(password.to_owned()),
            "PLATFORM_COMPANY_ID" => Some("biz_acme".to_owned()),
            "PUBLIC_BASE_URL" => Some("https://app.zebrapay.example".to_owned()),
            _ => None,
        };
        staff(get, &mut mistakes);
        mistakes
    }

    #[test]
    fn a_password_of_the_environment_is_held_to_the_rule_of_every_other() {
        for (password, word) in [
            ("hunter2", "shorter"),
            ("Pass@word1234", "common"),
            ("Olivia2025!!", "your own"),
            ("zebrapay2025", "service"),
            ("qazwsxedcrfv", "keys"),
        ] {
            let mistakes = mistakes_of(password);
            assert!(mistakes.len() == 1 && mistakes[0].starts_with("PROVIDER_PASSWORD: "), "{mistakes:?}");
            assert!(mistakes[0].contains(word) && !mistakes[0].contains(password), "{mistakes:?}");
        }
        assert_eq!(mistakes_of("correct horse battery"), [""; 0]);
        let hash = "$argon2id$v=19$m=19456,t=2,p=1$NidAesiT2TAVTHt4KQtwfg$XacNjZIe05UQ5Nlx09XDqV6wJavxm2dEbwAyh15YVkI";
        assert_eq!(mistakes_of(hash), [""; 0], "a hash does not reveal its password");
    }
}
