//! Events: applied events never change, and the others have a reason and a due time.

use crate::harness::invariant::{Invariant, Moment, must};
use crate::harness::rows::Row;

/// An applied event is never written again, and none is deleted.
pub struct AppliedOnce;

impl Invariant for AppliedOnce {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        for (before, after) in moment.changes() {
            let Some(before) = before.filter(|row| row.text("pk").starts_with("EVENT#")) else { continue };
            must(after.is_some(), || format!("an event is gone: {before}"))?;
            let applied = before.text("status") == "applied";
            must(!applied, || format!("an applied event was written again: {before}"))?;
        }
        Ok(())
    }
}

/// At every moment an event without effect is due with the reason of its failure, is listed for a person, or
/// needs no handling.
pub struct EventsAccountedFor;

impl Invariant for EventsAccountedFor {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        let changes = moment.changes().filter_map(|(_, after)| after);
        for event in changes.filter(|row| row.text("pk").starts_with("EVENT#")) {
            is_accounted_for(event).map_err(|problem| format!("{problem}: {event}"))?;
        }
        Ok(())
    }
}

fn is_accounted_for(event: &Row) -> Result<(), String> {
    let (is_due, is_listed) = (!event.text("due_at").is_empty(), !event.text("list_status_pk").is_empty());
    let says_why = !event.text("reason").is_empty();
    let was_tried = event.number("tries").unwrap_or_default() > 0;
    match event.text("status") {
        "pending" => {
            must(is_due, || "an event waits, and nothing says until when".to_owned())?;
            must(says_why || !was_tried, || "an event waits, and nothing says for what".to_owned())
        }
        "set_aside" => must(is_listed && says_why && !is_due, || "set aside, and on no list".to_owned()),
        "dismissed" => must(!is_due && !is_listed, || "a dismissed event is due or listed".to_owned()),
        "applied" | "received" => must(!is_due, || "an event that is over is due".to_owned()),
        status => Err(format!("an event is {status}")),
    }
}
