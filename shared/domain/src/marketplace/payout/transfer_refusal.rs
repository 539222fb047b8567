//! When a transfer that Stripe refused is tried again: one rule for each code.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::batch::BatchId;

/// How long after a refusal for a low balance the transfer is tried again: money of other payments arrives during
/// the day.
pub const LOW_BALANCE_PAUSE_MINUTES: i64 = 60;

/// Stripe's balance of the platform does not cover the transfer (docs.stripe.com/error-codes).
const LOW_BALANCE: &str = "balance_insufficient";

/// Codes about the request or the platform's account. Stripe would refuse a repetition until a person changes
/// something, so nobody waits for a payout day that changes nothing.
const NEEDS_PERSON: [&str; 8] = [
    "amount_too_large",
    "amount_too_small",
    "country_unsupported",
    "parameter_invalid_integer",
    "parameter_unknown",
    "resource_missing",
    "transfer_source_balance_parameters_mismatch",
    "transfers_not_allowed",
];

/// Codes about the professional's account, which only they can change at Stripe.
const OF_THE_ACCOUNT: [&str; 6] = [
    "account_closed",
    "account_invalid",
    "account_number_invalid",
    "insufficient_capabilities_for_transfer",
    "not_found",
    "payouts_not_allowed",
];

/// When a refused transfer is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename_all = "snake_case"))]
pub enum TransferRetry {
    /// An hour later on the same payout day, and on the next one.
    SameDay,
    /// On the next payout day.
    NextPayoutDay,
    /// When a person starts a payout run, after correcting the cause.
    ByPerson,
}

impl TransferRetry {
    /// The rule for a refusal with this code. A code without a rule is tried again on the next payout day, which
    /// costs one call.
    pub fn of(code: &str) -> Self {
        match code.split(':').next().unwrap_or(code) {
            LOW_BALANCE => Self::SameDay,
            code if NEEDS_PERSON.contains(&code) => Self::ByPerson,
            _ => Self::NextPayoutDay,
        }
    }

    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Why the transfer was refused, as a sentence for the professional.
pub fn refusal_sentence(code: &str) -> &'static str {
    let code = code.split(':').next().unwrap_or(code);
    match TransferRetry::of(code) {
        TransferRetry::SameDay => {
            "The platform's balance does not cover this transfer yet. It is tried again every hour today, and on \
             the next payout day."
        }
        TransferRetry::ByPerson => {
            "Stripe refused this transfer for a reason on our side. We correct it and then pay you."
        }
        TransferRetry::NextPayoutDay if OF_THE_ACCOUNT.contains(&code) => {
            "Stripe cannot pay into your account as it is. Open your account at Stripe to see what is missing; we \
             try again on the next payout day."
        }
        TransferRetry::NextPayoutDay => {
            "Stripe did not take this transfer. We try again on the next payout day."
        }
    }
}

/// The newest refusal of a booking's transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferRefusal {
    pub batch: BatchId,
    /// Stripe's code, or one of ours.
    pub code: String,
    #[serde(with = "crate::kernel::time")]
    pub at: DateTime<Utc>,
}

impl TransferRefusal {
    /// When a run of a batch may try the transfer again; `None` if no run of this batch does.
    pub fn retry_at(&self, batch: BatchId) -> Option<DateTime<Utc>> {
        match TransferRetry::of(&self.code) {
            TransferRetry::ByPerson => None,
            _ if self.batch != batch => Some(self.at),
            TransferRetry::SameDay => Some(self.at + Duration::minutes(LOW_BALANCE_PAUSE_MINUTES)),
            TransferRetry::NextPayoutDay => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: &str) -> TransferRefusal {
        let at = DateTime::from_timestamp(1_763_460_000, 0).unwrap();
        TransferRefusal { batch: today(), code: code.to_owned(), at }
    }

    fn today() -> BatchId {
        BatchId::parse("payout-2025-11-18-tue").unwrap()
    }

    fn next() -> BatchId {
        BatchId::parse("payout-2025-11-21-fri").unwrap()
    }

    #[test]
    fn a_low_balance_is_tried_again_every_hour_of_its_day_and_on_the_next_payout_day() {
        let low = refusal("balance_insufficient");
        assert_eq!(low.retry_at(today()), Some(low.at + Duration::hours(1)));
        assert_eq!(low.retry_at(next()), Some(low.at));
    }

    #[test]
    fn what_the_professional_has_to_change_is_tried_again_on_the_next_payout_day() {
        for code in ["insufficient_capabilities_for_transfer", "not_found", "gave_up:status_500", "new_code"]
        {
            let refused = refusal(code);
            assert_eq!(
                (refused.retry_at(today()), refused.retry_at(next())),
                (None, Some(refused.at)),
                "{code}"
            );
        }
    }

    #[test]
    fn what_a_person_has_to_change_waits_for_a_person_on_every_day() {
        for code in NEEDS_PERSON {
            let refused = refusal(code);
            assert_eq!((refused.retry_at(today()), refused.retry_at(next())), (None, None), "{code}");
        }
        assert_eq!(TransferRetry::of("amount_too_large:amount"), TransferRetry::ByPerson);
    }

    #[test]
    fn every_rule_has_a_sentence_of_its_own_for_the_professional() {
        let codes = ["balance_insufficient", "resource_missing", "account_invalid", "new_code"];
        let sentences: std::collections::BTreeSet<_> = codes.map(refusal_sentence).into();
        assert_eq!(sentences.len(), codes.len());
    }
}
