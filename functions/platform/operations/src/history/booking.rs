//! The history of a booking: its facts, audit entries, effects and ledger entries.

use chrono::{DateTime, Utc};
use shared::domain::kernel::party::BookingId;
use shared::domain::kernel::provider::Provider;
use shared::domain::marketplace::booking::{BookingFact, BookingFactKind};
use shared::domain::platform::action::{Actor, Source};
use shared::domain::platform::effect::Effect;
use shared::domain::platform::job::RECONCILIATION_JOB;
use shared::store::StoreError;
use shared::views::Timestamp;
use shared::views::platform::history::{HistoryEntryKind, HistoryEntryView};

use super::HistoryReader;
use super::audit;
use super::entry::{Entry, of_effect, of_ledger, positioned, with_money};

/// The prefix of the ids of Stripe's events.
const STRIPE_EVENT: &str = "evt_";

impl HistoryReader<'_> {
    pub(super) async fn booking(&self, booking_id: BookingId) -> Result<Option<Vec<Entry>>, StoreError> {
        let record = self.company.booking(booking_id).await?;
        if record.version == 0 {
            return Ok(None);
        }
        let effects = self.company.actions(booking_id).await?;
        let audit = self.company.whole_audit_about(&booking_id.to_string()).await?;
        let ledger = self.company.ledger_of(booking_id).await?;
        let audit: Vec<_> = audit.iter().map(|entry| audit::show(entry, &effects)).collect();
        let facts: Vec<_> =
            record.history.facts().map(|fact| of_fact(booking_id, fact, &effects, &audit)).collect();
        let entries = positioned(facts)
            .chain(positioned(audit))
            .chain(positioned(effects.iter().map(of_effect)))
            .chain(positioned(ledger.iter().map(of_ledger)));
        let of_booking = |mut entry: Entry| {
            entry.view.booking_id = Some(booking_id);
            entry
        };
        Ok(Some(entries.map(of_booking).collect()))
    }
}

fn of_fact(
    booking_id: BookingId,
    fact: &BookingFact,
    effects: &[Effect],
    audit: &[HistoryEntryView],
) -> HistoryEntryView {
    let name = fact.what.kind().as_str();
    let view = HistoryEntryView::new(Timestamp(fact.at), HistoryEntryKind::Fact, name);
    let view = with_source(view, fact, effects, audit);
    with_content(view, booking_id, &fact.what)
}

/// Names who reported or decided the fact. A person's fact names only the request; the effects and the audit entry
/// of the same transaction have the same time and name the person.
fn with_source(
    mut view: HistoryEntryView,
    fact: &BookingFact,
    effects: &[Effect],
    audit: &[HistoryEntryView],
) -> HistoryEntryView {
    let source = fact.source.clone();
    if source.starts_with(STRIPE_EVENT) {
        view.actor = Some(Actor::Provider.id().to_owned());
        view.originator = Some(Source::Webhook);
        view.provider = Some(Provider::Stripe);
        view.event_id = Some(source);
    } else if let Some(effect) = effects.iter().find(|effect| effect.action.operation == source) {
        view.actor = Some(effect.action.actor.id().to_owned());
        view.originator = Some((&effect.action.actor).into());
        view.provider = effect.request.provider();
        view.operation = Some(source);
    } else {
        let decided = if source.starts_with(RECONCILIATION_JOB) {
            Some((Actor::Schedule.id().to_owned(), Some(Source::Cron)))
        } else {
            decided_at(fact.at, effects, audit)
        };
        view.cause = Some(source);
        if let Some((actor, originator)) = decided {
            (view.actor, view.originator) = (Some(actor), originator);
        }
    }
    view
}

/// Who decided something about the booking at this time; a provider does not decide.
fn decided_at(
    at: DateTime<Utc>,
    effects: &[Effect],
    audit: &[HistoryEntryView],
) -> Option<(String, Option<Source>)> {
    let steps = effects.iter().filter(|effect| effect.action.at == at).map(|effect| &effect.action.actor);
    let started = steps.filter(|actor| **actor != Actor::Provider).map(|actor| {
        let originator: Source = actor.into();
        (actor.id().to_owned(), Some(originator))
    });
    let audited = audit.iter().filter(|entry| entry.at.0 == at && entry.event_id.is_none());
    let audited = audited.filter_map(|entry| Some((entry.actor.clone()?, entry.originator)));
    started.chain(audited).next()
}

/// The content of the fact: amounts, references and codes.
fn with_content(view: HistoryEntryView, booking_id: BookingId, what: &BookingFactKind) -> HistoryEntryView {
    let text = |code: &str| Some(code.to_owned());
    let reference = what.payment_intent().map(ToString::to_string);
    let view = HistoryEntryView { reference, ..view };
    match what {
        BookingFactKind::Requested(terms) => HistoryEntryView {
            professional_id: Some(terms.professional_id.clone()),
            ..with_money(view, Some(&terms.price))
        },
        BookingFactKind::Authorized { money, .. }
        | BookingFactKind::Captured { money, .. }
        | BookingFactKind::Refunded { money, .. } => with_money(view, Some(money)),
        BookingFactKind::AutoDeclined { reason } => {
            HistoryEntryView { reason: text(reason.as_str()), ..view }
        }
        BookingFactKind::Released { reason, .. } => {
            HistoryEntryView { reason: text(reason.as_str()), ..view }
        }
        BookingFactKind::Cancelled { by } => HistoryEntryView { reason: text(by.as_str()), ..view },
        BookingFactKind::Disputed { dispute_id, status, money, .. } => HistoryEntryView {
            status: text(status.as_str()),
            reference: text(dispute_id),
            ..with_money(view, Some(money))
        },
        BookingFactKind::PaidOut { batch, transfer, money, .. } => HistoryEntryView {
            batch_id: Some(*batch),
            reference: transfer.as_ref().map(ToString::to_string),
            ..with_money(view, Some(money))
        },
        BookingFactKind::TransferReversed { transfer, money } => {
            HistoryEntryView { reference: text(transfer.as_str()), ..with_money(view, Some(money)) }
        }
        BookingFactKind::StepRefused { step, version, reason } => HistoryEntryView {
            reason: text(reason),
            operation: Some(step.operation(booking_id, *version)),
            ..view
        },
        BookingFactKind::RefusalResolved { step, version, decision } => HistoryEntryView {
            status: text(decision.as_str()),
            operation: Some(step.operation(booking_id, *version)),
            ..view
        },
        BookingFactKind::Accepted | BookingFactKind::Declined | BookingFactKind::Completed => view,
    }
}
