//! Closed cases are never due again.

use crate::harness::invariant::{Invariant, Moment, must};
use crate::harness::rows::Row;

pub struct ClosedCasesRest;

impl Invariant for ClosedCasesRest {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        check(moment.changes().filter_map(|(_, after)| after))
    }

    fn at_rest(&self, moment: &Moment<'_>) -> Result<(), String> {
        check(moment.after.of("CASE#"))
    }
}

fn check<'a>(mut rows: impl Iterator<Item = &'a Row>) -> Result<(), String> {
    let restless = rows.find(|row| {
        row.text("sk") == "CASE" && row.text("status") != "open" && !row.text("due_at").is_empty()
    });
    must(restless.is_none(), || format!("a case that is over stays due: {restless:?}"))
}
