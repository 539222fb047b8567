//! A customer's subscription as Whop knows it now, in our words and without personal data.

use chrono::{DateTime, Utc};

use crate::kernel::id::{CompanyId, UserId};

/// What Whop said of a membership when it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Whop's word for its billing state, such as `past_due`; shown as it is.
    pub status: String,
    pub company_id: Option<CompanyId>,
    /// The buyer; absent for a business that bought, or a membership that nobody has claimed.
    pub user_id: Option<UserId>,
    /// The product it gives access to.
    pub product_id: Option<String>,
    /// When the paid or granted period began; the dated API does not say.
    pub period_started_at: Option<DateTime<Utc>>,
    /// When that period ends; free days move it.
    pub period_ends_at: Option<DateTime<Utc>>,
    /// Whether it ends with its period, because it was cancelled.
    pub cancel_at_period_end: bool,
    /// Whether nothing is charged until it is resumed; absent where the answer does not say.
    pub collection_paused: Option<bool>,
}

/// What a billing state means for the member to be reminded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillingState {
    /// A charge is outstanding.
    Owing,
    Valid,
    /// It is over for good.
    Ended,
    /// It has not begun, so nothing can be outstanding.
    NotStarted,
    /// A word that this version does not know. Nothing is guessed from it.
    Unknown,
}

impl BillingState {
    /// Reads Whop's word. Source: `MembershipStatus` of the official crate `whop_sdk` 1.1.5, where `past_due` is
    /// the grace period after a failed payment, `canceling` an active membership set to end with its period
    /// and `completed` a purchase that is paid once and for all.
    pub fn of_status(status: &str) -> Self {
        match status {
            "past_due" | "unresolved" => Self::Owing,
            "active" | "trialing" | "canceling" => Self::Valid,
            "canceled" | "expired" | "completed" => Self::Ended,
            "drafted" => Self::NotStarted,
            _ => Self::Unknown,
        }
    }
}

impl Membership {
    /// What its status means.
    pub fn billing_state(&self) -> BillingState {
        BillingState::of_status(&self.status)
    }

    /// Whether the member cancelled it, with its period or otherwise.
    pub fn is_cancel_scheduled(&self) -> bool {
        self.cancel_at_period_end || self.status == "canceling"
    }

    /// Whether it is over for good.
    pub fn is_ended(&self) -> bool {
        self.billing_state() == BillingState::Ended
    }

    /// Whether it was bought and still gives what was bought, so that it counts as a second purchase: also one
    /// that was paid once and for all, ends with its period, or is in its grace period. One that has not begun
    /// or is over was not bought, and nothing is guessed from a word without a documented meaning. Source:
    /// `Membership.status` of the official crate `whop_sdk` 1.1.5.
    pub fn is_in_force(&self) -> bool {
        matches!(self.status.as_str(), "active" | "trialing" | "canceling" | "past_due" | "completed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_the_official_crate_has_a_meaning_and_a_new_one_has_none() {
        for (status, expected, in_force) in [
            ("trialing", BillingState::Valid, true),
            ("active", BillingState::Valid, true),
            ("past_due", BillingState::Owing, true),
            ("completed", BillingState::Ended, true),
            ("canceled", BillingState::Ended, false),
            ("expired", BillingState::Ended, false),
            ("unresolved", BillingState::Owing, false),
            ("drafted", BillingState::NotStarted, false),
            ("canceling", BillingState::Valid, true),
            ("paused", BillingState::Unknown, false),
            ("", BillingState::Unknown, false),
        ] {
            let membership = Membership {
                status: status.to_owned(),
                company_id: None,
                user_id: None,
                product_id: None,
                period_started_at: None,
                period_ends_at: None,
                cancel_at_period_end: false,
                collection_paused: None,
            };
            assert_eq!(
                (membership.billing_state(), membership.is_in_force()),
                (expected, in_force),
                "{status}"
            );
        }
    }
}
