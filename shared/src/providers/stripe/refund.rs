//! Refunds: money of a captured charge that goes back to the customer.

use std::collections::BTreeMap;

use chrono::serde::ts_seconds;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::form::Form;
use super::nullable::nullable;
use crate::domain::kernel::money::Currency;

/// A refund to make. Once written down it is the exact request, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRefund {
    /// The PaymentIntent whose charge goes back, `pi_…`.
    pub payment_intent: String,
    /// How much, in minor units of the charge's currency; all that is left where nobody says.
    pub amount: Option<i64>,
    /// What it belongs to, such as `booking_id` and `company_id`.
    pub metadata: BTreeMap<String, String>,
}

impl NewRefund {
    pub(super) fn form(&self) -> Form {
        Form::default()
            .with("payment_intent", &self.payment_intent)
            .with_some("amount", self.amount)
            .with("reason", "requested_by_customer")
            .with_metadata(&self.metadata)
    }
}

/// A refund as Stripe knows it now.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Refund {
    pub id: String,
    /// How much, in minor units.
    pub amount: i64,
    pub currency: Currency,
    /// Where it stands; Stripe's types allow none.
    #[serde(default, deserialize_with = "nullable")]
    pub status: RefundStatus,
    /// The PaymentIntent it belongs to.
    #[serde(default)]
    pub payment_intent: Option<String>,
    /// The charge it is of.
    #[serde(default)]
    pub charge: Option<String>,
    /// What it belongs to.
    #[serde(default, deserialize_with = "nullable")]
    pub metadata: BTreeMap<String, String>,
    /// When it was made.
    #[serde(with = "ts_seconds")]
    pub created: DateTime<Utc>,
}

/// The statuses of a refund, in Stripe's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// Our balance has still to cover it, or the customer's bank has still to take it.
    Pending,
    /// The customer has still to do something.
    RequiresAction,
    /// The money went to the customer's bank, which may return it even so.
    Succeeded,
    /// The customer's bank returned the money, and we have it again.
    Failed,
    /// It was called off before it began.
    Canceled,
    /// No status, or one that this version does not know.
    #[default]
    #[serde(other)]
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refund_written_down_is_the_same_request_when_it_is_read_again() {
        let metadata = BTreeMap::from([("booking_id".to_owned(), "1".to_owned())]);
        let part = NewRefund { payment_intent: "pi_1".to_owned(), amount: Some(2_500), metadata };
        let text = part.form().into_text();
        assert_eq!(
            text,
            "payment_intent=pi_1&amount=2500&reason=requested_by_customer&metadata%5Bbooking_id%5D=1"
        );
        let read: NewRefund = serde_json::from_str(&serde_json::to_string(&part).unwrap()).unwrap();
        assert_eq!(read.form().into_text(), text);
        let all = NewRefund { amount: None, metadata: BTreeMap::new(), ..part };
        assert_eq!(all.form().into_text(), "payment_intent=pi_1&reason=requested_by_customer");
    }

    #[test]
    fn a_status_of_a_later_version_is_read_as_unknown() {
        let statuses = [
            ("succeeded", RefundStatus::Succeeded),
            ("requires_action", RefundStatus::RequiresAction),
            ("on_its_way", RefundStatus::Unknown),
        ];
        for (word, status) in statuses {
            let body = format!(
                r#"{{"id":"re_1","amount":1,"currency":"usd","status":"{word}","created":1763467200}}"#
            );
            let refund: Refund = serde_json::from_str(&body).unwrap();
            assert_eq!((refund.status, refund.payment_intent), (status, None));
        }
    }
}
