//! Interprets Resend's events: which addresses are suppressed, and what is counted for operators.
//!
//! Resend signs like Svix: Standard Webhooks with `svix-…` headers. The shapes follow `WebhookEventPayload` of
//! its official SDK (resend-node, `webhook-event.interface.ts`), all members.
//!
//! | event | meaning |
//! | --- | --- |
//! | `email.bounced`, `bounce.type` `Permanent` | suppress each of `to` |
//! | `email.bounced`, any other type | temporary bounce: counted |
//! | `email.complained` | suppress each of `to` |
//! | `email.suppressed` | Resend did not send, because the address is on its list: suppress each of `to` |
//! | `suppression.added` | suppress `email`, with the reason of `origin` |
//! | `suppression.removed` | send to `email` again |
//! | `email.delivery_delayed`, `email.failed` | counted; says nothing about the address |
//! | every other | nothing |

use serde_json::Value;

use crate::domain::kernel::suppression::{SuppressionChange, SuppressionReason};
use crate::domain::platform::event::Event;
use crate::providers::signed::body::{self, Unreadable};
use crate::providers::signed::moment;
use crate::providers::standard_webhooks::VerifiedWebhook;

/// The source name of stored Resend events.
pub const RESEND: &str = "resend";

/// All kinds of reports that are counted for operators.
pub const REPORT_KINDS: [&str; 7] =
    ["bounced", "complained", "blocked", "lifted", "bounced_for_now", "delayed", "failed"];

/// A verified and parsed event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailEvent {
    /// The event, without any address.
    pub event: Event,
    /// The kind under which the event is counted; `None` if it needs no attention.
    pub report: Option<&'static str>,
    /// The change of the addresses' suppression.
    pub change: Option<SuppressionChange>,
    /// The affected addresses as Resend wrote them.
    pub addresses: Vec<String>,
}

/// Parses a verified event. An unknown event has no effect.
pub fn read(verified: &VerifiedWebhook) -> Result<MailEvent, Unreadable> {
    let root = body::parse_object(verified.body())?;
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

/// Whether `bounce.type` is `Permanent` (others: `Transient`, `Undetermined`). A bounce without a type counts as
/// permanent, because Resend documents the event as "permanently rejected".
fn is_permanent(bounce: &Value) -> bool {
    bounce["type"].as_str().is_none_or(|kind| kind.eq_ignore_ascii_case("permanent"))
}

/// Why an address is on Resend's suppression list. Everything but a complaint and a manual entry counts as a
/// bounce.
fn origin(value: &Value) -> SuppressionReason {
    let origin = value.as_str().unwrap_or_default().to_ascii_lowercase();
    if origin.contains("complain") {
        SuppressionReason::Complained
    } else if origin.contains("manual") {
        SuppressionReason::Blocked
    } else {
        SuppressionReason::Bounced
    }
}

/// Reads `to` of a mail, which is a list or one text, or `email` of an entry of the suppression list.
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
