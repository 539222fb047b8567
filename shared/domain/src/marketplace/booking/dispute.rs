//! The effect of disputes on the money of a booking.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Stripe's status of a dispute. The order is that of a dispute's life cycle; it decides which of two events of
/// the same second is newer.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DisputeStatus {
    /// An inquiry; no money has moved.
    WarningNeedsResponse,
    /// The bank reviews the response to an inquiry; no money has moved.
    WarningUnderReview,
    /// The inquiry was closed.
    WarningClosed,
    /// The bank withdrew the money until it decides.
    NeedsResponse,
    /// The bank reviews the response and holds the money.
    UnderReview,
    /// One side may appeal; until the decision the money is not counted as ours.
    AppealNeedsResponse,
    /// The bank reviews the appeal; the money is not counted as ours.
    AppealUnderReview,
    /// It was resolved before it became a dispute.
    Prevented,
    /// The money was reinstated.
    Won,
    /// The money is lost.
    Lost,
}

impl DisputeStatus {
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    /// The part of a dispute's amount that the bank holds or has kept.
    pub fn amount_at_bank(self, amount: i64) -> i64 {
        if self.is_contested() || self == Self::Lost { amount } else { 0 }
    }

    pub fn is_open(self) -> bool {
        self.is_contested() || matches!(self, Self::WarningNeedsResponse | Self::WarningUnderReview)
    }

    /// Whether the bank holds the money until it decides.
    pub fn is_contested(self) -> bool {
        matches!(
            self,
            Self::NeedsResponse | Self::UnderReview | Self::AppealNeedsResponse | Self::AppealUnderReview
        )
    }
}

/// The disputes of one booking, each with its newest status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Disputes(BTreeMap<String, (DisputeStatus, i64)>);

impl Disputes {
    /// Records a status; calls must be in the order of time.
    pub(super) fn record(&mut self, dispute_id: &str, status: DisputeStatus, amount: i64) {
        self.0.insert(dispute_id.to_owned(), (status, amount));
    }

    pub(super) fn any_open(&self) -> bool {
        self.0.values().any(|(status, _)| status.is_open())
    }

    pub(super) fn any_against_us(&self) -> bool {
        self.0.values().any(|(status, _)| status.is_open() || *status == DisputeStatus::Lost)
    }

    pub(super) fn lost_amount(&self) -> i64 {
        self.sum(|status| status == DisputeStatus::Lost)
    }

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
        disputes.record("du_1", DisputeStatus::WarningNeedsResponse, 500);
        assert!(disputes.any_open() && disputes.any_against_us());
        assert_eq!((disputes.contested_amount(), disputes.lost_amount()), (0, 0));
        disputes.record("du_1", DisputeStatus::WarningClosed, 500);
        assert!(!disputes.any_open() && !disputes.any_against_us());
    }

    #[test]
    fn a_dispute_takes_the_money_and_gives_it_back_or_not() {
        let mut disputes = Disputes::default();
        disputes.record("du_1", DisputeStatus::NeedsResponse, 500);
        disputes.record("du_2", DisputeStatus::UnderReview, 70);
        assert_eq!(disputes.contested_amount(), 570);
        disputes.record("du_1", DisputeStatus::Lost, 500);
        disputes.record("du_2", DisputeStatus::Won, 70);
        assert_eq!((disputes.contested_amount(), disputes.lost_amount()), (0, 500));
        assert!(!disputes.any_open() && disputes.any_against_us());
    }

    #[test]
    fn only_stripes_statuses_are_parsed() {
        for status_code in ["warning_needs_response", "needs_response", "under_review", "won", "lost"] {
            let status = DisputeStatus::parse(status_code).unwrap();
            assert_eq!(serde_json::to_value(status).unwrap(), status_code);
        }
        assert_eq!(DisputeStatus::parse("charge_refunded"), None);
    }
}
