//! The names of accounts in keys, sessions and audit entries.

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::domain::kernel::account::{EmailAddress, Role, canonical_name};

/// Identifies an account without personal data.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountKey(String);

const STAFF: &str = "staff:";
const EMAIL: &str = "email:";
const OIDC: &str = "oidc:";

impl AccountKey {
    /// The configured staff account of a role.
    pub fn staff(role: Role) -> Self {
        Self(format!("{STAFF}{}", role.as_str()))
    }

    pub fn email(address: &EmailAddress) -> Self {
        Self::of_name(address.as_str())
    }

    /// The account of a name that was typed at sign-in. Unknown names get a key too, so that their look-up takes
    /// as long as any other.
    pub fn of_name(name: &str) -> Self {
        Self(format!("{EMAIL}{}", sha256_hex(canonical_name(name).as_bytes())))
    }

    /// The account of an issuer's subject. The issuer's length is hashed too, so that no two pairs give the same
    /// input.
    pub fn oidc(issuer: &str, subject: &str) -> Self {
        Self(format!("{OIDC}{}", sha256_hex(format!("{}:{issuer}{subject}", issuer.len()).as_bytes())))
    }

    /// The mail account that identifies a party to a booking; `None` for the ids of providers and issuers, whose
    /// accounts are not stored here.
    pub fn of_party(id: &str) -> Option<Self> {
        let hash = id.strip_prefix(EMAIL)?;
        let is_hash = hash.len() == 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_hash.then(|| Self(id.to_owned()))
    }

    /// The role of a configured staff account; `None` for every other account.
    pub fn staff_role(&self) -> Option<Role> {
        self.0.strip_prefix(STAFF).and_then(Role::parse)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the account exists only with its row. Other accounts are stored elsewhere, and get a row only once
    /// all their sessions were ended.
    pub fn requires_row(&self) -> bool {
        self.0.starts_with(EMAIL)
    }
}

impl std::fmt::Display for AccountKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_the_kind_and_nobodys_address() {
        let address = EmailAddress::parse("canary@example.com").unwrap();
        let key = AccountKey::email(&address);
        assert!(key.as_str().starts_with("email:") && !key.as_str().contains("canary"));
        assert_eq!(key, AccountKey::of_name("CANARY@example.com"));
        assert_eq!(key.staff_role(), None);
        assert_eq!(AccountKey::staff(Role::Developer).staff_role(), Some(Role::Developer));
    }

    #[test]
    fn only_the_key_of_a_mail_address_names_an_account_that_is_kept_here() {
        let key = AccountKey::of_name("canary@example.com");
        assert_eq!(AccountKey::of_party(key.as_str()), Some(key));
        for other in ["user_9kQ2", "email:0a1b", "0123456789ab:auth0|5f", "staff:provider", "email:"] {
            assert_eq!(AccountKey::of_party(other), None, "{other}");
        }
    }

    #[test]
    fn no_two_pairs_of_issuer_and_subject_are_one_account() {
        let one = AccountKey::oidc("https://a.example", "b1");
        assert_ne!(one, AccountKey::oidc("https://a.exampleb", "1"));
        assert_ne!(one, AccountKey::oidc("https://a.example", "b2"));
    }
}
