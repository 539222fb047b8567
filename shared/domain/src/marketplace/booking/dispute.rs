//! A customer's dispute with the bank, as far as money is concerned.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where a dispute stands, in Stripe's words. The order is the order of a dispute's life, which tells
/// the newer of two words said in the same second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStatus {
    /// The bank asks; no money has moved.
    WarningNeedsResponse,
    /// The bank reads the answer; no money has moved.
    WarningUnderReview,
    /// The bank's question came to nothing.
    WarningClosed,
    /// The money was taken back until the bank decides.
    NeedsResponse,
    /// The bank reads the answer and keeps the money.
    UnderReview,
    /// The dispute went against one side, which may appeal; until it is decided the money is not counted as ours.
    AppealNeedsResponse,
    /// The bank reads the appeal, and the money is not counted as ours.
    AppealUnderReview,
    /// It was settled before it became a dispute.
    Prevented,
    /// The money came back.
    Won,
    /// The money is gone.
    Lost,
}

impl DisputeStatus {
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "warning_needs_response" => Self::WarningNeedsResponse,
            "warning_under_review" => Self::WarningUnderReview,
            "warning_closed" => Self::WarningClosed,
            "needs_response" => Self::NeedsResponse,
            "under_review" => Self::UnderReview,
            "appeal_needs_response" => Self::AppealNeedsResponse,
            "appeal_under_review" => Self::AppealUnderReview,
            "prevented" => Self::Prevented,
            "won" => Self::Won,
            "lost" => Self::Lost,
            _ => return None,
        })
    }

    /// What of a dispute's amount the bank holds or has kept.
    pub fn amount_at_bank(self, amount: i64) -> i64 {
        if self.is_contested() || self == Self::Lost { amount } else { 0 }
    }

    /// Whether the bank has not decided yet.
    pub fn is_open(self) -> bool {
        self.is_contested() || matches!(self, Self::WarningNeedsResponse | Self::WarningUnderReview)
    }

    /// Whether the money is with the bank until it decides.
    pub fn is_contested(self) -> bool {
        matches!(
            self,
            Self::NeedsResponse | Self::UnderReview | Self::AppealNeedsResponse | Self::AppealUnderReview
        )
    }
}

/// The disputes of one booking, each in its newest word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Disputes(BTreeMap<String, (DisputeStatus, i64)>);

impl Disputes {
    /// Takes in a word that is newer than those before.
    pub(super) fn note(&mut self, dispute_id: &str, status: DisputeStatus, amount: i64) {
        self.0.insert(dispute_id.to_owned(), (status, amount));
    }

    /// Whether any is undecided.
    pub(super) fn any_open(&self) -> bool {
        self.0.values().any(|(status, _)| status.is_open())
    }

    /// Whether any is undecided or lost.
    pub(super) fn any_against_us(&self) -> bool {
        self.0.values().any(|(status, _)| status.is_open() || *status == DisputeStatus::Lost)
    }

    /// What was lost for good.
    pub(super) fn lost_amount(&self) -> i64 {
        self.sum(|status| status == DisputeStatus::Lost)
    }

    /// What the bank keeps until it decides.
    pub(super) fn contested_amount(&self) -> i64 {
        self.sum(DisputeStatus::is_contested)
    }

    fn sum(&self, wanted: impl Fn(DisputeStatus) -> bool) -> i64 {
        self.0.values().filter(|(status, _)| wanted(*status)).map(|(_, amount)| amount).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inquiry_holds_a_payout_and_moves_no_money() {
        let mut disputes = Disputes::default();
        disputes.note("du_1", DisputeStatus::WarningNeedsResponse, 500);
        assert!(disputes.any_open() && disputes.any_against_us());
        assert_eq!((disputes.contested_amount(), disputes.lost_amount()), (0, 0));
        disputes.note("du_1", DisputeStatus::WarningClosed, 500);
        assert!(!disputes.any_open() && !disputes.any_against_us());
    }

    #[test]
    fn a_dispute_takes_the_money_and_gives_it_back_or_not() {
        let mut disputes = Disputes::default();
        disputes.note("du_1", DisputeStatus::NeedsResponse, 500);
        disputes.note("du_2", DisputeStatus::UnderReview, 70);
        assert_eq!(disputes.contested_amount(), 570);
        disputes.note("du_1", DisputeStatus::Lost, 500);
        disputes.note("du_2", DisputeStatus::Won, 70);
        assert_eq!((disputes.contested_amount(), disputes.lost_amount()), (0, 500));
        assert!(!disputes.any_open() && disputes.any_against_us());
    }

    #[test]
    fn stripes_words_are_read_and_no_others() {
        for word in ["warning_needs_response", "needs_response", "under_review", "won", "lost"] {
            let status = DisputeStatus::parse(word).unwrap();
            assert_eq!(serde_json::to_value(status).unwrap(), word);
        }
        assert_eq!(DisputeStatus::parse("charge_refunded"), None);
    }
}
