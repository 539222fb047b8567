//! Suppressed addresses: mail must not be sent to them, because it bounced or the recipient complained.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Why an address is not written to.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SuppressionReason {
    /// The recipient's mail server permanently refused a mail.
    Bounced,
    /// The recipient marked a mail as spam.
    Complained,
    /// A person put the address on the mailer's suppression list.
    Blocked,
}

impl SuppressionReason {
    pub const ALL: [Self; 3] = [Self::Bounced, Self::Complained, Self::Blocked];

    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The reason code of an effect that was not sent because of it.
    pub fn effect_reason(self) -> &'static str {
        match self {
            Self::Bounced => "address_bounced",
            Self::Complained => "address_complained",
            Self::Blocked => "address_blocked",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    pub reason: SuppressionReason,
    /// The time of the mailer's event.
    #[serde(with = "crate::kernel::time")]
    pub at: DateTime<Utc>,
    pub event_id: String,
}

/// The change of an address by an event of the mailer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuppressionChange {
    Suppress(SuppressionReason),
    /// The address was removed from the mailer's suppression list.
    Lift,
}

/// The keyed hashes of an address, one for each configured encryption key, newest key first. A row is written
/// under the first hash and searched under all, so that keys can be rotated. Without a key there is no hash,
/// and no row is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressHash(Vec<String>);

impl AddressHash {
    /// Takes the hashes, newest key first.
    pub fn new(hashes: Vec<String>) -> Self {
        Self(hashes)
    }

    pub fn newest(&self) -> Option<&str> {
        self.0.first().map(String::as_str)
    }

    /// Every hash under which a row may be stored.
    pub fn all(&self) -> &[String] {
        &self.0
    }
}

/// The canonical spelling of an address for hashing: without a display name, in lower case, the domain in its
/// ASCII form. Mail servers may distinguish upper case in the local part, but in practice none does.
pub fn canonical_address(address: &str) -> String {
    let address = address.trim();
    let bare = address.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')).map_or(address, |(_, it)| it);
    let Some((local, domain)) = bare.trim().rsplit_once('@') else { return bare.trim().to_lowercase() };
    let domain = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_lowercase());
    format!("{}@{domain}", local.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_address_is_one() {
        for spelling in [
            "ann@xn--mnchen-3ya.example",
            " Ann@MÜNCHEN.example ",
            "Ann Example <ann@münchen.example>",
            "ANN@XN--MNCHEN-3YA.EXAMPLE",
        ] {
            assert_eq!(canonical_address(spelling), "ann@xn--mnchen-3ya.example", "{spelling}");
        }
        assert_eq!(canonical_address("Not an address"), "not an address");
    }
}
