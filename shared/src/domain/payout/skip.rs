//! Why a booking is not paid in a batch, in words for the professional.

use serde::{Deserialize, Serialize};

use crate::domain::money::Money;
use crate::domain::party::{BookingId, ProfessionalId};

/// Why a booking waits for a later batch. Of several reasons the first of this order is told: what
/// the booking itself lacks, then what the professional can mend, then what only time or others can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Its share has been settled.
    AlreadyPaid,
    /// Its transfer is on its way, or in doubt.
    InProgress,
    /// The job is not done, or will not be.
    NotCompleted,
    /// The customer disputes it.
    Disputed,
    /// The customer's money was never taken.
    NotCaptured,
    /// The customer got everything back.
    Refunded,
    /// The bank took everything back.
    DisputeLost,
    /// Nothing is left after the fee.
    NothingToPay,
    /// Too little time has passed since it was completed.
    HeldBack,
    /// The professional has no account at Stripe.
    StripeAccountMissing,
    /// Stripe asks the professional for something before it pays.
    StripeAccountRestricted,
    /// The professional's account takes another currency.
    CurrencyMismatch,
    /// All shares together are below the minimum; they roll forward.
    BelowMinimum,
    /// So much money needs a second person's approval.
    AwaitingApproval,
    /// The platform's balance does not cover it yet.
    PlatformBalanceLow,
}

impl SkipReason {
    /// The word used in keys, JSON and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AlreadyPaid => "already_paid",
            Self::InProgress => "in_progress",
            Self::NotCompleted => "not_completed",
            Self::Disputed => "disputed",
            Self::NotCaptured => "not_captured",
            Self::Refunded => "refunded",
            Self::DisputeLost => "dispute_lost",
            Self::NothingToPay => "nothing_to_pay",
            Self::HeldBack => "held_back",
            Self::StripeAccountMissing => "stripe_account_missing",
            Self::StripeAccountRestricted => "stripe_account_restricted",
            Self::CurrencyMismatch => "currency_mismatch",
            Self::BelowMinimum => "below_minimum",
            Self::AwaitingApproval => "awaiting_approval",
            Self::PlatformBalanceLow => "platform_balance_low",
        }
    }
}

/// A booking that is not paid in a batch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Skip {
    /// Which.
    pub booking_id: BookingId,
    /// Whose.
    pub professional_id: ProfessionalId,
    /// The share that waits.
    pub money: Money,
    /// For what.
    pub reason: SkipReason,
}
