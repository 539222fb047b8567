//! The summary.

use axum::extract::State;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use shared::app::SharedApp;
use shared::auth::Caller;
use shared::domain::kernel::time;
use shared::domain::platform::effect::{Effect, Subject};
use shared::domain::platform::event::Part;
use shared::domain::platform::job::{JOBS, Job};
use shared::http::{Answer, Failure};
use shared::providers::resend::meaning::REPORT_KINDS;
use shared::store::due::SWEEP;
use shared::store::marketplace::batch::BatchRow;
use shared::store::platform::inbox::StoredEvent;
use shared::store::platform::job::Runs;
use shared::store::platform::suppression::REFUSED;
use shared::store::platform::trouble::Trouble;
use shared::store::{Company, Store};

use crate::amounts::Bookings;
use crate::{findings, reconciliations, refused};

/// Five weeks of payout days.
const BATCHES_SHOWN: u16 = 10;

/// As many as the other lists show; the rest stands in the list of findings.
const FINDINGS_SHOWN: u16 = 100;

/// A week of mail.
const MAIL_DAYS: i64 = 7;

/// What is overdue for so long was not merely left to the next tick.
const OVERDUE_AFTER_MINUTES: i64 = 60;

pub(super) async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Answer, Failure> {
    let (store, company, now) = (app.store()?, &caller.company, app.clock.now());
    let mut jobs = Vec::new();
    for job in JOBS {
        jobs.push(describe(job, store.runs(job.name).await?.as_ref(), now));
    }
    let (in_doubt, more_in_doubt) = listed_effects(company, Trouble::InDoubt).await?;
    let (waiting, more_waiting) = listed_effects(company, Trouble::Waiting).await?;
    let (refused, more_refused) = refused::list(company).await?;
    let (declined, more_declined) =
        company.audit_since("booking.declined", now - Duration::hours(24)).await?;
    let declined: Vec<Value> = declined
        .iter()
        .map(|entry| json!({"booking_id": entry.subject, "at": time::format(entry.at), "cause": entry.cause}))
        .collect();
    let finding_scope = company.finding_scope(app.config.platform_company.as_ref());
    let (open, next) = finding_scope.open_findings(FINDINGS_SHOWN, None).await?;
    let open: Vec<Value> = open.iter().map(findings::tell).collect();
    let reconciliation =
        if finding_scope.is_platform() { Some(reconciliations::show(store).await?) } else { None };
    let (unread, more_unread) = unread_events(store, company, finding_scope.is_platform()).await?;
    let channel_error = company.sweep_record().await?.channel_error;
    let channel_error = channel_error.map(|row| {
        json!({"question": row.error.question, "reason": row.error.reason, "since": time::format(row.since)})
    });
    let mail = if finding_scope.is_platform() { Some(mail_reports(store, now).await?) } else { None };
    Ok(Answer::ok(json!({
        "at": time::format(now),
        "jobs": jobs,
        "declined_last_24_hours": {"count": declined.len(), "more": more_declined, "data": declined},
        "in_doubt": {"count": in_doubt.len(), "more": more_in_doubt, "data": in_doubt},
        "waiting": {"count": waiting.len(), "more": more_waiting, "data": waiting},
        "unread_events": {"count": unread.len(), "more": more_unread, "data": unread},
        "channel_error": channel_error,
        "refused": {"count": refused.len(), "more": more_refused, "data": refused},
        "findings": {"count": open.len(), "more": next.is_some(), "data": open},
        "reconciliation": reconciliation,
        "mail": mail,
        "batches": batches(company).await?,
        "overdue": overdue(store, now).await?,
    })))
}

fn describe(job: Job, runs: Option<&Runs>, now: DateTime<Utc>) -> Value {
    let last = runs.map(|runs| &runs.last);
    let status = job.punctuality(last.map(|last| last.ended_at), now).as_str();
    let since = (now - Duration::hours(24)).format("%Y-%m-%dT%H").to_string();
    let hours = runs.map(|runs| runs.hours.as_slice()).unwrap_or_default();
    let recent: Vec<_> = hours.iter().filter(|hour| hour.hour > since).collect();
    let (done, failed) = recent.iter().fold((0, 0), |sum, hour| (sum.0 + hour.done, sum.1 + hour.failed));
    let rate = if done + failed == 0 { 0.0 } else { failed as f64 / (done + failed) as f64 };
    json!({
        "job": job.name,
        "status": status,
        "last_run_at": last.map(|last| time::format(last.ended_at)),
        "last_report": last.map(|last| &last.report),
        "last_24_hours": {"done": done, "failed": failed, "error_rate": rate},
    })
}

