//! Other companies stay unchanged.

use crate::harness::invariant::{Invariant, Moment, must};
use crate::harness::rows::Row;

/// Every changed row with a company in its key belongs to this company.
pub struct Bystanders {
    pub company: &'static str,
}

impl Invariant for Bystanders {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        let strange = |row: &Row| !row.company().is_empty() && row.company() != self.company;
        let mut changes = moment.changes();
        let touched = changes.find(|(before, after)| before.or(*after).is_some_and(strange));
        must(touched.is_none(), || format!("a row of another company was touched: {touched:?}"))
    }
}
