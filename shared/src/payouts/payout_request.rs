//! The request for a payout run, and the limits of one run.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::domain::kernel::id::CompanyId;
use crate::domain::marketplace::calendar::PayoutCalendar;
use crate::domain::marketplace::payout::{BatchId, StartedBy};
use crate::domain::platform::action::Actor;

#[derive(Debug, Clone)]
pub struct PayoutRequest {
    pub batch: BatchId,
    /// The requester, as recorded in the batch.
    pub started_by: StartedBy,
    /// The requester, as recorded in the transfers.
    pub actor: Actor,
    /// Professionals who are due by then are processed.
    pub due_by: DateTime<Utc>,
    /// Only this company's professionals, if a member of its staff requested the run.
    pub company: Option<CompanyId>,
    pub limits: RunLimits,
}

impl PayoutRequest {
    /// The scheduled payouts of a batch. A batch of an earlier day pays who was due on that day.
    pub fn of_schedule(
        batch: BatchId,
        calendar: &PayoutCalendar,
        now: DateTime<Utc>,
        limits: RunLimits,
    ) -> Self {
        Self {
            batch,
            started_by: StartedBy::Schedule,
            actor: Actor::Schedule,
            due_by: now.min(calendar.last_moment(batch)),
            company: None,
            limits,
        }
    }

    /// The account key of the requester, if a person requested the run.
    pub(super) fn requester(&self) -> Option<&str> {
        match &self.started_by {
            StartedBy::Schedule => None,
            StartedBy::Person { account } => Some(account),
        }
    }

    /// Whether every refused transfer is retried, whatever its code. A person requests a run because the cause
    /// was fixed, the schedule only because ten minutes have passed.
    pub(super) fn retries_refused(&self) -> bool {
        self.requester().is_some()
    }
}

/// The limits of one run. Every figure has its reason.
#[derive(Debug, Clone, Copy)]
pub struct RunLimits {
    /// Professionals per run: at 100 bytes each, the keys take a megabyte.
    pub payees: usize,
    /// Bookings after which no other professional is loaded; an answer that lists them has to fit into a row.
    pub bookings: usize,
    /// Bookings of one professional per turn: with their facts half a megabyte.
    pub bookings_per_turn: usize,
    /// Professionals loaded ahead of those being paid.
    pub loads_at_once: usize,
    /// Professionals paid concurrently. One professional's bookings are paid in sequence, because they share
    /// one debt balance. A transfer and the look-up before it take a tenth of a second each, so twelve
    /// professionals use sixty of the hundred writes and hundred reads a second that Stripe allows and others
    /// need too.
    pub payees_at_once: usize,
    /// The run starts no new work after this time.
    pub run_time: Duration,
    /// Whether the answer lists the decisions. The schedule's report does not, because a batch may be larger
    /// than any answer.
    pub include_plan: bool,
}

impl RunLimits {
    /// The limits of a scheduled run, a minute shorter than the function's time limit.
    pub fn of_schedule() -> Self {
        Self {
            payees: 10_000,
            bookings: usize::MAX,
            bookings_per_turn: 200,
            loads_at_once: 4,
            payees_at_once: 12,
            run_time: Duration::from_secs(240),
            include_plan: false,
        }
    }

    /// The limits of the sweep when it goes on with a batch, beside everything else that is due.
    pub fn of_sweep() -> Self {
        Self { payees: 100, payees_at_once: 8, run_time: Duration::from_secs(12), ..Self::of_schedule() }
    }

    /// The limits after a part of the time is spent.
    pub fn after(self, spent_ms: u64) -> Self {
        Self { run_time: self.run_time.saturating_sub(Duration::from_millis(spent_ms)), ..self }
    }

    /// The limits of a run that a person waits for. Professionals are loaded one at a time, so that a dry run and
    /// the run after it stop at the same booking.
    pub fn of_person() -> Self {
        Self {
            payees: 300,
            bookings: 300,
            loads_at_once: 1,
            run_time: Duration::from_secs(40),
            include_plan: true,
            ..Self::of_schedule()
        }
    }
}
