//! Addresses that mail must not be sent to again, because it came back or the recipient complained.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Why an address is not written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuppressionReason {
    /// The mail server of the address refused a mail for good.
    Bounced,
    /// The recipient marked a mail as spam.
    Complained,
    /// The address was put by hand on the mailer's own suppression list.
    Blocked,
}

impl SuppressionReason {
    pub const ALL: [Self; 3] = [Self::Bounced, Self::Complained, Self::Blocked];

    /// The word used in JSON and keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Blocked => "blocked",
        }
    }

    /// The reason of an action that ended because of it.
    pub fn effect_reason(self) -> &'static str {
        match self {
            Self::Bounced => "address_bounced",
            Self::Complained => "address_complained",
            Self::Blocked => "address_blocked",
        }
    }
}

/// An address that is not written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    pub reason: SuppressionReason,
    /// When the mailer said so.
    #[serde(with = "crate::kernel::time")]
    pub at: DateTime<Utc>,
    /// The event that said so.
    pub event_id: String,
}

/// What a mailer's event changes about an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuppressionChange {
    /// The address is not written to any more.
    Suppress(SuppressionReason),
    /// The address was taken off the mailer's suppression list: it is written to again.
    Lift,
}

/// An address as rows know it: its keyed hashes, one for each encryption key that is listed, newest key
/// first. A row is written under the first and looked for under all, so that keys rotate without a gap.
/// Without any key there is no hash, and nothing is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressHash(Vec<String>);

impl AddressHash {
    /// The hashes, newest key first.
    pub fn new(hashes: Vec<String>) -> Self {
        Self(hashes)
    }

    /// The hash under the newest key.
    pub fn newest(&self) -> Option<&str> {
        self.0.first().map(String::as_str)
    }

    /// Every hash under which a row may stand.
    pub fn all(&self) -> &[String] {
        &self.0
    }
}

/// The one spelling of an address under which it is hashed: without a display name, in small letters,
/// the domain in its ASCII form. Mail servers may tell capital letters of the local part apart, and
/// none in use does: a mailbox that refused mail as `Ann@` refuses it as `ann@`.
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
