//! Reconciliation runs: a completed run left nothing out.

use shared::store::marketplace::reconciliation::Reconciliation;

use crate::harness::invariant::{Invariant, Moment, must};

/// For a run without concurrent workers: at its end every cent is matched or listed, or the run names its
/// error.
pub struct EndedRunsLeaveNothing;

impl Invariant for EndedRunsLeaveNothing {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        let changes = moment.changes().filter_map(|(_, after)| after);
        let is_run = |row: &&crate::harness::rows::Row| {
            row.text("pk") == "JOB#reconciliation" && row.text("sk").starts_with("RUN#")
        };
        for row in changes.filter(is_run) {
            let run: Reconciliation = row.read();
            let is_whole = run.ended_at.is_some() && run.error.is_none() && !run.more;
            let left = run.cash.values().any(|cash| cash.unexplained_amount() != 0);
            must(!is_whole || !left, || {
                format!("a run came to its end and left something unexplained: {row}")
            })?;
        }
        Ok(())
    }
}
