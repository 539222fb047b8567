//! Events: what was applied is over.

use crate::harness::law::{Law, Moment, must};

/// Holds for every event: an applied one is never written again, and none is forgotten.
pub struct AppliedOnce;

impl Law for AppliedOnce {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        for (before, after) in moment.before.changes(moment.after) {
            let Some(before) = before.filter(|row| row.text("pk").starts_with("EVENT#")) else { continue };
            must(after.is_some(), || format!("an event is gone: {before}"))?;
            let applied = before.text("state") == "applied";
            must(!applied, || format!("an applied event was written again: {before}"))?;
        }
        Ok(())
    }
}
