//! What a provider's event says, in our words and without personal data.
//!
//! This is `payload_min`: the part of a webhook that is kept in clear, because work is done on it.
//! The raw body is kept beside it, encrypted.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::id::{CompanyId, MembershipId, PaymentId, UserId};
use super::money::Money;

/// One event, whatever dialect it arrived in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The provider's id of the event, or one derived from its content where the dialect has none.
    pub event_id: String,
    /// The name in one spelling: `payment.failed`, without `app_`, with a dot.
    pub name: String,
    /// The tenant, where the event names it; otherwise it is found through the membership.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_id: Option<CompanyId>,
    /// The membership, where the event names it; otherwise it is found through the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub membership_id: Option<MembershipId>,
    /// The payment that failed, succeeded, was refunded or disputed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<PaymentId>,
    /// The customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// When it happened at the provider; the signed time of arrival where the event does not say.
    pub occurred_at: DateTime<Utc>,
    /// What it means for a case.
    pub meaning: Meaning,
}

/// What an event means for a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Meaning {
    /// The charge of a renewal failed (a failed first checkout is `Nothing`).
    RenewalFailed {
        /// What the customer was to pay; `None` where the event names no readable amount.
        money: Option<Money>,
    },
    /// A payment of the membership succeeded.
    PaymentSucceeded {
        /// What was paid.
        money: Option<Money>,
    },
    /// The membership is valid (again).
    MembershipValid,
    /// The membership has ended for good; a merely unpaid one is `Nothing`.
    MembershipEnded,
    /// Money went back to the customer; the newest word on one refund or dispute counts.
    MoneyReturned {
        /// The refund's or dispute's own id.
        return_id: String,
        /// What went back by this refund or dispute; zero when it failed or was won.
        /// `None` means the whole payment.
        money: Option<Money>,
    },
    /// Nothing that moves a case; stored all the same.
    Nothing,
}
