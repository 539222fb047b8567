//! Lists events that were set aside, and replays what was not applied.

use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use shared::app::SharedApp;
use shared::auth::Operator;
use shared::domain::platform::event::Meaning;
use shared::events::STRIPE;
use shared::http::query::{Parameters, cursor};
use shared::http::{Answer, Failure};
use shared::providers::{stripe, whop};
use shared::store::company::AuditEntry;
use shared::store::platform::inbox::{EventCursor, EventStatus, Inbox, StoredEvent};
use shared::store::{Store, StoreError, Write};
use shared::views::platform::event::StoredEventView;
use shared::views::{ListView, Timestamp};

use super::whop::WHOP;
use super::{unreadable, unseal};

pub(super) async fn list(
    State(app): State<SharedApp>,
    _operator: Operator,
    parameters: Parameters,
) -> Result<Answer, Failure> {
    let parameters = parameters.only(&["limit", "cursor"])?;
    let after = parameters.cursor(EventCursor::parse)?;
    let (events, next) = app.store()?.inbox().set_aside(parameters.limit()?, after.as_ref()).await?;
    let data = events.into_iter().map(show).collect();
    Ok(Answer::ok(ListView { data, next_cursor: next.as_ref().map(cursor) }))
}

/// Replays an event and applies it at once if possible.
pub(super) async fn replay(
    State(app): State<SharedApp>,
    operator: Operator,
    Path(event_id): Path<String>,
) -> Result<Answer, Failure> {
    let now = app.clock.now();
    let store = app.store()?;
    let inbox = store.inbox();
    // What was stored without effect, and for no reason that may be gone, is absent here.
    let is_known = |event: &StoredEvent| event.status != EventStatus::Received;
    let event = find(&inbox, &event_id, &[&StoredEvent::is_replayable, &is_known]).await?;
    let event = event.ok_or(Failure::Absent)?;
    let (from, is_replayable) = (event.status, event.is_replayable());
    let event = read_again(&app, event)?;
    if let (EventStatus::Received, Meaning::Ignored { reason }) = (from, &event.payload_min.meaning) {
        let reason = reason.as_str();
        return Err(Failure::Conflict(format!("The event still has no effect: {reason}.")));
    }
    let detail = json!({"source": event.source, "was": event.status});
    let decision = Decision { at: now, kind: "event.replayed", by: &operator.id, detail };
    let audit = audit(&app, store, &event, decision, event.replays + 1)?;
    if !is_replayable || !inbox.replay(&event, from, audit, app.ids.next(), now).await? {
        let detail = "Only an event that was set aside, dismissed or ignored can be replayed.";
        return Err(Failure::Conflict(detail.to_owned()));
    }
    let source = event.source.as_str();
    let replayed = inbox.event(source, &event_id).await?.ok_or(Failure::Absent)?;
    let applied = app.intake(store).apply_kept(&replayed, now).await?;
    let (by, replays) = (&operator.id, replayed.replays);
    tracing::info!(source, event_id, ?applied, replays, by, "event replayed");
    let stands = inbox.event(source, &event_id).await?.ok_or(Failure::Absent)?;
    Ok(Answer::ok(show(stands)))
}

/// What a person decided about an event, for the audit log.
pub(super) struct Decision<'a> {
    pub(super) at: DateTime<Utc>,
    pub(super) kind: &'static str,
    pub(super) by: &'a str,
    pub(super) detail: Value,
}

/// The audit entry of a decision: in the company that the event names, or else in the platform's; none if there is
/// neither. `number` tells decisions of one kind about one event apart.
pub(super) fn audit(
    app: &SharedApp,
    store: &Store,
    event: &StoredEvent,
    decision: Decision<'_>,
    number: u32,
) -> Result<Option<Write>, StoreError> {
    let read = &event.payload_min;
    let company = read.company_id.as_ref().or(app.config.platform_company.as_ref());
    let Some(company) = company else { return Ok(None) };
    let entry = AuditEntry {
        at: decision.at,
        kind: decision.kind.to_owned(),
        subject: read.event_id.clone(),
        cause: decision.by.to_owned(),
        source: None,
        detail: Some(decision.detail.to_string()),
    };
    let unique = format!("{}#{}#{number}", event.source, read.event_id);
    store.company(company).audit(&entry, &unique).map(Some)
}

/// Whether a person who names an id may mean this event.
pub(super) type IsWanted = dyn Fn(&StoredEvent) -> bool + Sync;

/// The event with this id, from a source whose events are applied. If both sources have the id, the first of
/// `wanted` that is true of one of them tells which is meant; `None` if none is.
pub(super) async fn find(
    inbox: &Inbox,
    event_id: &str,
    wanted: &[&IsWanted],
) -> Result<Option<StoredEvent>, StoreError> {
    let mut found = Vec::new();
    for source in [WHOP, STRIPE] {
        found.extend(inbox.event(source, event_id).await?);
    }
    let meant = wanted.iter().find_map(|is_wanted| found.iter().position(is_wanted));
    Ok(meant.map(|position| found.swap_remove(position)))
}

/// Parses the event again: this version may understand it, and an ignored event may count now.
fn read_again(app: &SharedApp, mut event: StoredEvent) -> Result<StoredEvent, Failure> {
    let is_read_again = matches!(
        event.payload_min.meaning,
        Meaning::Unreadable { .. }
            | Meaning::UnreadablePayment { .. }
            | Meaning::UnreadableAccount { .. }
            | Meaning::Ignored { .. }
    );
    if is_read_again {
        let body = unseal(app, &event)?;
        let read = match event.source.as_str() {
            STRIPE => stripe::read_again(&event.payload_min, &body, app.config.stripe_mode()),
            _ => whop::read_again(&event.payload_min, &body),
        };
        event.payload_min = read.map_err(unreadable)?;
    }
    Ok(event)
}

pub(super) fn show(event: StoredEvent) -> StoredEventView {
    let read = event.payload_min;
    let (booking_id, payment_intent_id) = match read.meaning {
        Meaning::Booking { booking_id, payment_intent, .. } => (booking_id, payment_intent),
        Meaning::RefundFailed { payment_intent } | Meaning::UnreadablePayment { payment_intent, .. } => {
            (None, Some(payment_intent))
        }
        _ => (None, None),
    };
    StoredEventView {
        event_id: read.event_id,
        source: event.source,
        name: read.name,
        company_id: read.company_id,
        membership_id: read.membership_id,
        payment_id: read.payment_id,
        booking_id,
        payment_intent_id,
        status: event.status,
        reason: event.reason,
        tries: event.tries,
        replays: event.replays,
        dismissed_at: event.dismissed_at.map(Timestamp),
        dismissed_by: event.dismissed_by,
        note: event.note,
        occurred_at: Timestamp(read.occurred_at),
        occurred_at_source: read.occurred_at_source,
        received_at: Timestamp(event.received_at),
    }
}
