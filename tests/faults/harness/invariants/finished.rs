//! At rest nothing is due.

use crate::harness::invariant::{Invariant, Moment, must};
use crate::harness::rows::Row;

/// Every effect and event is finished, and nothing is due.
pub struct NothingUnfinished;

impl Invariant for NothingUnfinished {
    fn at_rest(&self, moment: &Moment<'_>) -> Result<(), String> {
        let now = moment.world.now();
        let unfinished =
            |row: &&Row| matches!(row.text("status"), "prepared" | "sending" | "pending") || row.is_due(now);
        let left = moment.after.0.values().find(unfinished);
        must(left.is_none(), || format!("left unfinished: {}", left.map(Row::to_string).unwrap_or_default()))
    }
}
