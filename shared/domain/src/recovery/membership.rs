//! A membership as Whop returned it, in our own types and without personal data.

use chrono::{DateTime, Utc};

use crate::kernel::id::{CompanyId, UserId};

/// Whop's answer about a membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Whop's status, such as `past_due`; shown unchanged.
    pub status: String,
    pub company_id: Option<CompanyId>,
    /// The buyer; absent for a business, or for an unclaimed membership.
    pub user_id: Option<UserId>,
    pub product_id: Option<String>,
    /// The start of the paid or granted period; the dated API does not return it.
    pub period_started_at: Option<DateTime<Utc>>,
    /// The end of that period; free days extend it.
    pub period_ends_at: Option<DateTime<Utc>>,
    /// Whether it was cancelled and ends with its period.
    pub cancel_at_period_end: bool,
    /// Whether collection is paused; absent if the answer does not contain it.
    pub collection_paused: Option<bool>,
}

/// The meaning of a status for reminders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillingState {
    /// A charge is outstanding.
    Owing,
    Valid,
    /// It has ended finally.
    Ended,
    /// It has not started, so nothing can be outstanding.
    NotStarted,
    /// This version does not know the status, and guesses nothing from it.
    Unknown,
}

impl BillingState {
    /// Maps Whop's status. Source: `MembershipStatus` of the official crate `whop_sdk` 1.1.5, where `past_due`
    /// is the grace period after a failed payment, `canceling` an active membership that ends with its period,
    /// and `completed` a one-time purchase that is paid.
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
    pub fn billing_state(&self) -> BillingState {
        BillingState::of_status(&self.status)
    }

    /// Whether the member cancelled it.
    pub fn is_cancel_scheduled(&self) -> bool {
        self.cancel_at_period_end || self.status == "canceling"
    }

    /// Whether it has ended finally.
    pub fn is_ended(&self) -> bool {
        self.billing_state() == BillingState::Ended
    }

    /// Whether it counts as a second purchase, because it was bought and still gives access. That includes a
    /// one-time purchase, one that ends with its period, and one in its grace period. It excludes one that has
    /// not started or has ended, and any status without a documented meaning. Source: `Membership.status` of
    /// the official crate `whop_sdk` 1.1.5.
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
