//! Why a booking is not paid in a batch.

use serde::{Deserialize, Serialize};

use crate::kernel::money::Money;
use crate::kernel::party::{BookingId, ProfessionalId};

/// Why a booking waits for a later batch. Of several reasons the first in this order is reported: those in the
/// booking itself, then those that the professional can fix, then the others.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum SkipReason {
    AlreadyPaid,
    /// Its transfer has not ended or is in doubt.
    InProgress,
    /// Stripe refused its transfer; the code of the refusal decides when it is tried again.
    TransferRefused,
    NotCompleted,
    Disputed,
    /// The payment was not captured.
    NotCaptured,
    /// The payment was refunded entirely.
    Refunded,
    /// The whole payment was lost in disputes.
    DisputeLost,
    NothingToPay,
    /// The hold-back after completion has not ended.
    HeldBack,
    StripeAccountMissing,
    /// Stripe requires something from the professional before it pays.
    StripeAccountRestricted,
    /// The professional's account has another currency.
    CurrencyMismatch,
    /// All shares together are below the minimum; they are carried over to the next batch.
    BelowMinimum,
    /// The amount needs a second person's approval.
    AwaitingApproval,
    PlatformBalanceLow,
}

impl SkipReason {
    pub const ALL: [Self; 16] = [
        Self::AlreadyPaid,
        Self::InProgress,
        Self::TransferRefused,
        Self::NotCompleted,
        Self::Disputed,
        Self::NotCaptured,
        Self::Refunded,
        Self::DisputeLost,
        Self::NothingToPay,
        Self::HeldBack,
        Self::StripeAccountMissing,
        Self::StripeAccountRestricted,
        Self::CurrencyMismatch,
        Self::BelowMinimum,
        Self::AwaitingApproval,
        Self::PlatformBalanceLow,
    ];

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }

    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The reason as a sentence for the professional.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::AlreadyPaid => "This booking has been paid out.",
            Self::InProgress => "The transfer of this booking is on its way.",
            Self::TransferRefused => {
                "Stripe did not take this transfer. It is tried again once the cause is corrected."
            }
            Self::NotCompleted => "The job is not completed yet.",
            Self::Disputed => {
                "The customer's bank is looking into this payment. It is paid once that is decided."
            }
            Self::NotCaptured => "The customer's payment has not been taken.",
            Self::Refunded => "The customer got all of the payment back.",
            Self::DisputeLost => "The customer's bank took the payment back.",
            Self::NothingToPay => "Nothing is left to pay after the fee.",
            Self::HeldBack => {
                "The job was completed too recently. It is paid on the next payout day after the hold-back."
            }
            Self::StripeAccountMissing => {
                "Connect an account at Stripe, and this booking is paid on the next payout day."
            }
            Self::StripeAccountRestricted => {
                "Stripe needs something from you before it pays. Open your account at Stripe to see what."
            }
            Self::CurrencyMismatch => {
                "Your account at Stripe takes another currency than this booking was paid in."
            }
            Self::BelowMinimum => {
                "Together your bookings are below the minimum payout. They are paid as soon as they reach it."
            }
            Self::AwaitingApproval => "A payout this large is approved by a second person first.",
            Self::PlatformBalanceLow => {
                "The platform's balance does not cover this booking yet. It is paid on the next payout day."
            }
        }
    }
}

/// A booking that is not paid in a batch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Skip {
    pub booking_id: BookingId,
    pub professional_id: ProfessionalId,
    /// The share that waits.
    pub money: Money,
    pub reason: SkipReason,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_one_code_and_one_sentence() {
        for reason in SkipReason::ALL {
            assert_eq!(SkipReason::parse(reason.as_str()), Some(reason));
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
            assert!(reason.sentence().ends_with('.'), "{reason:?}");
        }
        assert!(SkipReason::ALL.is_sorted(), "the first of this order is reported");
        assert_eq!(SkipReason::parse("tired"), None);
    }
}
