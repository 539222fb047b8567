//! A call that starts a job: the tick of its schedule, or a request for a planned time or a window that was missed.
//!
//! Both platforms take the same request: a direct invocation has `scheduled_at`, or `from` and `until`, in its payload,
//! a call over HTTP in its query. What was requested is in the audit log of the deployment before the job runs.

use axum::extract::FromRequestParts;
use chrono::{DateTime, Duration, Utc};
use http::request::Parts;
use serde_json::json;

use super::scheduler::Scheduler;
use crate::app::{App, SharedApp};
use crate::domain::kernel::time;
use crate::domain::platform::job::{Job, Occurrence};
use crate::http::Failure;
use crate::http::query::Parameters;
use crate::store::company::AuditEntry;

/// Stripe lists its events for thirty days, and webhook events are stored for forty.
const MAX_AGE_DAYS: i64 = 40;

/// The scheduler gives up on a delivery after this time, so a person has started a later one.
const LATE_AFTER_MINUTES: i64 = 60;

/// A request to run a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobCall {
    requested: Requested,
    /// Whether the platform invoked the function directly; otherwise somebody knows the secret.
    is_direct: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Requested {
    Now,
    PlannedTime(DateTime<Utc>),
    Window { from: DateTime<Utc>, until: DateTime<Utc> },
}

impl FromRequestParts<SharedApp> for JobCall {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Failure> {
        let scheduler = Scheduler::from_request_parts(parts, app).await?;
        if let Some(event) = scheduler.event {
            let requested = match (event.window, event.scheduled_at) {
                (Some((from, until)), _) => Requested::Window { from, until },
                (None, Some(at)) => Requested::PlannedTime(at),
                (None, None) => Requested::Now,
            };
            return Ok(Self { requested, is_direct: true });
        }
        let parameters = Parameters::from_request_parts(parts, app).await?;
        let parameters = parameters.only(&["scheduled_at", "from", "until"])?;
        Ok(Self { requested: read(&parameters)?, is_direct: false })
    }
}

fn read(parameters: &Parameters) -> Result<Requested, Failure> {
    let at = |name: &str| {
        let text = parameters.get(name);
        let read = |text| {
            time::parse(text)
                .ok_or_else(|| Failure::field(name, "expected a time such as 2026-07-21T14:00:00Z"))
        };
        text.map(read).transpose()
    };
    match (at("scheduled_at")?, at("from")?, at("until")?) {
        (None, None, None) => Ok(Requested::Now),
        (Some(at), None, None) => Ok(Requested::PlannedTime(at)),
        (None, Some(from), Some(until)) => Ok(Requested::Window { from, until }),
        (None, Some(_), None) => Err(Failure::field("until", "expected the end of the window as well")),
        (None, None, Some(_)) => Err(Failure::field("from", "expected the start of the window as well")),
        (Some(_), ..) => Err(Failure::field("scheduled_at", "expected a planned time or a window, not both")),
    }
}

impl JobCall {
    /// The occurrence to run of a job that does all that is due in one run.
    pub async fn occurrence(&self, app: &App, job: &str, slot: Duration) -> Result<Occurrence, Failure> {
        let newest = self.occurrences(app, job, slot).await?.pop();
        newest.ok_or_else(|| Failure::Internal(format!("no planned time of {job}")))
    }

    /// The occurrences to run, oldest first: one, or each payout day of a window. `slot` is the interval of the
    /// schedule, which tells the planned time of a call that names none.
    pub async fn occurrences(
        &self,
        app: &App,
        job: &str,
        slot: Duration,
    ) -> Result<Vec<Occurrence>, Failure> {
        let now = app.clock.now();
        let job = Job::named(job).ok_or_else(|| Failure::Internal(format!("{job} is no job")))?;
        let planned = match self.requested {
            Requested::Now => return Ok(vec![Occurrence::of(job.name, None, slot, now)]),
            // The schedule's own planned times are taken as they are: its expression is the deployment's.
            Requested::PlannedTime(at) if self.is_direct => vec![at],
            Requested::PlannedTime(at) => vec![check_planned_time(app, job, at, now)?],
            Requested::Window { from, until } => planned_times(app, job, (from, until), now)?,
        };
        if !self.is_direct || self.is_window() || is_late(&planned, now) {
            self.audit(app, job, &planned, now).await?;
        }
        Ok(planned.into_iter().map(|at| Occurrence::of(job.name, Some(at), slot, now)).collect())
    }

