//! What can happen to a membership.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::kernel::id::{MembershipId, PaymentId};
use crate::kernel::money::Money;
use crate::platform::event::{Event, Meaning};

/// One thing that happened to a membership. Order in time first, then by kind: of a failure and a
/// success in the same second the success came second.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CaseFact {
    /// When it happened at the provider.
    pub at: DateTime<Utc>,
    #[serde(flatten)]
    pub what: CaseFactKind,
}

/// What can happen to a membership. The order of the variants is the order within one instant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum CaseFactKind {
    /// The charge of a renewal failed.
    Failed {
        /// The payment that failed.
        payment: Option<PaymentId>,
        /// What was to be paid.
        money: Option<Money>,
    },
    /// The membership ended at the provider.
    Ended,
    /// Whether the membership is to end with its period, as its member or the company set it.
    CancelScheduled {
        /// True from when it was cancelled, false once that was taken back.
        scheduled: bool,
    },
    /// Whether anything is charged.
    CollectionPaused {
        /// True while nothing is.
        paused: bool,
    },
    /// The member bought the same product by another membership.
    BoughtAgain { membership: MembershipId },
    /// A person ended the recovery.
    Cancelled { by: EndedBy },
    /// The recovery window passed and somebody looked.
    WindowPassed,
    /// A payment of something else than the renewal succeeded.
    PaidOther {
        /// The payment that succeeded.
        payment: Option<PaymentId>,
        money: Option<Money>,
    },
    /// A payment of the renewal succeeded.
    Paid {
        /// The payment that succeeded.
        payment: Option<PaymentId>,
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

/// By what a recovery was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum EndedBy {
    /// The case alone was closed.
    CaseCancelled,
    /// The membership ends with its period.
    MembershipCancelled,
    /// The membership was ended at once.
    MembershipTerminated,
    /// The member cancelled the membership; taken back, the case is open again.
    CancelledByMember,
    /// The member bought the same product again.
    BoughtAgain,
}

impl EndedBy {
    /// Whether the company's owner ended it: such an end stands, whatever comes after it.
    pub fn is_by_owner(self) -> bool {
        matches!(self, Self::CaseCancelled | Self::MembershipCancelled | Self::MembershipTerminated)
    }
}

impl CaseFactKind {
    /// Whether it may be dropped once it is old and no case follows from it.
    pub(super) fn is_compactable(&self) -> bool {
        matches!(
            self,
            Self::Paid { .. }
                | Self::PaidOther { .. }
                | Self::Valid
                | Self::Ended
                | Self::CancelScheduled { .. }
                | Self::CollectionPaused { .. }
        )
    }
}

impl CaseFact {
    /// The facts an event states about its membership; none when it states nothing about a case.
    pub fn of_event(event: &Event) -> Vec<Self> {
        let payment = event.payment_id.clone();
        let stated = match event.meaning.clone() {
            Meaning::RenewalFailed { money } => vec![CaseFactKind::Failed { payment, money }],
            Meaning::PaymentSucceeded { money, of_renewal: true } => {
                vec![CaseFactKind::Paid { payment, money }]
            }
            Meaning::PaymentSucceeded { money, of_renewal: false } => {
                vec![CaseFactKind::PaidOther { payment, money }]
            }
            Meaning::MembershipValid => vec![CaseFactKind::Valid],
            Meaning::MembershipEnded => vec![CaseFactKind::Ended],
            Meaning::MembershipChanged { cancel_scheduled, collection_paused } => {
                let scheduled = cancel_scheduled.map(|scheduled| CaseFactKind::CancelScheduled { scheduled });
                let paused = collection_paused.map(|paused| CaseFactKind::CollectionPaused { paused });
                scheduled.into_iter().chain(paused).collect()
            }
            Meaning::MoneyReturned { return_id, money } => {
                vec![CaseFactKind::Returned { return_id, payment, money }]
            }
            _ => Vec::new(),
        };
        stated.into_iter().map(|what| Self { at: event.occurred_at, what }).collect()
    }
}

/// The key under which a case remembers one of its failures.
pub fn failure_key(at: DateTime<Utc>, payment: &Option<PaymentId>) -> String {
    format!("{}:{}", at.timestamp_millis(), payment.as_ref().map_or("-", PaymentId::as_str))
}
