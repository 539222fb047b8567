//! Effects: the fencing token never decreases, stored requests never change, and only the claim's owner ends an
//! effect.

use shared::domain::kernel::time;
use shared::domain::platform::refusal::REFUND_RETURNED;

use crate::harness::invariant::{Invariant, Moment, must};
use crate::harness::process::is_of;
use crate::harness::rows::Row;

pub struct Fences;

/// Attributes that are written before the first call and never again.
const FROZEN: [&str; 4] = ["request", "downstream_key", "operation", "kind"];

impl Invariant for Fences {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        for (before, after) in moment.changes() {
            let is_effect = |row: &&Row| row.text("sk").starts_with("ACTION#");
            let Some(before) = before.filter(is_effect) else { continue };
            let Some(after) = after else { return Err(format!("an effect is gone: {before}")) };
            check(before, after, moment)
                .map_err(|problem| format!("{problem}: {before}\n  became {after}"))?;
        }
        Ok(())
    }
}

/// Attributes of a refused effect that change when it is resolved.
const LISTED: [&str; 5] = ["is_refusal_open", "refusal_resolved_at", "list_status_pk", "list_pk", "list_sk"];

/// Whether the change only removes a refused effect from its lists.
fn is_resolved(before: &Row, after: &Row) -> bool {
    let rest = |row: &Row| {
        let mut fields = row.0.as_object().cloned().unwrap_or_default();
        fields.retain(|name, _| !LISTED.contains(&name.as_str()));
        fields
    };
    before.text("status") == "rejected" && after.0["is_refusal_open"].is_null() && rest(before) == rest(after)
}

/// Whether a refund became refused because it failed at Stripe later. No other finished effect can be undone.
fn is_taken_back(before: &Row, after: &Row) -> bool {
    let is_refund =
        before.text("kind") == "payment_refunded" && before.number("fence") == after.number("fence");
    is_refund && before.text("status") == "done" && after.text("reason") == REFUND_RETURNED
}

fn check(before: &Row, after: &Row, moment: &Moment<'_>) -> Result<(), String> {
    let (old, new) = (before.number("fence"), after.number("fence"));
    let frozen = FROZEN.iter().all(|name| before.0[name] == after.0[name]);
    must(frozen, || "a frozen part of an effect changed".to_owned())?;
    must(new >= old, || "a fence fell".to_owned())?;
    let ended = matches!(before.text("status"), "done" | "rejected" | "unknown");
    if ended {
        return must(is_resolved(before, after) || is_taken_back(before, after), || {
            "an effect changed after its end".to_owned()
        });
    }
    let Some(actor) = moment.actor else { return Err("no worker changed an effect".to_owned()) };
    if new > old {
        let claimed = after.text("status") == "sending" && is_of(actor, after.text("owner"));
        return must(claimed, || format!("worker {actor} raised a fence without a claim of its own"));
    }
    let held = before.text("status") == "sending"
        && time::parse(before.text("lease_until")).is_some_and(|until| until > moment.world.now());
    must(!held || is_of(actor, before.text("owner")), || {
        format!("worker {actor} wrote under another's claim")
    })
}
