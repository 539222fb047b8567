//! At rest nothing is left to do now.

use shared::domain::time;

use crate::harness::law::{Law, Moment, must};
use crate::harness::rows::Row;

/// Every effect and every event has reached its end, and nothing is due.
pub struct NothingUnfinished;

impl Law for NothingUnfinished {
    fn at_rest(&self, moment: &Moment<'_>) -> Result<(), String> {
        let now = time::write(moment.world.now());
        let unfinished = |row: &&Row| {
            let due = row.text("due_at");
            let waits = matches!(row.text("state"), "prepared" | "sending" | "pending");
            waits || (!due.is_empty() && due <= now.as_str())
        };
        let left = moment.after.0.values().find(unfinished);
        must(left.is_none(), || format!("left unfinished: {}", left.map(Row::to_string).unwrap_or_default()))
    }
}
