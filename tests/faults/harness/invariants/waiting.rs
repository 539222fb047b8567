//! Nothing waits unseen: whatever is not done is on the list of its company and on a list of all companies from its
//! first failure on, and what is done is on none.

use shared::domain::platform::effect::{Effect, EffectStatus};

use crate::harness::invariant::{Invariant, Moment, must};
use crate::harness::rows::Row;

/// The lists of all companies, from which the gauges are measured.
const OF_ALL: &str = "operator#waiting#";

pub struct NothingWaitsUnseen;

impl Invariant for NothingWaitsUnseen {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        moment.changes().filter_map(|(_, after)| after).try_for_each(check)
    }

    fn at_rest(&self, moment: &Moment<'_>) -> Result<(), String> {
        moment.after.0.values().try_for_each(check)?;
        for row in moment.after.of("BATCHES#") {
            let has_ended = ["completed", "incomplete"].contains(&row.text("status"));
            must(has_ended || !row.text("due_at").is_empty(), || {
                format!("a batch has not ended and nobody looks at it: {row}")
            })?;
        }
        Ok(())
    }
}

fn check(row: &Row) -> Result<(), String> {
    match (row.text("pk").split('#').next(), row.text("sk")) {
        (_, sk) if sk.starts_with("ACTION#") => check_effect(row),
        (Some("EVENT"), _) => {
            let waits = row.text("status") == "set_aside"
                || (row.text("status") == "pending" && row.number("tries").is_some_and(|tries| tries > 0));
            is_seen(row, waits, row.text("list_pk"), row.text("list_status_pk"))
        }
        (Some("CASE"), "CASE") => {
            let waits = row.text("status") == "open" && row.number("failed_tries").is_some_and(|it| it > 0);
            let is_listed = !row.text("waits_since").is_empty();
            must(!waits || is_listed, || format!("waits and is not listed: {row}"))?;
            is_seen(row, is_listed, row.text("professional_pk"), row.text("customer_pk"))
        }
        _ => Ok(()),
    }
}

/// An effect is listed from the first recorded failure on. A claim alone is no failure.
fn check_effect(row: &Row) -> Result<(), String> {
    let effect: Effect = row.read();
    let waits = match effect.status {
        EffectStatus::Prepared | EffectStatus::Sending => effect.reason.is_some(),
        EffectStatus::Unknown => true,
        EffectStatus::Rejected => effect.is_refusal_open,
        EffectStatus::Done => false,
    };
    is_seen(row, waits, row.text("list_pk"), row.text("list_status_pk"))
}

fn is_seen(row: &Row, waits: bool, of_all: &str, of_company: &str) -> Result<(), String> {
    let is_listed = of_all.starts_with(OF_ALL);
    must(!waits || (is_listed && !of_company.is_empty()), || format!("waits and is not listed: {row}"))?;
    must(waits || !is_listed, || format!("is listed and does not wait: {row}"))
}
