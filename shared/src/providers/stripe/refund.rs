//! Refunds of captured charges.

use std::collections::BTreeMap;

use chrono::serde::ts_seconds;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::form::Form;
use super::nullable::nullable;
use crate::domain::kernel::money::Currency;

/// The request for a new refund. It is stored before it is sent, so that a retry sends the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRefund {
    /// The PaymentIntent to refund, `pi_…`.
    pub payment_intent: String,
    /// In minor units of the charge's currency; `None` refunds the rest.
    pub amount: Option<i64>,
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

/// A refund as Stripe returns it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Refund {
    pub id: String,
    pub amount: i64,
    pub currency: Currency,
    /// Optional in Stripe's types.
    #[serde(default, deserialize_with = "nullable")]
    pub status: RefundStatus,
    #[serde(default)]
    pub payment_intent: Option<String>,
    #[serde(default)]
    pub charge: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    pub metadata: BTreeMap<String, String>,
    #[serde(with = "ts_seconds")]
    pub created: DateTime<Utc>,
}

/// Stripe's statuses of a refund.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// Our balance does not cover it yet, or the customer's bank has not accepted it yet.
    Pending,
    /// The customer must act.
    RequiresAction,
    /// The customer's bank has received the money, but may still return it.
    Succeeded,
    /// The customer's bank returned the money to us.
    Failed,
    /// It was cancelled before it began.
    Canceled,
    /// No status, or one unknown to this version.
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
