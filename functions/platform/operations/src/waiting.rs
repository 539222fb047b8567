//! What waits: effects, cases, events, companies, batches, professionals and overdue rows, each as one row.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use shared::app::SharedApp;
use shared::domain::kernel::money::Currency;
use shared::domain::kernel::provider::Provider;
use shared::domain::marketplace::ledger::LedgerAccount;
use shared::domain::marketplace::payout::BatchStatus;
use shared::domain::platform::effect::{Effect, Subject};
use shared::domain::platform::refusal;
use shared::domain::platform::switch::SwitchedOff;
use shared::domain::platform::waiting::{WaitingKind, after_refusal};
use shared::domain::recovery::case::Case;
use shared::http::Failure;
use shared::payouts::{self, UnpaidProfessional};
use shared::store::Company;
use shared::store::company::SweepRecord;
use shared::store::marketplace::batch::BatchRow;
use shared::store::platform::effect_lists::EffectList;
use shared::store::platform::inbox::StoredEvent;
use shared::store::platform::job::JobStates;
use shared::views::platform::waiting::WaitingView;
use shared::views::{ExcerptView, Timestamp};

use crate::amounts::Bookings;
use crate::overdue;

/// Batches that are looked through: five weeks of payout days.
const BATCHES_READ: u16 = 10;

/// The events of all companies that are set aside and looked through for one company's.
const SET_ASIDE_READ: u16 = 100;

/// The effects of one list.
pub(super) async fn list_effects(
    company: &Company,
    list: EffectList,
) -> Result<ExcerptView<WaitingView>, Failure> {
    let (rows, more) = effects(company, list).await?;
    Ok(ExcerptView::new(rows, more))
}

/// Everything that waits for a provider or for the schedule, oldest first.
pub(super) async fn list(
    app: &SharedApp,
    company: &Company,
    (sweep_record, states, switched_off): (&SweepRecord, &JobStates, &SwitchedOff),
    is_platform: bool,
) -> Result<ExcerptView<WaitingView>, Failure> {
    let now = app.clock.now();
    let (mut rows, mut more) = effects(company, EffectList::Waiting).await?;
    let (cases, more_cases) = company.waiting_cases().await?;
    rows.extend(cases.iter().map(show_case));
    rows.extend(show_company(sweep_record, now));
    let (events, more_events) = events(app, company, is_platform).await?;
    rows.extend(events);
    rows.extend(batches(company).await?);
    let (professionals, more_professionals) = professionals(app, company, states, now).await?;
    rows.extend(professionals);
    let listed: BTreeSet<String> = rows.iter().filter_map(subject_of).collect();
    let (overdue, more_overdue) = overdue::list(app.store()?, company, switched_off, now).await?;
    rows.extend(overdue.into_iter().filter(|row| subject_of(row).is_none_or(|id| !listed.contains(&id))));
    rows.sort_by_key(|row| row.since.0);
    more |= more_cases || more_events || more_professionals || more_overdue;
    Ok(ExcerptView::new(rows, more))
}

/// The id by which a row is listed once.
fn subject_of(row: &WaitingView) -> Option<String> {
    let case = row.case_id.map(|id| id.to_string());
    let id = case.or_else(|| row.booking_id.map(|id| id.to_string()));
    Some(format!("{}#{}", id?, row.operation.as_deref().unwrap_or_default()))
}

async fn effects(company: &Company, list: EffectList) -> Result<(Vec<WaitingView>, bool), Failure> {
    let (effects, more) = company.listed_effects(list).await?;
    let subjects: Vec<Subject> = effects.iter().map(|(subject, _)| *subject).collect();
    let bookings = Bookings::of(company, &subjects).await?;
    let what = match list {
        EffectList::InDoubt => WaitingKind::EffectInDoubt,
        EffectList::Refused => WaitingKind::EffectRefused,
        EffectList::Waiting => WaitingKind::Effect,
    };
    let show = |(subject, effect): &(Subject, Effect)| show_effect(what, *subject, effect, &bookings);
    Ok((effects.iter().map(show).collect(), more))
}

/// An effect without its request, which may name a person.
fn show_effect(what: WaitingKind, subject: Subject, effect: &Effect, bookings: &Bookings) -> WaitingView {
    let money = bookings.money(subject, effect);
    let (case_id, booking_id) = match subject {
        Subject::Case(id) => (Some(id), None),
        Subject::Booking(id) => (None, Some(id)),
    };
    let is_refused = what == WaitingKind::EffectRefused;
    let consequence = refusal::consequence(&effect.request).filter(|_| is_refused);
    let row = WaitingView::new(what, effect.action.at);
    let (waits_for, message) = consequence
        .map_or((row.waits_for, row.message), |it| after_refusal(it.retry, effect.reason.as_deref()));
    WaitingView {
        waits_for,
        message,
        case_id,
        booking_id,
        operation: Some(effect.action.operation.clone()),
        kind: Some(effect.action.kind),
        status: Some(effect.status.as_str()),
        consequence: consequence.map(|consequence| consequence.kind.as_str()),
        amount: money.as_ref().map(|money| money.amount),
        currency: money.map(|money| money.currency),
        tries: effect.tries,
        next_try_at: effect.lease_until.map(Timestamp),
        decided_at: Some(Timestamp(effect.action.at)),
        first_sent_at: effect.first_sent_at.map(Timestamp),
        ended_at: effect.ended_at.map(Timestamp),
        refused_at: effect.ended_at.filter(|_| is_refused).map(Timestamp),
        ..row.because(effect.request.provider(), effect.reason.as_deref())
    }
}

