//! The audit log: one entry for each transition of a case or a booking, in the same write, and no other.

use std::collections::BTreeMap;

use crate::harness::invariant::{Invariant, Moment, must};
use crate::harness::rows::Row;

pub struct OneEntryPerTransition;

/// The prefixes of these entries' kinds.
const TRANSITIONS: [&str; 2] = ["case.", "booking."];

impl Invariant for OneEntryPerTransition {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        let mut balance: BTreeMap<(String, String), i32> = BTreeMap::new();
        for (before, after) in moment.changes() {
            let audit = after.or(before).filter(|row| row.text("pk").starts_with("AUDIT#"));
            if let Some(row) = audit {
                must(before.is_none(), || format!("an audit entry was changed: {row}"))?;
                if TRANSITIONS.iter().any(|kind| row.text("kind").starts_with(kind)) {
                    let key = (row.text("subject").to_owned(), row.text("kind").to_owned());
                    *balance.entry(key).or_default() += 1;
                }
            }
            if let Some((subject, kind)) = after.and_then(|row| transition(before, row)) {
                *balance.entry((subject, kind)).or_default() -= 1;
            }
        }
        balance.retain(|_, balance| *balance != 0);
        must(balance.is_empty(), || format!("transitions and audit entries differ: {balance:?}"))
    }
}

/// The subject of the transition and the kind of its entry.
fn transition(before: Option<&Row>, after: &Row) -> Option<(String, String)> {
    let (id, kind) = match after.text("sk") {
        "CASE" => ("case_id", "case"),
        "BOOKING" => ("booking_id", "booking"),
        _ => return None,
    };
    let status = after.text("status");
    let verb = if (kind, status) == ("case", "open") { "opened" } else { status };
    let moved = before.map(|row| row.text("status")).unwrap_or_default() != status;
    moved.then(|| (after.text(id).to_owned(), format!("{kind}.{verb}")))
}
