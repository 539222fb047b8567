//! What left the house: each thing once, and nothing that no row tells of.

use std::collections::BTreeSet;

use crate::harness::law::{Law, Moment, must};

/// Holds for every message and every grant.
pub struct OnceEach;

impl Law for OnceEach {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        let left = moment.world.left_the_house();
        let twice = left.iter().find(|(_, times)| **times > 1);
        must(twice.is_none(), || format!("left more than once: {twice:?}"))?;
        let rows = moment.after.0.values();
        let told: BTreeSet<&str> = rows.map(|row| row.text("downstream_key")).collect();
        let untold = left.keys().find(|key| !told.contains(key.as_str()));
        must(untold.is_none(), || format!("left without a row that tells of it: {untold:?}"))
    }

    fn at_rest(&self, moment: &Moment<'_>) -> Result<(), String> {
        let left = moment.world.left_the_house();
        for row in moment.after.0.values().filter(|row| row.number("fence").is_some()) {
            let times = left.get(row.text("downstream_key")).copied().unwrap_or_default();
            let fits = match row.text("state") {
                "done" => times == 1 || row.text("downstream_key").is_empty(),
                "rejected" => times == 0 && !row.text("reason").is_empty(),
                "unknown" => !row.text("reason").is_empty(),
                _ => false,
            };
            must(fits, || format!("left {times} times: {row}"))?;
        }
        Ok(())
    }
}
