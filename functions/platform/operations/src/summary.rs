//! The summary of jobs, effects, events, batches and findings for staff.

use axum::extract::State;
use chrono::{DateTime, Duration, Utc};
use shared::app::SharedApp;
use shared::auth::Caller;
use shared::domain::platform::effect::{Effect, Subject};
use shared::domain::platform::event::Part;
use shared::domain::platform::job::Job;
use shared::domain::platform::job_status::JobStatus;
use shared::http::{Answer, Failure};
use shared::store::marketplace::batch::BatchRow;
use shared::store::platform::effect_lists::EffectList;
use shared::store::platform::inbox::StoredEvent;
use shared::store::platform::job::Runs;
use shared::store::platform::suppression::REFUSED;
use shared::store::{Company, Store};
use shared::views::platform::effect::EffectView;
use shared::views::platform::job::{JobSummaryView, RecentRunsView};
use shared::views::platform::mail::MailReportsView;
use shared::views::platform::operations::{
    ChannelErrorView, DeclinedBookingView, OperationsView, RecentBatchView, UnreadEventView,
};
use shared::views::{ExcerptView, Timestamp};
use shared::{jobs, objectives};

use crate::amounts::Bookings;
use crate::held_rows::HeldRows;
use crate::{findings, overdue, reconciliations, switches, waiting};

/// Five weeks of payout days.
const BATCHES_SHOWN: u16 = 10;

/// As many as in the other lists; the list of findings has the rest.
const FINDINGS_SHOWN: u16 = 100;

/// A week of mail.
const MAIL_DAYS: i64 = 7;

pub(super) async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Answer, Failure> {
    let (store, company, now) = (app.store()?, &caller.company, app.clock.now());
    let states = store.job_states().await?;
    let jobs = jobs::statuses(&states.runs, app.job_expectations(), now);
    let jobs = jobs.map(|(job, status, runs)| describe(job, status, runs, now)).collect();
    let (declined, more_declined) =
        company.audit_since("booking.declined", now - Duration::hours(24)).await?;
    let declined = declined.into_iter().map(|entry| DeclinedBookingView {
        booking_id: entry.subject,
        at: Timestamp(entry.at),
        cause: entry.cause,
    });
    let finding_scope = company.finding_scope(app.config.platform_company.as_ref());
    let is_platform = finding_scope.is_platform();
    let (open, next) = finding_scope.open_findings(FINDINGS_SHOWN, None).await?;
    let sweep_record = company.sweep_record().await?;
    let channel_error = sweep_record.channel_error.clone().map(|row| ChannelErrorView {
        question: row.error.question,
        reason: row.error.reason,
        since: Timestamp(row.since),
    });
    let switch_rows = store.switch_rows().await?;
    let switched_off = switches::off(&switch_rows);
    let held_rows = HeldRows::read(store, &switched_off, now).await?;
    Ok(Answer::ok(OperationsView {
        at: Timestamp(now),
        jobs,
        declined_last_24_hours: ExcerptView::new(declined.collect(), more_declined),
        in_doubt: waiting::list_effects(company, EffectList::InDoubt).await?,
        waiting: waiting::list(&app, company, (&sweep_record, &states, &switched_off), is_platform).await?,
        unread_events: unread_events(store, company, is_platform).await?,
        channel_error,
        refused: waiting::list_effects(company, EffectList::Refused).await?,
        findings: ExcerptView::new(open.iter().map(findings::show).collect(), next.is_some()),
        reconciliation: if is_platform { Some(reconciliations::show(store).await?) } else { None },
        mail: if is_platform { Some(mail_reports(store, now).await?) } else { None },
        objectives: objectives::read(store, now).await?,
        batches: batches(company).await?,
        switches: switches::switched_off(&switch_rows, &held_rows, &app, &caller),
        overdue: overdue::count(store, &switched_off, now).await?,
    }))
}

