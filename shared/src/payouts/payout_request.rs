//! Who wants what paid, and how much of it at once.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::domain::kernel::id::CompanyId;
use crate::domain::marketplace::payout::{BatchId, StartedBy};
use crate::domain::platform::action::Actor;

/// What a run is asked for.
#[derive(Debug, Clone)]
pub struct PayoutRequest {
    pub batch: BatchId,
    /// Who asks, as the batch has it.
    pub started_by: StartedBy,
    /// Who asks, as the transfers have it.
    pub actor: Actor,
    /// Whoever is due by then is looked at.
    pub due_by: DateTime<Utc>,
    /// Only this company's professionals, where a person of it asks.
    pub company: Option<CompanyId>,
    pub limits: RunLimits,
}

impl PayoutRequest {
    /// The key of the account that asks, where a person does.
    pub(super) fn asker(&self) -> Option<&str> {
        match &self.started_by {
            StartedBy::Schedule => None,
            StartedBy::Person { account } => Some(account),
        }
    }

    /// Whether what Stripe refused in this batch is tried again: a person asks because something was
    /// mended, the schedule only because ten minutes have passed.
    pub(super) fn retries_refused(&self) -> bool {
        self.asker().is_some()
    }
}

/// What one run may take. Every figure has its reason.
#[derive(Debug, Clone, Copy)]
pub struct RunLimits {
    /// Professionals of one run: at 100 bytes each they are a megabyte of keys.
    pub payees: usize,
    /// Bookings after which nobody else is looked at; where the answer lists them, it has to fit a row.
    pub bookings: usize,
    /// Bookings of one professional in one look: with all that happened to them half a megabyte.
    pub bookings_per_look: usize,
    /// Professionals looked at ahead of those being paid.
    pub looks_at_once: usize,
    /// Professionals paid at a time. One professional's bookings follow each other, since all of them
    /// count on one balance; a transfer and the look-up before it take a tenth of a second each, so that twelve
    /// stay at sixty of Stripe's hundred writes and hundred reads a second, which others need too.
    pub payees_at_once: usize,
    /// When the run begins nothing new.
    pub run_time: Duration,
    /// Whether the answer tells what was decided; the schedule's report does not, since a batch may be
    /// larger than any answer.
    pub include_plan: bool,
}

impl RunLimits {
    /// A run of the schedule, a minute shorter than the function may take.
    pub fn of_schedule() -> Self {
        Self {
            payees: 10_000,
            bookings: usize::MAX,
            bookings_per_look: 200,
            looks_at_once: 4,
            payees_at_once: 12,
            run_time: Duration::from_secs(240),
            include_plan: false,
        }
    }

    /// What is left of them once a part of the time is spent.
    pub fn after(self, spent_ms: u64) -> Self {
        Self { run_time: self.run_time.saturating_sub(Duration::from_millis(spent_ms)), ..self }
    }

    /// A run that a person waits for. One professional is looked at at a time, so that the bound falls at
    /// the same booking in a dry run and in the run after it.
    pub fn of_person() -> Self {
        Self {
            payees: 300,
            bookings: 300,
            looks_at_once: 1,
            run_time: Duration::from_secs(40),
            include_plan: true,
            ..Self::of_schedule()
        }
    }
}
