//! What can happen to a membership.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::event::{Event, Meaning};
use crate::domain::id::PaymentId;
use crate::domain::money::Money;

/// One thing that happened to a membership. Order in time first, then by kind: of a failure and a
/// success in the same second the success came second.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fact {
    /// When it happened at the provider.
    pub at: DateTime<Utc>,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What can happen to a membership. The order of the variants is the order within one instant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// The charge of a renewal failed.
    Failed {
        /// The payment that failed.
        payment: Option<PaymentId>,
        /// What was to be paid.
        money: Option<Money>,
    },
    /// The membership ended at the provider.
    Ended,
    /// A person ended the recovery.
    Cancelled {
        /// By which action.
        by: EndedBy,
    },
    /// The recovery window passed and somebody looked.
    WindowPassed,
    /// A payment succeeded.
    Paid {
        /// The payment that succeeded.
        payment: Option<PaymentId>,
        /// What was paid.
        money: Option<Money>,
    },
    /// The membership was valid again.
    Valid,
    /// Money went back to the customer.
    Returned {
        /// The refund or dispute; its newest fact counts.
        return_id: String,
        /// Out of which payment, where known.
        payment: Option<PaymentId>,
        /// How much; `None` is the whole payment.
        money: Option<Money>,
    },
}

/// The action by which a person ended a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// The case alone was closed.
    CaseCancelled,
    /// The membership ends with its period.
    MembershipCancelled,
    /// The membership was ended at once.
    MembershipTerminated,
}

impl Fact {
    /// The fact an event states about its membership; `None` when it states nothing about a case.
    pub fn from_event(event: &Event) -> Option<Self> {
        let payment = event.payment_id.clone();
        let what = match event.meaning.clone() {
            Meaning::RenewalFailed { money } => What::Failed { payment, money },
            Meaning::PaymentSucceeded { money } => What::Paid { payment, money },
            Meaning::MembershipValid => What::Valid,
            Meaning::MembershipEnded => What::Ended,
            Meaning::MoneyReturned { return_id, money } => What::Returned { return_id, payment, money },
            Meaning::Booking { .. }
            | Meaning::RefundFailed { .. }
            | Meaning::Account(_)
            | Meaning::PayoutFailed { .. }
            | Meaning::Unreadable { .. }
            | Meaning::UnreadablePayment { .. }
            | Meaning::UnreadableAccount { .. }
            | Meaning::Ignored { .. }
            | Meaning::Nothing => return None,
        };
        Some(Self { at: event.occurred_at, what })
    }
}

/// The key under which a case remembers one of its failures.
pub fn failure_key(at: DateTime<Utc>, payment: &Option<PaymentId>) -> String {
    format!("{}:{}", at.timestamp_millis(), payment.as_ref().map_or("-", PaymentId::as_str))
}