/// What the mailer reported of the mail of all companies: counts, and no address.
async fn mail_reports(store: &Store, now: DateTime<Utc>) -> Result<Value, Failure> {
    let since = now - Duration::days(MAIL_DAYS);
    let reports = store.mail_reports_since(since).await?;
    let mut summary = json!({"since": time::format(since), "more": reports.more});
    for kind in REPORT_KINDS.into_iter().chain([REFUSED]) {
        summary[kind] = json!(reports.count(kind));
    }
    Ok(summary)
}

/// The newest batches, as far as they are.
async fn batches(company: &Company) -> Result<Vec<Value>, Failure> {
    let (batches, _) = company.batches(BATCHES_SHOWN, None).await?;
    let tell = |row: &BatchRow| {
        let (record, counts) = (&row.record, &row.record.counts);
        json!({
            "batch_id": record.id,
            "status": record.status,
            "reason": record.reason,
            "done": counts.done,
            "rejected": counts.rejected,
            "in_doubt": counts.in_doubt,
            "changed_at": time::format(record.changed_at),
        })
    };
    Ok(batches.iter().map(tell).collect())
}

async fn listed_effects(company: &Company, trouble: Trouble) -> Result<(Vec<Value>, bool), Failure> {
    let (effects, more) = company.listed_effects(trouble).await?;
    let subjects: Vec<Subject> = effects.iter().map(|(subject, _)| *subject).collect();
    let bookings = Bookings::of(company, &subjects).await?;
    Ok((effects.iter().map(|(subject, effect)| tell(*subject, effect, &bookings)).collect(), more))
}

/// Events that were applied although a part of them could not be read; the platform's company sees those
/// that name no company as well.
async fn unread_events(
    store: &Store,
    company: &Company,
    is_platform: bool,
) -> Result<(Vec<Value>, bool), Failure> {
    let inbox = store.inbox();
    let (mut events, mut more) = inbox.unread(Some(company.id())).await?;
    if is_platform {
        let (unnamed, more_unnamed) = inbox.unread(None).await?;
        events.extend(unnamed);
        more |= more_unnamed;
    }
    Ok((events.iter().map(show_unread).collect(), more))
}

fn show_unread(event: &StoredEvent) -> Value {
    let read = &event.payload_min;
    json!({
        "event_id": read.event_id,
        "source": event.source,
        "name": read.name,
        "membership_id": read.membership_id,
        "payment_id": read.payment_id,
        "reason": read.unread.map(Part::reason),
        "received_at": time::format(event.received_at),
    })
}

/// An effect for the operator: why it is where it is, and no request, which may name a person.
pub(super) fn tell(subject: Subject, effect: &Effect, bookings: &Bookings) -> Value {
    let money = bookings.money(subject, effect);
    let (case_id, booking_id) = match subject {
        Subject::Case(id) => (Some(id.to_string()), None),
        Subject::Booking(id) => (None, Some(id.to_string())),
    };
    json!({
        "case_id": case_id,
        "booking_id": booking_id,
        "operation": effect.action.operation,
        "kind": effect.action.kind,
        "status": effect.status,
        "reason": effect.reason,
        "amount": money.as_ref().map(|money| money.amount),
        "currency": money.as_ref().map(|money| &money.currency),
        "tries": effect.tries,
        "decided_at": time::format(effect.action.at),
        "first_sent_at": effect.first_sent_at.map(time::format),
        "next_try_at": effect.lease_until.map(time::format),
        "ended_at": effect.ended_at.map(time::format),
    })
}

/// What nobody has come round to: a sign that a scheduler has stopped.
async fn overdue(store: &Store, now: DateTime<Utc>) -> Result<Value, Failure> {
    let before = now - Duration::minutes(OVERDUE_AFTER_MINUTES);
    let (mut count, mut oldest, mut more) = (0, None, false);
    for shard in 0..shared::store::keys::DUE_SHARDS {
        let page = store.due(SWEEP, shard, before, None).await?;
        count += page.rows.len();
        more |= page.next.is_some();
        let first = page.rows.first().map(|row| row.due_at);
        oldest = oldest.into_iter().chain(first).min();
    }
    Ok(json!({"count": count, "more": more, "oldest_due_at": oldest.map(time::format)}))
}
