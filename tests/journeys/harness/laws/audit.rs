//! The audit log: one entry for each transition of a case, in the same write, and no other.

use std::collections::BTreeMap;

use crate::harness::law::{Law, Moment, must};
use crate::harness::rows::Row;

/// Holds for every case.
pub struct OneEntryPerTransition;

impl Law for OneEntryPerTransition {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        let mut balance: BTreeMap<(String, String), i32> = BTreeMap::new();
        for (before, after) in moment.before.changes(moment.after) {
            let Some(row) = after else { continue };
            let pk = row.text("pk");
            if pk.starts_with("AUDIT#") && row.text("kind").starts_with("case.") {
                must(before.is_none(), || format!("an audit entry was changed: {row}"))?;
                *balance.entry((row.text("subject").to_owned(), row.text("kind").to_owned())).or_default() +=
                    1;
            }
            let state = row.text("state");
            if row.text("sk") == "CASE" && before.map(|row| row.text("state")) != Some(state) {
                *balance.entry((row.text("case_id").to_owned(), kind_of(row))).or_default() -= 1;
            }
        }
        balance.retain(|_, balance| *balance != 0);
        must(balance.is_empty(), || format!("transitions and audit entries differ: {balance:?}"))
    }
}

fn kind_of(case: &Row) -> String {
    let verb = match case.text("state") {
        "open" => "opened",
        state => state,
    };
    format!("case.{verb}")
}