fn show_case(case: &Case) -> WaitingView {
    let since = case.waits_since.unwrap_or(case.updated_at);
    WaitingView {
        case_id: Some(case.case_id),
        membership_id: Some(case.membership_id.clone()),
        status: Some(case.status.as_str()),
        amount: case.amount,
        currency: case.currency.as_deref().and_then(|currency| Currency::parse(currency).ok()),
        tries: case.failed_tries,
        next_try_at: case.due_at.map(Timestamp),
        ..WaitingView::new(WaitingKind::Case, since).because(Some(Provider::Whop), case.last_error.as_deref())
    }
}

/// The company itself while it is set aside, and the newest question that Whop did not answer.
fn show_company(record: &SweepRecord, now: DateTime<Utc>) -> Vec<WaitingView> {
    let health = &record.health;
    let set_aside = health.set_aside_until.filter(|until| *until > now).map(|until| WaitingView {
        tries: health.failed_runs,
        next_try_at: Some(Timestamp(until)),
        ..WaitingView::new(WaitingKind::Company, health.failing_since.unwrap_or(now))
            .because(Some(Provider::Whop), health.last_error.as_deref())
    });
    let question = record.channel_error.as_ref().map(|row| {
        let asked = WaitingView::new(WaitingKind::Question, row.since);
        let status = Some(question_name(&row.error.question));
        WaitingView { status, ..asked.because(Some(Provider::Whop), Some(&row.error.reason)) }
    });
    set_aside.into_iter().chain(question).collect()
}

fn question_name(question: &str) -> &'static str {
    match question {
        "membership" => "membership",
        "paused_memberships" => "paused_memberships",
        "purchases" => "purchases",
        "experience" => "experience",
        "access" => "access",
        _ => "payment",
    }
}

/// The company's events that wait or are set aside; the platform's company also sees those that name no company.
async fn events(
    app: &SharedApp,
    company: &Company,
    is_platform: bool,
) -> Result<(Vec<WaitingView>, bool), Failure> {
    let inbox = app.store()?.inbox();
    let (mut waiting, mut more) = inbox.waiting(Some(company.id())).await?;
    if is_platform {
        let (unnamed, more_unnamed) = inbox.waiting(None).await?;
        waiting.extend(unnamed);
        more |= more_unnamed;
    }
    let mut rows: Vec<WaitingView> = waiting
        .iter()
        .map(|waiting| WaitingView {
            next_try_at: waiting.next_try_at.map(Timestamp),
            ..show_event(WaitingKind::Event, &waiting.event)
        })
        .collect();
    let (set_aside, next) = inbox.set_aside(SET_ASIDE_READ, None).await?;
    let is_own = |event: &&StoredEvent| match &event.payload_min.company_id {
        Some(owner) => owner == company.id(),
        None => is_platform,
    };
    rows.extend(set_aside.iter().filter(is_own).map(|event| show_event(WaitingKind::EventSetAside, event)));
    Ok((rows, more || next.is_some()))
}

fn show_event(what: WaitingKind, event: &StoredEvent) -> WaitingView {
    let read = &event.payload_min;
    let provider = match event.source.as_str() {
        "stripe" => Provider::Stripe,
        "resend" => Provider::Resend,
        _ => Provider::Whop,
    };
    WaitingView {
        event_id: Some(read.event_id.clone()),
        membership_id: read.membership_id.clone(),
        status: Some(event.status.as_str()),
        provider: Some(provider),
        reason: event.reason.clone(),
        tries: event.tries,
        ..WaitingView::new(what, event.received_at)
    }
}

async fn batches(company: &Company) -> Result<Vec<WaitingView>, Failure> {
    let (batches, _) = company.batches(BATCHES_READ, None).await?;
    let is_waiting =
        |row: &&BatchRow| matches!(row.record.status, BatchStatus::Waiting | BatchStatus::Failed);
    let show = |BatchRow { record, .. }: &BatchRow| WaitingView {
        batch_id: Some(record.id),
        status: Some(record.status.as_str()),
        ..WaitingView::new(WaitingKind::Batch, record.changed_at)
            .because(Some(Provider::Stripe), record.reason.as_deref())
    };
    Ok(batches.iter().filter(is_waiting).map(show).collect())
}

/// Professionals who were due on a payout day that a run has worked on, and who are not paid.
async fn professionals(
    app: &SharedApp,
    company: &Company,
    states: &JobStates,
    now: DateTime<Utc>,
) -> Result<(Vec<WaitingView>, bool), Failure> {
    let calendar = &app.config.marketplace.calendar;
    let unpaid = payouts::unpaid(app.store()?, calendar, states, now).await?;
    let (unpaid, more) = payouts::unpaid_of(company, &unpaid).await?;
    if unpaid.is_empty() {
        return Ok((Vec::new(), more));
    }
    let balances = company.balances(None).await?;
    let show = |UnpaidProfessional { professional_id, row }: UnpaidProfessional| {
        let due_at = row.due_at.unwrap_or(now);
        let owed = LedgerAccount::Owed(professional_id.clone());
        let mut owed = balances.iter().filter(|(account, ..)| **account == owed);
        // Amounts of several currencies cannot be added up; the professional's statement has each.
        let money = owed.next().filter(|_| owed.next().is_none());
        let provider = row.waits_for.as_ref().map(|_| Provider::Stripe);
        WaitingView {
            professional_id: Some(professional_id),
            batch_id: calendar.first_batch_from(due_at),
            // What is owed is a liability, so its balance is negative.
            amount: money.and_then(|(.., balance)| i64::try_from(-balance).ok()),
            currency: money.map(|(_, currency, _)| currency.clone()),
            tries: row.waits_tries,
            ..WaitingView::new(WaitingKind::Professional, row.waits_since.unwrap_or(due_at))
                .because(provider, row.waits_for.as_deref())
        }
    };
    Ok((unpaid.into_iter().map(show).collect(), more))
}