    fn is_window(&self) -> bool {
        matches!(self.requested, Requested::Window { .. })
    }

    async fn audit(
        &self,
        app: &App,
        job: Job,
        planned: &[DateTime<Utc>],
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let planned: Vec<String> = planned.iter().map(|at| time::format(*at)).collect();
        let cause = if self.is_direct { "invocation" } else { "scheduler_secret" };
        tracing::info!(job = job.name, cause, planned = planned.join(", "), "a missed run was requested");
        let detail = match self.requested {
            Requested::Window { from, until } => {
                json!({"planned": planned, "from": time::format(from), "until": time::format(until)})
            }
            _ => json!({"planned": planned}),
        };
        let entry = AuditEntry {
            at: now,
            kind: "job.run_requested".to_owned(),
            subject: job.name.to_owned(),
            cause: cause.to_owned(),
            source: None,
            detail: Some(detail.to_string()),
        };
        let store = app.store()?;
        let write = store.audit_deployment(&entry, &app.ids.next().to_string())?;
        Ok(store.commit(app.ids.next(), vec![write]).await?)
    }
}

fn is_late(planned: &[DateTime<Utc>], now: DateTime<Utc>) -> bool {
    planned.iter().any(|at| now - *at > Duration::minutes(LATE_AFTER_MINUTES))
}

fn check_planned_time(
    app: &App,
    job: Job,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, Failure> {
    check_age("scheduled_at", at, now)?;
    if job.planned_by(at) != at {
        let message = format!("expected a planned time, a whole multiple of {} minutes", job.step_minutes);
        return Err(Failure::field("scheduled_at", message));
    }
    let calendar = app.config.marketplace.calendar;
    if job.depends_on_planned_time && calendar.batch_at(at).is_none() {
        return Err(Failure::field("scheduled_at", no_payout_day(calendar.zone_name())));
    }
    Ok(at)
}

/// The planned times of a window that have to be run: the last one of each payout day, or the last one of the window
/// for a job that does all that is due in one run.
fn planned_times(
    app: &App,
    job: Job,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    now: DateTime<Utc>,
) -> Result<Vec<DateTime<Utc>>, Failure> {
    check_age("from", from, now)?;
    check_age("until", until, now)?;
    if until < from {
        return Err(Failure::field("until", "expected a time after from"));
    }
    let last = job.planned_by(until);
    if last < from {
        return Err(Failure::field("until", "expected a window with a planned time in it"));
    }
    if !job.depends_on_planned_time {
        return Ok(vec![last]);
    }
    let calendar = app.config.marketplace.calendar;
    let mut planned: Vec<DateTime<Utc>> = Vec::new();
    let mut at = last;
    while at >= from {
        match calendar.batch_at(at) {
            Some(batch) => {
                planned.push(at);
                at = job.planned_by(calendar.starts_at(batch) - Duration::seconds(1));
            }
            None => at -= Duration::minutes(i64::from(job.step_minutes)),
        }
    }
    if planned.is_empty() {
        return Err(Failure::field("until", no_payout_day(calendar.zone_name())));
    }
    planned.reverse();
    Ok(planned)
}

fn check_age(name: &str, at: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Failure> {
    if at > now || now - at > Duration::days(MAX_AGE_DAYS) {
        return Err(Failure::field(name, format!("expected a time of the last {MAX_AGE_DAYS} days")));
    }
    Ok(())
}

fn no_payout_day(zone: &str) -> String {
    format!("expected a payout day, a Tuesday or Friday in {zone}")
}
