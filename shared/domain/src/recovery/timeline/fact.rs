//! The facts about a membership.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::kernel::id::{MembershipId, PaymentId};
use crate::kernel::money::Money;
use crate::platform::event::{Event, Meaning};

/// A fact about a membership. Facts are ordered by time and then by kind: of a failure and a success in the
/// same second the success comes second.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CaseFact {
    /// When it happened at the provider.
    pub at: DateTime<Utc>,
    #[serde(flatten)]
    pub what: CaseFactKind,
}

/// The kinds of facts. The order of the variants is the order at the same time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(tag = "what", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CaseFactKind {
    /// The charge of a renewal failed.
    Failed {
        payment: Option<PaymentId>,
        money: Option<Money>,
    },
    /// The membership ended at the provider.
    Ended,
    /// The member or the company changed whether the membership ends with its period.
    CancelScheduled {
        /// True after a cancellation, false after it was revoked.
        scheduled: bool,
    },
    /// Collection was paused or resumed.
    CollectionPaused {
        paused: bool,
    },
    /// The member bought the same product as another membership.
    BoughtAgain {
        membership: MembershipId,
    },
    Cancelled {
        by: EndedBy,
    },
    /// The sweep found that the recovery window had passed.
    WindowPassed,
    /// A payment for something other than the renewal succeeded.
    PaidOther {
        payment: Option<PaymentId>,
        money: Option<Money>,
    },
    Paid {
        payment: Option<PaymentId>,
        money: Option<Money>,
    },
    /// The membership is valid again.
    Valid,
    /// Money was returned to the customer.
    Returned {
        /// The id of the refund or dispute; its newest fact counts.
        return_id: String,
        /// The returned payment, if known.
        payment: Option<PaymentId>,
        /// The returned amount; `None` is the whole payment.
        money: Option<Money>,
    },
}

/// What cancelled a recovery.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum EndedBy {
    /// The owner closed only the case.
    CaseCancelled,
    /// The owner cancelled the membership at the end of its period.
    MembershipCancelled,
    /// The owner terminated the membership immediately.
    MembershipTerminated,
    /// The member cancelled the membership; if that is revoked, the case is reopened.
    CancelledByMember,
    BoughtAgain,
}

impl EndedBy {
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether the company's owner ended it; later facts do not reopen such a case.
    pub fn is_by_owner(self) -> bool {
        matches!(self, Self::CaseCancelled | Self::MembershipCancelled | Self::MembershipTerminated)
    }
}

impl CaseFactKind {
    /// The name of the kind: `failed`, `paid`, …
    pub fn name(&self) -> &'static str {
        self.into()
    }

    /// The payment that the fact names.
    pub fn payment(&self) -> Option<&PaymentId> {
        match self {
            Self::Failed { payment, .. }
            | Self::PaidOther { payment, .. }
            | Self::Paid { payment, .. }
            | Self::Returned { payment, .. } => payment.as_ref(),
            _ => None,
        }
    }

    /// The amount that the fact names.
    pub fn money(&self) -> Option<&Money> {
        match self {
            Self::Failed { money, .. }
            | Self::PaidOther { money, .. }
            | Self::Paid { money, .. }
            | Self::Returned { money, .. } => money.as_ref(),
            _ => None,
        }
    }

    /// Whether it may be dropped once it is old and has no influence on any case.
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
    /// The facts of an event about its membership; none if it is irrelevant for a case.
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

/// The key of a failure, by which a case identifies its episode.
pub fn failure_key(at: DateTime<Utc>, payment: &Option<PaymentId>) -> String {
    format!("{}:{}", at.timestamp_millis(), payment.as_ref().map_or("-", PaymentId::as_str))
}
