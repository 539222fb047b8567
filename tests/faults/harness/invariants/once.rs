//! External effects: each at most once, and none without a row.

use std::collections::BTreeSet;

use shared::domain::platform::refusal::REFUND_RETURNED;

use crate::harness::invariant::{Invariant, Moment, must};

pub struct OnceEach;

/// Effects that Stripe itself executes once only: another caller may have caused them, so a finished effect need
/// not come from our call.
const ONCE_AT_STRIPE: [&str; 4] =
    ["payment_opened", "payment_captured", "payment_released", "payment_refunded"];

impl Invariant for OnceEach {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        let left = moment.world.count_sent();
        let twice = left.iter().find(|(_, times)| **times > 1);
        must(twice.is_none(), || format!("left more than once: {twice:?}"))?;
        let rows = moment.after.0.values();
        let recorded: BTreeSet<&str> = rows.map(|row| row.text("downstream_key")).collect();
        let unrecorded =
            left.keys().find(|key| !recorded.contains(key.as_str()) && !recorded.contains(first_key(key)));
        must(unrecorded.is_none(), || format!("left without a row that records it: {unrecorded:?}"))
    }

    fn at_rest(&self, moment: &Moment<'_>) -> Result<(), String> {
        let left = moment.world.count_sent();
        for row in moment.after.0.values().filter(|row| row.text("sk").starts_with("ACTION#")) {
            let key = row.text("downstream_key");
            let times = left.iter().filter(|(left, _)| *left == key || first_key(left) == key);
            let times: usize = times.map(|(_, times)| times).sum();
            let fits = match row.text("status") {
                "done" if ONCE_AT_STRIPE.contains(&row.text("kind")) => times <= 1,
                "done" => times == 1 || key.is_empty(),
                // Stripe made the refund, through us or otherwise, and it failed later.
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

/// The first idempotency key of a payment: once Stripe stores a refusal, later keys have the number of the
/// attempt.
fn first_key(key: &str) -> &str {
    match key.rsplit_once(':') {
        Some((first, tries)) if tries.bytes().all(|byte| byte.is_ascii_digit()) => first,
        _ => key,
    }
}
