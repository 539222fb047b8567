//! What left the house: each thing once, and nothing that no row tells of.

use std::collections::BTreeSet;

use shared::domain::platform::refusal::REFUND_RETURNED;

use crate::harness::invariant::{Invariant, Moment, must};

/// Holds for every message, every grant and every movement of money.
pub struct OnceEach;

/// What Stripe, and not we, keeps from happening twice: it may have happened by another hand, so that it
/// is done although nothing left by ours.
const BY_ANY_HAND: [&str; 4] = ["payment_opened", "payment_captured", "payment_released", "payment_refunded"];

impl Invariant for OnceEach {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        let left = moment.world.left_the_house();
        let twice = left.iter().find(|(_, times)| **times > 1);
        must(twice.is_none(), || format!("left more than once: {twice:?}"))?;
        let rows = moment.after.0.values();
        let told: BTreeSet<&str> = rows.map(|row| row.text("downstream_key")).collect();
        let untold = left.keys().find(|key| !told.contains(key.as_str()) && !told.contains(first_key(key)));
        must(untold.is_none(), || format!("left without a row that tells of it: {untold:?}"))
    }

    fn at_rest(&self, moment: &Moment<'_>) -> Result<(), String> {
        let left = moment.world.left_the_house();
        for row in moment.after.0.values().filter(|row| row.text("sk").starts_with("ACTION#")) {
            let key = row.text("downstream_key");
            let times = left.iter().filter(|(left, _)| *left == key || first_key(left) == key);
            let times: usize = times.map(|(_, times)| times).sum();
            let fits = match row.text("status") {
                "done" if BY_ANY_HAND.contains(&row.text("kind")) => times <= 1,
                "done" => times == 1 || key.is_empty(),
                // Stripe made it, by whichever hand, and took it back later.
                "rejected" if row.text("reason") == REFUND_RETURNED => times <= 1,
                "rejected" => times == 0 && !row.text("reason").is_empty(),
                "unknown" => !row.text("reason").is_empty(),
                _ => false,
            };
            must(fits, || format!("left {times} times: {row}"))?;
        }
        Ok(())
    }
}

/// The key that a payment was first asked for under: once Stripe keeps a refusal, the number of the try
/// is added.
fn first_key(key: &str) -> &str {
    match key.rsplit_once(':') {
        Some((first, tries)) if tries.bytes().all(|byte| byte.is_ascii_digit()) => first,
        _ => key,
    }
}
