//! Who signs in, and as what.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Administers a company.
    Owner,
    /// Staff of the platform.
    Provider,
    /// Looks after the service itself.
    Developer,
    /// Looks after the books.
    Accountant,
    /// Does the jobs that customers book.
    Professional,
    /// Books jobs.
    Customer,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] =
        [Self::Owner, Self::Provider, Self::Developer, Self::Accountant, Self::Professional, Self::Customer];

    /// The word used in keys, JSON and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Provider => "provider",
            Self::Developer => "developer",
            Self::Accountant => "accountant",
            Self::Professional => "professional",
            Self::Customer => "customer",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// A mail address as accounts know it: small letters only, so that one mailbox is one account.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

/// What a mail server takes at most (RFC 5321 §4.5.3.1, and the erratum on its path of 256).
const MAX_ADDRESS_CHARS: usize = 254;
const MAX_LOCAL_CHARS: usize = 64;
const MAX_LABEL_CHARS: usize = 63;

/// What may stand before the `@` without quotes (RFC 5322 §3.2.3).
const LOCAL_MARKS: &str = "!#$%&'*+-/=?^_`{|}~";

impl EmailAddress {
    /// Reads the plain form `local@domain.example`. Quoted and commented forms are nobody's address
    /// in earnest, and each is a way to hide a second one.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let (local, domain) = text.split_once('@')?;
        let is_local = local.len() <= MAX_LOCAL_CHARS
            && local.split('.').all(|part| !part.is_empty() && part.chars().all(is_local_char));
        let is_domain = domain.contains('.') && domain.split('.').all(is_label);
        (is_local && is_domain && text.len() <= MAX_ADDRESS_CHARS).then_some(Self(text))
    }

    /// The address, for sealing and for sending.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Shows nothing: an address in a log is a person in a log.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

fn is_local_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || LOCAL_MARKS.contains(c)
}

fn is_label(label: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let edges = !label.starts_with('-') && !label.ends_with('-');
    !label.is_empty() && label.len() <= MAX_LABEL_CHARS && label.chars().all(plain) && edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mailbox_is_one_address() {
        let address = EmailAddress::parse(" Canary+Shop@Mail.Example.COM ").unwrap();
        assert_eq!(address.as_str(), "canary+shop@mail.example.com");
        assert!(!format!("{address:?}").contains("canary"));
    }

    #[test]
    fn what_no_mail_server_would_take_plainly_is_no_address() {
        let long = format!("{}@example.com", "a".repeat(65));
        let longer = format!("a@{}com", "abcdefghi.".repeat(26));
        for wrong in [
            "",
            "@",
            "a",
            "a@",
            "@b.example",
            "a@b",
            "a@@b.example",
            "a@b@c.example",
            "a b@c.example",
            "a@b..example",
            "a@-b.example",
            "a@b.example\r\nbcc: c@d.example",
            "\"a b\"@c.example",
            "a@[127.0.0.1]",
            ".a@b.example",
            "a.@b.example",
            "ä@b.example",
            "a@b.example,c@d.example",
            "a@b.example.",
            "<a@b.example>",
            &long,
            &longer,
        ] {
            assert!(EmailAddress::parse(wrong).is_none(), "{wrong}");
        }
    }
}
