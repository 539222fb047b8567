//! Roles and mail addresses of accounts.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The rights of an account.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum Role {
    Owner,
    /// Staff of the platform.
    Provider,
    Developer,
    /// Handles the ledger and reconciliation.
    Accountant,
    /// Performs the booked jobs.
    Professional,
    Customer,
}

impl Role {
    pub const ALL: [Self; 6] =
        [Self::Owner, Self::Provider, Self::Developer, Self::Accountant, Self::Professional, Self::Customer];

    pub fn as_str(self) -> &'static str {
        self.into()
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// A canonical mail address: lower case, with the domain in its ASCII form (IDNA, UTS 46), so that every
/// spelling of a mailbox is the same account.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

/// The limits of mail servers (RFC 5321 §4.5.3.1, and the erratum on its path of 256).
const MAX_ADDRESS_CHARS: usize = 254;
const MAX_LOCAL_CHARS: usize = 64;
const MAX_LABEL_CHARS: usize = 63;

/// The marks allowed before the `@` without quotes (RFC 5322 §3.2.3).
const LOCAL_MARKS: &str = "!#$%&'*+-/=?^_`{|}~";

/// Why a text is not an address that mail can be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not of the form `local@domain.example`.
    #[error("expected an e-mail address")]
    Form,
    /// Non-ASCII letters before the `@`: the mailer does not support SMTPUTF8 (RFC 6531).
    #[error("has letters before the @ that mail cannot be sent to; only a-z, 0-9 and marks can stand there")]
    Local,
}

impl EmailAddress {
    /// Parses the plain form `local@domain.example`. Quoted and commented forms are rejected: they are not used in
    /// practice, and each is a way to hide a second address.
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text).ok()
    }

    /// Like [`EmailAddress::parse`], with the reason for a rejection.
    pub fn read(text: &str) -> Result<Self, AddressError> {
        let (local, domain) = text.trim().split_once('@').ok_or(AddressError::Form)?;
        let domain = ascii_domain(domain).ok_or(AddressError::Form)?;
        let local = local.to_ascii_lowercase();
        let parts = |is_char: fn(char) -> bool| {
            local.split('.').all(|part| !part.is_empty() && part.chars().all(is_char))
        };
        let is_domain = domain.contains('.') && domain.split('.').all(is_label);
        if !is_domain || local.len() > MAX_LOCAL_CHARS || local.len() + 1 + domain.len() > MAX_ADDRESS_CHARS {
            return Err(AddressError::Form);
        }
        match (
            parts(is_local_char),
            parts(|c| is_local_char(c) || !(c.is_ascii() || c.is_whitespace() || c.is_control())),
        ) {
            (true, _) => Ok(Self(format!("{local}@{domain}"))),
            (false, true) => Err(AddressError::Local),
            (false, false) => Err(AddressError::Form),
        }
    }

    /// The address, for encrypting and sending.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Hides the address, because it is personal data.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

/// The canonical spelling of a sign-in name: a canonical address, or any other name in lower case.
pub fn canonical_name(name: &str) -> String {
    EmailAddress::parse(name).map_or_else(|| name.to_lowercase(), |address| address.0)
}

/// A domain in lower-case ASCII; `None` for an invalid one.
fn ascii_domain(domain: &str) -> Option<String> {
    let lower = domain.to_ascii_lowercase();
    let is_plain = domain.is_ascii() && !lower.split('.').any(|label| label.starts_with("xn--"));
    if is_plain { Some(lower) } else { idna::domain_to_ascii_strict(domain).ok() }
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
    fn a_domain_in_another_script_is_one_in_either_form() {
        let ascii = "user@xn--mnchen-3ya.example";
        for spelling in [
            "user@münchen.example",
            "User@MÜNCHEN.example",
            "user@mu\u{308}nchen.example",
            ascii,
            "user@XN--Mnchen-3YA.example",
        ] {
            assert_eq!(EmailAddress::parse(spelling).unwrap().as_str(), ascii, "{spelling}");
        }
        assert_eq!(EmailAddress::parse("info@例え.テスト").unwrap().as_str(), "info@xn--r8jz45g.xn--zckzah");
        for wrong in ["user@xn--\u{fc}.example", "user@xn--a-.example", "user@mün chen.example", "user@ü"] {
            assert_eq!(EmailAddress::read(wrong), Err(AddressError::Form), "{wrong}");
        }
        assert_eq!(canonical_name("User@MÜNCHEN.example"), ascii);
        assert_eq!(canonical_name("Provider"), "provider");
    }

    #[test]
    fn unsupported_letters_before_the_at_are_named() {
        for wrong in ["josé@example.com", "jose\u{301}@example.com", "用户@example.com"] {
            assert_eq!(EmailAddress::read(wrong), Err(AddressError::Local), "{wrong}");
        }
    }

    #[test]
    fn unusual_address_forms_are_refused() {
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
