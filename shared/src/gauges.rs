//! Gauges of what waits, over all companies: measured while it waits, not when it is over.

use chrono::{DateTime, Utc};
use futures_util::future::{try_join, try_join4};

use crate::domain::marketplace::calendar::PayoutCalendar;
use crate::domain::platform::job::Report;
use crate::objectives;
use crate::payouts;
use crate::store::due::SWEEP;
use crate::store::keys::DUE_SHARDS;
use crate::store::platform::job::JobStates;
use crate::store::platform::waiting::WaitingList;
use crate::store::{RowKind, Store, StoreError};

/// Measures the gauges after a run and logs them; alarms read the metrics of this line. A failure does not fail the
/// run, whose work is done.
pub async fn log(
    store: &Store,
    calendar: &PayoutCalendar,
    (report, states): (&Report, &JobStates),
    now: DateTime<Utc>,
) {
    match measure(store, calendar, (report, states), now).await {
        Ok(gauges) => gauges.log(),
        Err(error) => tracing::warn!(%error, "what waits could not be measured"),
    }
}

struct Gauges {
    /// The age beyond its due time of the oldest reminder that is not delivered, 0 if there is none.
    oldest_undelivered_reminder_seconds: i64,
    /// Professionals who were due for payouts that have passed.
    unpaid_and_due: u64,
    open_refusals: u64,
    open_in_doubt: u64,
    kept_events: u64,
    oldest_kept_event_seconds: i64,
    /// How many times faster than allowed the fastest error budget is used up.
    burn_rate: f64,
}

async fn measure(
    store: &Store,
    calendar: &PayoutCalendar,
    (report, states): (&Report, &JobStates),
    now: DateTime<Utc>,
) -> Result<Gauges, StoreError> {
    let of = |list| store.waiting_total(list);
    let lists = try_join4(
        of(WaitingList::Messages),
        of(WaitingList::Refused),
        of(WaitingList::InDoubt),
        of(WaitingList::Events),
    );
    let others = try_join(payouts::unpaid(store, calendar, states, now), objectives::burn_rate(store, now));
    let ((messages, refused, in_doubt, events), (unpaid, burn_rate)) = try_join(lists, others).await?;
    // A run that has left nothing, beside what a switch holds back, has no overdue row either.
    let overdue = if report.skipped > report.switched_off || report.more {
        oldest_overdue(store, now).await?
    } else {
        None
    };
    let age = |since: Option<DateTime<Utc>>| since.map_or(0, |since| (now - since).num_seconds().max(0));
    Ok(Gauges {
        oldest_undelivered_reminder_seconds: age(messages.oldest_since.into_iter().chain(overdue).min()),
        unpaid_and_due: unpaid.len() as u64,
        open_refusals: refused.count,
        open_in_doubt: in_doubt.count,
        kept_events: events.count,
        oldest_kept_event_seconds: age(events.oldest_since),
        burn_rate,
    })
}

/// The due time of the oldest case or message that is due and was left, such as one of a company that is set aside.
async fn oldest_overdue(store: &Store, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, StoreError> {
    let shards = (0..DUE_SHARDS).map(|shard| store.due(SWEEP, shard, now, None));
    let pages = futures_util::future::try_join_all(shards).await?;
    let rows = pages.into_iter().flat_map(|page| page.rows);
    let is_reminder = |kind| matches!(kind, RowKind::Case | RowKind::Action);
    Ok(rows.filter(|row| is_reminder(row.key.kind())).map(|row| row.due_at).min())
}

impl Gauges {
    fn log(&self) {
        tracing::info!(
            oldest_undelivered_reminder = self.oldest_undelivered_reminder_seconds,
            unpaid_and_due = self.unpaid_and_due,
            open_refusals = self.open_refusals,
            open_in_doubt = self.open_in_doubt,
            kept_events = self.kept_events,
            oldest_kept_event = self.oldest_kept_event_seconds,
            burn_rate = self.burn_rate,
            metrics = "oldest_undelivered_reminder:Seconds,unpaid_and_due:Count,open_refusals:Count,\
                       open_in_doubt:Count,kept_events:Count,oldest_kept_event:Seconds,burn_rate:None",
            "what waits"
        );
    }
}
