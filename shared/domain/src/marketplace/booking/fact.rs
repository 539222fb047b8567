//! The facts about a booking.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::dispute::DisputeStatus;
use super::refusal::RefusalDecision;
use super::step::Step;
use super::terms::Terms;
use crate::kernel::money::Money;
use crate::kernel::party::{ChargeId, PaymentIntentId, TransferId};
use crate::marketplace::payout::BatchId;

/// A fact about a booking. Facts are ordered by time and then by kind: of an acceptance and a decline at the
/// same time the acceptance comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BookingFact {
    /// When it happened, according to the source's clock.
    pub at: DateTime<Utc>,
    pub what: BookingFactKind,
    /// The source: a provider's event (`evt_…`) or one of our operations (`accept:…`).
    pub source: String,
}

/// The kinds of facts. The order of the variants is the order at the same time. Stripe's amounts are totals, so
/// that the next event makes up for a lost one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookingFactKind {
    /// A customer requested the job.
    Requested(Terms),
    /// The payment was authorized (`payment_intent.amount_capturable_updated`).
    Authorized {
        payment_intent: PaymentIntentId,
        charge: Option<ChargeId>,
        money: Money,
        /// When the card network voids the authorization, if Stripe reports it.
        capture_before: Option<DateTime<Utc>>,
    },
    Accepted,
    /// The payment was captured (`payment_intent.succeeded`).
    Captured {
        payment_intent: PaymentIntentId,
        charge: Option<ChargeId>,
        /// The captured total, in minor units.
        money: Money,
    },
    Declined,
    /// The professional did not answer in time, and the sweep declined the booking.
    AutoDeclined {
        /// The deadline that has passed.
        reason: DeclinedReason,
    },
    /// The authorization was voided (`payment_intent.canceled`).
    Released {
        reason: ReleaseReason,
        /// The payment; `None` is the booking's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payment_intent: Option<PaymentIntentId>,
    },
    Completed,
    Cancelled {
        by: CancelledBy,
    },
    /// The payment was refunded (`charge.refunded`, and again when a refund failed later).
    Refunded {
        /// The refunded total; the newest counts.
        money: Money,
        /// The payment; `None` is the booking's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payment_intent: Option<PaymentIntentId>,
    },
    /// A dispute was opened, changed or closed (`charge.dispute.*`).
    Disputed {
        /// The newest fact of each dispute counts.
        dispute_id: String,
        status: DisputeStatus,
        money: Money,
        /// The payment; `None` is the booking's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payment_intent: Option<PaymentIntentId>,
    },
    /// The professional's share was settled: by a transfer, by withholding it for a debt, or both.
    PaidOut {
        batch: BatchId,
        /// `None` if a debt consumed the whole share.
        transfer: Option<TransferId>,
        /// The transferred amount; zero if a debt consumed the whole share.
        money: Money,
        /// The amount withheld for a debt, in minor units of the same currency.
        carried_amount: i64,
    },
    /// A transfer was reversed (`transfer.reversed`).
    TransferReversed {
        transfer: TransferId,
        /// The reversed total; the largest counts.
        money: Money,
    },
    /// A provider finally refused a step of the booking.
    StepRefused {
        step: Step,
        /// The version of the step's operation.
        version: u32,
        /// The provider's code, or our own reason code.
        reason: String,
    },
    /// A person decided about a refused step.
    RefusalResolved {
        step: Step,
        version: u32,
        decision: RefusalDecision,
    },
}

/// The kind of a fact, as the cause of audit and ledger entries.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "FactKind"))]
pub enum Kind {
    Requested,
    Authorized,
    Accepted,
    Captured,
    Declined,
    AutoDeclined,
    Released,
    Completed,
    Cancelled,
    Refunded,
    Disputed,
    PaidOut,
    TransferReversed,
    StepRefused,
    RefusalResolved,
}

/// Why a booking was declined.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum DeclinedReason {
    ProfessionalDeclined,
    /// The professional did not answer in time.
    ProfessionalNoResponse,
    /// The authorization expired, or was about to.
    HoldExpired,
    /// Stripe refused to create or to capture the payment.
    PaymentFailed,
}

/// Stripe's reason for a cancelled payment.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ReleaseReason {
    /// `abandoned`, the reason that our declines send.
    Abandoned,
    /// `requested_by_customer`, the reason that our cancellations by customers send.
    RequestedByCustomer,
    /// The authorization expired: `automatic`, or `expired` since Stripe's version 2025-03-31.
    Automatic,
    /// Any other: a member of the platform's staff cancelled it (`duplicate`, `fraudulent`, or no reason), an
    /// invoice did (`failed_invoice`, `void_invoice`), or this version does not know the reason.
    Other,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum CancelledBy {
    Customer,
    Professional,
    Owner,
    /// The sweep, because the customer did not pay in time.
    Schedule,
}

impl BookingFact {
    /// The fact's unique name within its booking: different facts have different names.
    pub fn name(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| format!("{self:?}"))
    }
}

impl BookingFactKind {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Requested(_) => Kind::Requested,
            Self::Authorized { .. } => Kind::Authorized,
            Self::Accepted => Kind::Accepted,
            Self::Captured { .. } => Kind::Captured,
            Self::Declined => Kind::Declined,
            Self::AutoDeclined { .. } => Kind::AutoDeclined,
            Self::Released { .. } => Kind::Released,
            Self::Completed => Kind::Completed,
            Self::Cancelled { .. } => Kind::Cancelled,
            Self::Refunded { .. } => Kind::Refunded,
            Self::Disputed { .. } => Kind::Disputed,
            Self::PaidOut { .. } => Kind::PaidOut,
            Self::TransferReversed { .. } => Kind::TransferReversed,
            Self::StepRefused { .. } => Kind::StepRefused,
            Self::RefusalResolved { .. } => Kind::RefusalResolved,
        }
    }
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl CancelledBy {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl DeclinedReason {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl ReleaseReason {
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Maps Stripe's `cancellation_reason`, which may be absent. An unknown reason never counts as a customer's
    /// request or a missing answer: it only proves that the authorization was voided.
    pub fn of_stripe(cancellation_reason: Option<&str>) -> Self {
        match cancellation_reason {
            Some("abandoned") => Self::Abandoned,
            Some("requested_by_customer") => Self::RequestedByCustomer,
            Some("automatic" | "expired") => Self::Automatic,
            _ => Self::Other,
        }
    }
}