fn describe(job: Job, status: JobStatus, runs: Option<&Runs>, now: DateTime<Utc>) -> JobSummaryView {
    let last = runs.map(|runs| &runs.last);
    let since = (now - Duration::hours(24)).format("%Y-%m-%dT%H").to_string();
    let hours = runs.map(|runs| runs.hours.as_slice()).unwrap_or_default();
    let recent: Vec<_> = hours.iter().filter(|hour| hour.hour > since).collect();
    let (done, failed) = recent.iter().fold((0, 0), |sum, hour| (sum.0 + hour.done, sum.1 + hour.failed));
    let rate = if done + failed == 0 { 0.0 } else { failed as f64 / (done + failed) as f64 };
    JobSummaryView {
        job: job.name,
        status,
        last_run_at: last.map(|last| Timestamp(last.ended_at)),
        last_report: last.map(|last| last.report.clone().into()),
        last_24_hours: RecentRunsView { done, failed, error_rate: rate },
    }
}

/// The counts of Resend's reports about mails of all companies, without addresses.
async fn mail_reports(store: &Store, now: DateTime<Utc>) -> Result<MailReportsView, Failure> {
    let since = now - Duration::days(MAIL_DAYS);
    let reports = store.mail_reports_since(since).await?;
    Ok(MailReportsView {
        since: Timestamp(since),
        bounced: reports.count("bounced"),
        complained: reports.count("complained"),
        blocked: reports.count("blocked"),
        lifted: reports.count("lifted"),
        bounced_for_now: reports.count("bounced_for_now"),
        delayed: reports.count("delayed"),
        failed: reports.count("failed"),
        refused: reports.count(REFUSED),
        more: reports.more,
    })
}

/// The newest batches and their progress.
async fn batches(company: &Company) -> Result<Vec<RecentBatchView>, Failure> {
    let (batches, _) = company.batches(BATCHES_SHOWN, None).await?;
    let summarize = |BatchRow { record, .. }| RecentBatchView {
        batch_id: record.id,
        status: record.status,
        professionals_left: record.professionals_left,
        done: record.counts.done,
        rejected: record.counts.rejected,
        in_doubt: record.counts.in_doubt,
        changed_at: Timestamp(record.changed_at),
        reason: record.reason,
    };
    Ok(batches.into_iter().map(summarize).collect())
}

/// Events that were applied although a part could not be read; the platform's company also sees those without a
/// company.
async fn unread_events(
    store: &Store,
    company: &Company,
    is_platform: bool,
) -> Result<ExcerptView<UnreadEventView>, Failure> {
    let inbox = store.inbox();
    let (mut events, mut more) = inbox.unread(Some(company.id())).await?;
    if is_platform {
        let (unnamed, more_unnamed) = inbox.unread(None).await?;
        events.extend(unnamed);
        more |= more_unnamed;
    }
    Ok(ExcerptView::new(events.iter().map(show_unread).collect(), more))
}

fn show_unread(event: &StoredEvent) -> UnreadEventView {
    let read = &event.payload_min;
    UnreadEventView {
        event_id: read.event_id.clone(),
        source: event.source.clone(),
        name: read.name.clone(),
        membership_id: read.membership_id.clone(),
        payment_id: read.payment_id.clone(),
        reason: read.unread.map(Part::reason),
        received_at: Timestamp(event.received_at),
    }
}

/// An effect for operators with its reason and without its request, which may name a person.
pub(super) fn show_effect(subject: Subject, effect: &Effect, bookings: &Bookings) -> EffectView {
    let money = bookings.money(subject, effect);
    let (case_id, booking_id) = match subject {
        Subject::Case(id) => (Some(id), None),
        Subject::Booking(id) => (None, Some(id)),
    };
    EffectView {
        case_id,
        booking_id,
        operation: effect.action.operation.clone(),
        kind: effect.action.kind,
        status: effect.status,
        reason: effect.reason.clone(),
        amount: money.as_ref().map(|money| money.amount),
        currency: money.map(|money| money.currency),
        tries: effect.tries,
        decided_at: Timestamp(effect.action.at),
        first_sent_at: effect.first_sent_at.map(Timestamp),
        next_try_at: effect.lease_until.map(Timestamp),
        ended_at: effect.ended_at.map(Timestamp),
    }
}
