//! Closed cases are never due again.

use crate::harness::invariant::{Invariant, Moment, must};
use crate::harness::rows::Row;

pub struct ClosedCasesRest;

impl Invariant for ClosedCasesRest {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        let mut changed = moment.changes().filter_map(|(_, after)| after);
        let is_restless = |row: &&Row| {
            row.text("sk") == "CASE" && row.text("status") != "open" && !row.text("due_at").is_empty()
        };
        let restless = changed.find(is_restless);
        must(restless.is_none(), || format!("a case that is over stays due: {restless:?}"))
    }
}
