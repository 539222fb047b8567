//! Identifiers. A value of one of these types has been parsed; a bare string has not.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that is not an identifier of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct InvalidId {
    /// The accepted form, as a text for the sender.
    pub expected: &'static str,
}

/// Longer than any id of Whop or of ours.
const MAX_ID_CHARS: usize = 64;

/// Defines a type for ids of one kind: a text that has passed `$check`.
macro_rules! checked_id {
    ($(#[$doc:meta])* $name:ident, $check:expr, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses the id, or returns the expected form.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let check: fn(&str) -> bool = $check;
                if check(text) { Ok(Self(text.to_owned())) } else { Err(InvalidId { expected: $expected }) }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(super) use checked_id;

checked_id!(
    /// The tenant: a creator's company at Whop, `biz_…`.
    CompanyId, |text| is_tagged(text, "biz_"), "a company id such as biz_a1B2c3"
);
checked_id!(
    /// A customer's subscription at Whop, `mem_…`.
    MembershipId, |text| is_tagged(text, "mem_"), "a membership id such as mem_a1B2c3"
);
checked_id!(
    /// A payment at Whop, `pay_…`.
    PaymentId, |text| is_tagged(text, "pay_"), "a payment id such as pay_a1B2c3"
);
checked_id!(
    /// A person at Whop, `user_…`.
    UserId, |text| is_tagged(text, "user_"), "a user id such as user_a1B2c3"
);

fn is_tagged(text: &str, tag: &str) -> bool {
    let tail = text.strip_prefix(tag).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    !tail.is_empty() && text.len() <= MAX_ID_CHARS && tail.chars().all(plain)
}

/// One failed renewal being recovered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CaseId(uuid::Uuid);

impl CaseId {
    /// Parses only the hyphenated form, so that a case has one URL.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let id = uuid::Uuid::parse_str(text).ok().filter(|id| id.hyphenated().to_string() == text);
        id.map(Self).ok_or(InvalidId { expected: "a case id, a lower-case UUID" })
    }

    /// The id of the case that a failure opens; the same failure always gives the same id.
    pub fn derive(company: &CompanyId, membership: &MembershipId, opened_by: &str) -> Self {
        let name = format!("case:{company}:{membership}:{opened_by}");
        Self(uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()))
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_company_id_is_a_tag_and_plain_characters() {
        assert!(CompanyId::parse("biz_9kQ2").is_ok());
        for wrong in
            ["", "biz_", "BIZ_1", "mem_1", "biz_a/b", "biz_a b", "biz_é", &format!("biz_{}", "a".repeat(61))]
        {
            assert!(CompanyId::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_case_id_has_one_spelling() {
        let id = CaseId::derive(
            &CompanyId::parse("biz_1").unwrap(),
            &MembershipId::parse("mem_1").unwrap(),
            "pay_1",
        );
        assert_eq!(CaseId::parse(&id.to_string()), Ok(id));
        assert!(CaseId::parse(&id.to_string().to_uppercase()).is_err());
        assert!(CaseId::parse(&id.to_string().replace('-', "")).is_err());
        assert!(CaseId::parse("not-a-uuid").is_err());
    }
}
