//! What can happen to a booking.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::dispute::DisputeStatus;
use super::refusal::RefusalDecision;
use super::step::Step;
use super::terms::Terms;
use crate::kernel::money::Money;
use crate::kernel::party::{ChargeId, PaymentIntentId, TransferId};
use crate::marketplace::payout::BatchId;

/// One thing that happened to a booking. Order in time first, then by kind: of an acceptance and a
/// refusal in the same instant the acceptance came first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BookingFact {
    /// When it happened, by the clock of whoever says so.
    pub at: DateTime<Utc>,
    pub what: BookingFactKind,
    /// Who says so: a provider's event (`evt_…`) or one of our operations (`accept:…`).
    pub source: String,
}

/// What can happen to a booking. The order of the variants is the order within one instant. The
/// amounts that Stripe gives are totals so far, so that a lost event is made up for by the next.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookingFactKind {
    /// A customer asked for the job.
    Requested(Terms),
    /// The customer's money is held (`payment_intent.amount_capturable_updated`).
    Authorized {
        payment_intent: PaymentIntentId,
        /// The charge that holds it.
        charge: Option<ChargeId>,
        /// How much is held.
        money: Money,
        /// When the network lets go of the hold, if Stripe says.
        capture_before: Option<DateTime<Utc>>,
    },
    /// The professional will do it.
    Accepted,
    /// The money was taken (`payment_intent.succeeded`).
    Captured {
        payment_intent: PaymentIntentId,
        /// The charge that took it.
        charge: Option<ChargeId>,
        /// How much arrived, in all.
        money: Money,
    },
    /// The professional will not do it.
    Declined,
    /// Nobody answered in time, and the sweep let the money go.
    AutoDeclined {
        /// Which time ran out.
        reason: DeclinedReason,
    },
    /// The money was let go (`payment_intent.canceled`).
    Released {
        /// What Stripe says why.
        reason: ReleaseReason,
        /// Of which payment; `None` of the booking's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payment_intent: Option<PaymentIntentId>,
    },
    /// The job is done.
    Completed,
    /// Somebody called it off.
    Cancelled { by: CancelledBy },
    /// Money went back to the customer (`charge.refunded`, and again when a refund failed after all).
    Refunded {
        /// How much, in all; the newest total counts.
        money: Money,
        /// Of which payment; `None` of the booking's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payment_intent: Option<PaymentIntentId>,
    },
    /// A dispute began, moved or ended (`charge.dispute.*`).
    Disputed {
        /// Which; its newest fact counts.
        dispute_id: String,
        status: DisputeStatus,
        /// How much the customer wants back.
        money: Money,
        /// Of which payment; `None` of the booking's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payment_intent: Option<PaymentIntentId>,
    },
    /// The professional's share was settled: by a transfer, by what the professional owed, or both.
    PaidOut {
        batch: BatchId,
        /// The transfer, where money moved.
        transfer: Option<TransferId>,
        /// What moved; nothing where the debt took all.
        money: Money,
        /// What was kept back for a debt, in the same currency.
        carried_amount: i64,
    },
    /// A transfer came back (`transfer.reversed`).
    TransferReversed {
        transfer: TransferId,
        /// How much of it, in all; the largest total counts.
        money: Money,
    },
    /// A provider refused a step of the booking for good.
    StepRefused {
        step: Step,
        /// Which version of its operation.
        version: u32,
        /// The provider's code, or our own word.
        reason: String,
    },
    /// A person decided what becomes of a refused step.
    RefusalResolved { step: Step, version: u32, decision: RefusalDecision },
}

/// The kind of a fact: what an audit or a posting names as its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the variant of `What` by the same name")]
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
    /// The professional said no.
    ProfessionalDeclined,
    /// The professional said nothing in time.
    ProfessionalNoResponse,
    /// The hold on the customer's card ended, or was about to.
    HoldExpired,
    /// Stripe refused to open or to take the customer's payment.
    PaymentFailed,
}

/// What Stripe gives as the reason of a cancelled payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseReason {
    /// We gave up waiting: `abandoned`, which is what a decline sends.
    Abandoned,
    /// The customer wanted it: `requested_by_customer`.
    RequestedByCustomer,
    /// The hold ran out at the network: `automatic`, or `expired` since Stripe's version 2025-03-31.
    Automatic,
    /// Anything else: a person of the platform did it (`duplicate`, `fraudulent`, or no reason at all), an invoice did
    /// (`failed_invoice`, `void_invoice`), or Stripe gives a reason that this version does not know.
    Other,
}

/// Who called a booking off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum CancelledBy {
    /// Who asked for the job.
    Customer,
    /// Who had promised to do it.
    Professional,
    /// The company or its platform.
    Owner,
    /// The sweep: the customer never paid.
    Schedule,
}

impl BookingFact {
    /// What names the fact within its booking: two facts that differ in anything differ in it.
    pub fn name(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| format!("{self:?}"))
    }
}

impl BookingFactKind {
    /// The kind of the fact.
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

impl DeclinedReason {
    /// The word used in keys, JSON and logs.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl ReleaseReason {
    /// Reads Stripe's `cancellation_reason`; a payment may be cancelled without one. An unknown reason is never
    /// taken for a customer's wish or a professional's silence: that the money was released is all it proves.
    pub fn of_stripe(cancellation_reason: Option<&str>) -> Self {
        match cancellation_reason {
            Some("abandoned") => Self::Abandoned,
            Some("requested_by_customer") => Self::RequestedByCustomer,
            Some("automatic" | "expired") => Self::Automatic,
            _ => Self::Other,
        }
    }
}
