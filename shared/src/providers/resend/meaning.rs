//! What Resend's events mean for us: which addresses are not written to again, and what operators count.
//!
//! Resend signs as Svix does: Standard Webhooks under `svix-…` names. Shapes: `WebhookEventPayload` of
//! its official SDK (resend-node, `webhook-event.interface.ts`), every member of it.
//!
//! | event | means |
//! | --- | --- |
//! | `email.bounced`, `bounce.type` `Permanent` | suppress each of `to` |
//! | `email.bounced`, any other type | a mail came back for a passing reason: counted |
//! | `email.complained` | suppress each of `to` |
//! | `email.suppressed` | Resend did not send, because the address is on its list: suppress each of `to` |
//! | `suppression.added` | suppress `email`, for the reason that `origin` says |
//! | `suppression.removed` | write to `email` again |
//! | `email.delivery_delayed`, `email.failed` | counted; says nothing about the address |
//! | every other | nothing |

use serde_json::Value;

use crate::domain::kernel::suppression::{SuppressionChange, SuppressionReason};
use crate::domain::platform::event::Event;
use crate::providers::signed::body::{self, Unreadable};
use crate::providers::signed::moment;
use crate::providers::standard_webhooks::VerifiedWebhook;

/// The source under which Resend's events are kept.
pub const RESEND: &str = "resend";

/// What a verified event of Resend's says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailEvent {
    /// The event, without any address.
    pub event: Event,
    /// What operators count it as; `None` for what needs no attention.
    pub report: Option<&'static str>,
    /// What it changes about the addresses.
    pub change: Option<SuppressionChange>,
    /// The addresses it is about, as Resend wrote them.
    pub addresses: Vec<String>,
}

/// Reads a verified event. What is signed and not understood is an event without consequences.
pub fn read(verified: &VerifiedWebhook) -> Result<MailEvent, Unreadable> {
    let root = body::object(verified.body())?;
    let name = body::name(&root).unwrap_or("unnamed").to_owned();
    let data = &root["data"];
    let occurred = moment::first_sane(&[&root["created_at"], &data["created_at"]], verified.signed_at());
    let (report, change) = meaning(&name, data);
    let event = Event::without_meaning(verified.id().to_owned(), name, occurred);
    let addresses = if change.is_some() { addresses(data) } else { Vec::new() };
    Ok(MailEvent { event, report, change, addresses })
}

fn meaning(name: &str, data: &Value) -> (Option<&'static str>, Option<SuppressionChange>) {
    let suppress =
        |reason: SuppressionReason| (Some(reason.as_str()), Some(SuppressionChange::Suppress(reason)));
    match name {
        "email.bounced" if is_permanent(&data["bounce"]) => suppress(SuppressionReason::Bounced),
        "email.bounced" => (Some("bounced_for_now"), None),
        "email.complained" => suppress(SuppressionReason::Complained),
        "email.suppressed" => suppress(origin(&data["suppressed"]["type"])),
        "suppression.added" => suppress(origin(&data["origin"])),
        "suppression.removed" => (Some("lifted"), Some(SuppressionChange::Lift)),
        "email.delivery_delayed" => (Some("delayed"), None),
        "email.failed" => (Some("failed"), None),
        _ => (None, None),
    }
}

/// `Permanent`, `Transient` or `Undetermined`. Where it is not said, the event alone says "permanently
/// rejected", which is what Resend's documentation means by it.
fn is_permanent(bounce: &Value) -> bool {
    bounce["type"].as_str().is_none_or(|kind| kind.eq_ignore_ascii_case("permanent"))
}

/// Why an address is on Resend's list. What is neither a complaint nor a person's own entry bounced.
fn origin(word: &Value) -> SuppressionReason {
    let word = word.as_str().unwrap_or_default().to_ascii_lowercase();
    if word.contains("complain") {
        SuppressionReason::Complained
    } else if word.contains("manual") {
        SuppressionReason::Blocked
    } else {
        SuppressionReason::Bounced
    }
}

/// `to` of a mail, a list or a single text; `email` of an entry of the suppression list.
fn addresses(data: &Value) -> Vec<String> {
    let listed = match &data["to"] {
        Value::Array(entries) => entries.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one.as_str()],
        _ => Vec::new(),
    };
    let entry = data["email"].as_str().filter(|_| listed.is_empty());
    let mut addresses: Vec<String> = listed.into_iter().chain(entry).map(str::to_owned).collect();
    addresses.retain(|address| address.contains('@'));
    addresses
}

#[cfg(test)]
mod tests;
