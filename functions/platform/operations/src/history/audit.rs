//! Audit entries as entries of a history.

use shared::domain::kernel::id::CaseId;
use shared::domain::kernel::party::{BookingId, ProfessionalId};
use shared::domain::marketplace::payout::BatchId;
use shared::domain::platform::action::{Actor, Source};
use shared::domain::platform::effect::Effect;
use shared::store::company::AuditEntry;
use shared::views::Timestamp;
use shared::views::platform::history::{HistoryEntryKind, HistoryEntryView};

/// An audit entry. `effects` are those of its subject, if they were read: they tell who began an operation that
/// an entry names as its cause.
pub(super) fn show(entry: &AuditEntry, effects: &[Effect]) -> HistoryEntryView {
    let mut view = HistoryEntryView::new(Timestamp(entry.at), HistoryEntryKind::Audit, &*entry.kind);
    view.subject = Some(entry.subject.clone());
    view.originator = entry.source;
    view.detail.clone_from(&entry.detail);
    name_actor(&mut view, entry, effects);
    name_subject(&mut view, entry);
    describe_decision(&mut view, entry);
    view
}

fn name_actor(view: &mut HistoryEntryView, entry: &AuditEntry, effects: &[Effect]) {
    let cause = entry.cause.clone();
    // The operations of a booking contain its id; an account that changes itself is cause and subject.
    let is_operation = entry.cause != entry.subject && entry.cause.contains(&entry.subject);
    let effect = effects.iter().find(|effect| effect.action.operation == entry.cause);
    match (effect, entry.source) {
        (Some(effect), _) => {
            view.actor = Some(effect.action.actor.id().to_owned());
            view.operation = Some(cause);
        }
        (None, source) if is_operation => {
            view.actor = (source == Some(Source::Cron)).then(|| Actor::Schedule.id().to_owned());
            view.operation = Some(cause);
        }
        (None, Some(Source::Webhook)) => {
            view.actor = Some(Actor::Provider.id().to_owned());
            view.event_id = Some(cause);
        }
        (None, Some(Source::Cron)) => {
            view.actor = Some(Actor::Schedule.id().to_owned());
            view.cause = Some(cause);
        }
        (None, _) => view.actor = Some(cause),
    }
}

fn name_subject(view: &mut HistoryEntryView, entry: &AuditEntry) {
    let subject = entry.subject.as_str();
    match entry.kind.split_once('.').unwrap_or_default() {
        ("case", _) => view.case_id = CaseId::parse(subject).ok(),
        ("booking", _) => view.booking_id = BookingId::parse(subject).ok(),
        ("payee", _) | ("payout", "approved") => view.professional_id = ProfessionalId::parse(subject).ok(),
        ("payouts", _) => view.batch_id = BatchId::parse(subject).ok(),
        ("payout", name) if name.starts_with("batch_") => view.batch_id = BatchId::parse(subject).ok(),
        ("payout", _) => view.booking_id = BookingId::parse(subject).ok(),
        ("event", _) => view.event_id = Some(subject.to_owned()),
        _ => {}
    }
}

/// Splits what a person decided about an effect: its operation, the decision and the note.
fn describe_decision(view: &mut HistoryEntryView, entry: &AuditEntry) {
    let detail = entry.detail.as_deref().unwrap_or_default();
    let (operation, decided) = match entry.kind.as_str() {
        "effect.resolved" => detail.split_once(": ").unwrap_or_default(),
        "effect.refusal_resolved" => detail.split_once(' ').unwrap_or_default(),
        _ => return,
    };
    let (decision, note) = decided.split_once(": ").map_or((decided, None), |(all, note)| (all, Some(note)));
    view.operation = Some(operation.to_owned());
    view.status = Some(decision.to_owned());
    view.detail = note.map(str::to_owned);
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    const BOOKING: &str = "7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11";

    fn entry(kind: &str, cause: &str, source: Option<Source>, detail: Option<&str>) -> HistoryEntryView {
        let entry = AuditEntry {
            at: DateTime::UNIX_EPOCH,
            kind: kind.to_owned(),
            subject: BOOKING.to_owned(),
            cause: cause.to_owned(),
            source,
            detail: detail.map(str::to_owned),
        };
        show(&entry, &[])
    }

    #[test]
    fn an_event_a_job_and_a_person_are_told_apart() {
        let captured = entry("booking.accepted", "evt_1", Some(Source::Webhook), None);
        assert_eq!(
            (captured.actor.as_deref(), captured.event_id.as_deref()),
            (Some("provider"), Some("evt_1"))
        );
        let declined = entry("booking.declined", "auto_decline", Some(Source::Cron), None);
        assert_eq!((&*declined.actor.unwrap(), &*declined.cause.unwrap()), ("schedule", "auto_decline"));
        let completed = entry("booking.completed", "user_1", Some(Source::Professional), None);
        assert_eq!((completed.actor.as_deref(), completed.cause), (Some("user_1"), None));
        let paid = entry("payout.transfer_made", &format!("payout:{BOOKING}:v1"), Some(Source::Staff), None);
        assert_eq!((paid.actor, paid.operation), (None, Some(format!("payout:{BOOKING}:v1"))));
    }

    #[test]
    fn a_decision_is_split_into_operation_decision_and_note() {
        let detail = format!("refund:{BOOKING}:v1 closed: paid by hand: see the mail");
        let closed = entry("effect.refusal_resolved", "on_call:ana", None, Some(&detail));
        assert_eq!(closed.operation, Some(format!("refund:{BOOKING}:v1")));
        assert_eq!(
            (closed.actor.as_deref(), closed.status.as_deref(), closed.detail.as_deref()),
            (Some("on_call:ana"), Some("closed"), Some("paid by hand: see the mail"))
        );
        let resolved = entry("effect.resolved", "staff:provider", None, Some("reminder:00:push: done"));
        assert_eq!(
            (resolved.operation.as_deref(), resolved.status.as_deref(), resolved.detail),
            (Some("reminder:00:push"), Some("done"), None)
        );
    }
}
