//! The exact end of a case.

use chrono::Duration;
use stand_ins::outbox::Kind;
use stand_ins::whop::MembershipStatus;

use super::reminder_scenario::{Act, Reminders};
use super::scheduler::ClockJump;
use support::exactly_once::LEASES;
use support::world::World;

/// The end of every member's case after further days.
#[derive(Debug, Clone, Copy)]
pub(super) struct CaseEnd {
    pub(super) pauses: &'static [ClockJump],
    pub(super) status: &'static str,
    /// How many actions each case has; `None` if this depends on the order of requests.
    pub(super) actions: Option<usize>,
}

/// The days of the reminders, and the rest of a case's fifteen.
const FIFTEEN_DAYS: [ClockJump; 6] =
    [LEASES, Duration::days(1), Duration::days(1), LEASES, Duration::hours(1), Duration::days(13)];

impl CaseEnd {
    pub(super) const fn of(status: &'static str, actions: usize) -> Self {
        Self { pauses: &FIFTEEN_DAYS, status, actions: Some(actions) }
    }

    /// The member paid during the first step, of which anything may have happened before.
    pub(super) const PAID: Self = Self { pauses: &FIFTEEN_DAYS, status: "recovered", actions: None };

    /// One end, whatever happened on the way. No provider refuses anything in such a scenario.
    pub(super) async fn check(&self, scenario: &Reminders, world: &World, context: &str) {
        let outcomes = world.check_exactly_once(context).await;
        assert_eq!(outcomes.get("rejected"), None, "{context}\n{outcomes:?}");
        let grants_days = self.actions.is_some() && scenario.grants_days();
        if let Some(actions) = self.actions {
            let all = outcomes.values().sum::<usize>();
            assert_eq!(all, actions * scenario.members, "{context}\n{outcomes:?}");
            let granted = if grants_days { scenario.members } else { 0 };
            assert_eq!(world.sent(Kind::FreeDays), granted, "{context}\nfree days");
        }
        for member in 1..=scenario.members {
            let case = world.case_of(&format!("mem_{member}")).await;
            assert_eq!(case["status"], self.status, "{context}\n{case:#}");
            if grants_days {
                assert_eq!(case["incentive_days"], 3, "{context}\n{case:#}");
            }
        }
        let membership = world.service.sandbox.whop.membership("mem_1").unwrap();
        let is_ended = membership.status == MembershipStatus::Canceled;
        let does = |act| scenario.acts.contains(&act);
        assert_eq!(membership.cancel_at_period_end, does(Act::CancelMembership), "{context}\n{membership:?}");
        assert_eq!(is_ended, does(Act::Terminate), "{context}\n{membership:?}");
    }
}
