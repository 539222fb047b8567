//! The ids of a booking, its parties and its objects at Stripe.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::{CompanyId, InvalidId, checked_id};

/// Longer than every account key, and short enough for a part of a table key.
const MAX_PARTY_CHARS: usize = 128;
/// Stripe documents no maximum length; its current ids are shorter than forty characters.
const MAX_STRIPE_CHARS: usize = 64;

checked_id!(
    /// The account key of the professional who performs the job.
    ProfessionalId, is_party, "a professional's account id such as user_a1B2c3"
);
checked_id!(
    /// The account key of the customer who requested the job.
    CustomerId, is_party, "a customer's account id such as user_a1B2c3"
);
checked_id!(
    /// The payment of a booking at Stripe, `pi_…`.
    PaymentIntentId, |text| is_stripe(text, &["pi_"]), "a payment intent id such as pi_a1B2c3"
);
checked_id!(
    /// The charge of a booking at Stripe: `ch_…` for cards, `py_…` for other payment methods.
    ChargeId, |text| is_stripe(text, &["ch_", "py_"]), "a charge id such as ch_a1B2c3"
);
checked_id!(
    /// A transfer to a professional's account at Stripe, `tr_…`.
    TransferId, |text| is_stripe(text, &["tr_"]), "a transfer id such as tr_a1B2c3"
);
checked_id!(
    /// A professional's account at Stripe, `acct_…`.
    StripeAccountId, |text| is_stripe(text, &["acct_"]), "a Stripe account id such as acct_a1B2c3"
);

/// Account keys are providers' user ids (`user_…`), our own keys (`email:…`) and issuers' subjects (`auth0|…`).
/// None of the allowed characters is a separator in the table's keys.
fn is_party(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-:.|".contains(c);
    (1..=MAX_PARTY_CHARS).contains(&text.len()) && text.chars().all(plain)
}

fn is_stripe(text: &str, tags: &[&str]) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let tail = tags.iter().find_map(|tag| text.strip_prefix(tag)).unwrap_or_default();
    !tail.is_empty() && text.len() <= MAX_STRIPE_CHARS && tail.chars().all(plain)
}

/// The id of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BookingId(uuid::Uuid);

impl BookingId {
    /// Parses only the hyphenated form, so that a booking has one URL.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let id = uuid::Uuid::parse_str(text).ok().filter(|id| id.hyphenated().to_string() == text);
        id.map(Self).ok_or(InvalidId { expected: "a booking id, a lower-case UUID" })
    }

    /// The id of the booking that an operation creates; the same operation always gives the same id.
    pub fn derive(company: &CompanyId, operation: &str) -> Self {
        let name = format!("booking:{company}:{operation}");
        Self(uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()))
    }

    /// An id derived from this booking and a name, for an object that exists once per booking.
    pub(crate) fn child(&self, name: &str) -> uuid::Uuid {
        uuid::Uuid::new_v5(&self.0, name.as_bytes())
    }
}

impl TryFrom<String> for BookingId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

impl From<BookingId> for String {
    fn from(id: BookingId) -> String {
        id.to_string()
    }
}

impl fmt::Display for BookingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_is_named_by_any_account_key_and_by_nothing_that_means_something_in_a_key() {
        for id in ["u", "user_9kQ2", "email:0a1b", "auth0|5f-7.c", &"a".repeat(128)] {
            assert!(ProfessionalId::parse(id).is_ok() && CustomerId::parse(id).is_ok(), "{id}");
        }
        for id in ["", "a b", "a#b", "a/b", "a@b.example", "é", "a\n", &"a".repeat(129)] {
            assert!(ProfessionalId::parse(id).is_err() && CustomerId::parse(id).is_err(), "{id}");
        }
    }

    #[test]
    fn a_charge_bears_either_of_its_two_tags() {
        assert!(ChargeId::parse("ch_3MiN3g").is_ok() && ChargeId::parse("py_1MiN3g").is_ok());
        for id in ["", "ch_", "py_", "tr_1", "ch-1", "ch_1/2", &format!("ch_{}", "a".repeat(62))] {
            assert!(ChargeId::parse(id).is_err(), "{id}");
        }
        assert!(TransferId::parse("ch_1").is_err() && PaymentIntentId::parse("acct_1").is_err());
    }

    #[test]
    fn a_repeated_request_makes_the_same_booking_and_another_company_another() {
        let company = |text| CompanyId::parse(text).unwrap();
        let id = BookingId::derive(&company("biz_1"), "create:user_1:key_1");
        assert_eq!(id, BookingId::derive(&company("biz_1"), "create:user_1:key_1"));
        assert_ne!(id, BookingId::derive(&company("biz_2"), "create:user_1:key_1"));
        assert_ne!(id, BookingId::derive(&company("biz_1"), "create:user_1:key_2"));
        assert_eq!(BookingId::parse(&id.to_string()), Ok(id));
        assert!(BookingId::parse(&id.to_string().to_uppercase()).is_err());
    }

    #[test]
    fn an_id_read_back_from_a_document_is_checked_again() {
        assert!(serde_json::from_str::<TransferId>("\"tr_1\"").is_ok());
        assert!(serde_json::from_str::<TransferId>("\"tr 1\"").is_err());
        assert!(serde_json::from_str::<BookingId>("\"0\"").is_err());
    }
}
