//! Events of Whop, of Stripe and of other sources; and those of Whop that wait for a person.

use schemars::JsonSchema;
use serde_json::{Value, json};
use shared::views::ListView;
use shared::views::platform::event::{StoredEventView, WebhookReceiptView};

use crate::operation::{Function, get, post, with};

pub(super) fn function() -> Function {
    Function {
        name: "webhooks",
        about: "Events of Whop, of Stripe and of other sources; and those of Whop that wait for a person.",
        unavailable: Some("IntakeUnavailable"),
        operations: vec![
            post("/api/webhooks/whop", "receiveWhopEvent")
                .summary("Whop: deliver an event.")
                .about("Answered with 2xx only once the event is kept. The signature covers the raw bytes; \
                     nothing is read before it is right. An event that means nothing to a case is kept all the same.")
                .twice("the second delivery finds the first and answers `duplicate`; events may come any number \
                     of times and in any order and end in one status.")
                .parameters(&["WebhookId", "WebhookTimestamp"])
                .bodies::<WhopEvent>([
                    ("v1", "Of a webhook of version v1", json!({
                        "id": "msg_v1Failed01", "api_version": "v1", "type": "payment.failed",
                        "timestamp": "2026-07-20T10:00:04.120Z", "company_id": "biz_a1B2c3",
                        "data": {
                            "id": "pay_3nEw0ld", "status": "open", "billing_reason": "subscription_cycle",
                            "last_payment_attempt": "2026-07-20T10:00:00.000Z", "currency": "usd", "total": 19.0,
                            "membership": {"id": "mem_q7Rn2", "status": "past_due"}, "user": {"id": "user_k4Tz9"},
                        },
                    })),
                    ("v5", "Of a webhook of version v5", json!({
                        "api_version": "v5", "action": "membership.went_valid",
                        "data": {
                            "id": "mem_q7Rn2", "user_id": "user_k4Tz9", "page_id": "biz_a1B2c3", "status": "active",
                            "valid": true, "renewal_period_start": 1784368800, "renewal_period_end": 1787047200,
                        },
                    })),
                ])
                .read_as("The event as Whop sends it, in any of its dialects; at most 256 KiB. Read as JSON \
                     whatever its content type says.")
                .answers::<WebhookReceiptView>(200, "The event is kept.", [
                    ("applied", "A new event", json!({"event_id": "msg_v1Failed01", "outcome": "applied"})),
                    ("duplicate", "The same event again", json!({
                        "event_id": "msg_v1Failed01", "outcome": "duplicate",
                    })),
                ])
                .fails(&["InvalidEvent"]),
            post("/api/webhooks/stripe", "receiveStripeEvent")
                .summary("Stripe: deliver an event.")
                .about("Answered with 2xx only once the event is kept, sealed, for at least 40 days. The \
                     signature covers the raw bytes; nothing is read before it is right.\n\nWhat is about the money \
                     of a booking or the account of a professional is `applied` at once, in the transaction that \
                     keeps it. Where that cannot be done yet it is `kept` and tried again: one of a payment that is \
                     no booking's yet, or one of which only Stripe can say the rest. An event about our money that \
                     cannot be read is `kept` and set aside with its reason. Anything else is `kept` and nothing \
                     follows.\n\nAn event counts only where it is proven to be ours. `kept` without effect, and \
                     counted by reason, is what is of another mode than our key (`wrong_mode`; an event that does not \
                     say its mode too), of another account (`other_account`: of a connected account, named in \
                     `account`, `user_id` or `context`, only its own standing and its failed payouts count), about a \
                     payment that we did not open (`not_ours`), or a thin event (`thin_event`). While our key does \
                     not say its mode, what would count is set aside as `mode_unknown`.\n\nWhat is signed is never \
                     refused for what it says: a time that cannot be read is the time of arrival, an unusual name is \
                     `unnamed`. An event without an id has one that its body gives. Only what is no JSON object is a \
                     400.")
                .twice("the second delivery of an id finds the first and answers `duplicate`, whatever its body; \
                     events may come in any order and end in one status.")
                .body::<StripeEvent>(json!({
                    "id": "evt_1RfKq2Lk", "object": "event", "type": "charge.refunded", "created": 1784541600,
                    "livemode": true, "data": {"object": {"id": "ch_3RfKq2Lk", "object": "charge"}},
                }))
                .read_as("The event as Stripe sends it; at most 256 KiB. Read as JSON whatever its content type \
                     says.")
                .answers::<WebhookReceiptView>(200, "The event is kept.", [
                    ("applied", "A new event about a booking", json!({
                        "event_id": "evt_1RfKq2Lk", "outcome": "applied",
                    })),
                    ("kept", "An event without consequences, or without any yet", json!({
                        "event_id": "evt_1RfKq2Lk", "outcome": "kept",
                    })),
                    ("duplicate", "The same event again", json!({
                        "event_id": "evt_1RfKq2Lk", "outcome": "duplicate",
                    })),
                ])
                .fails(&["InvalidEvent"]),
            post("/api/webhooks/resend", "receiveResendEvent")
                .summary("Resend: deliver an event about a mail.")
                .about("Answered with 2xx only once the event is kept, sealed, for 40 days. Resend signs as Svix \
                     does: `svix-id`, `svix-timestamp` and `svix-signature`, by a key `whsec_…`.\n\nAn address whose \
                     mail bounced for good, whose reader complained, or that stands on Resend's suppression list is \
                     not written to again: such an event is `applied`. `suppression.removed` lifts that. The newest \
                     event about an address decides, in whatever order they come. Delays, passing bounces and \
                     failures are `kept` and counted for operators; everything else is `kept` and nothing follows.")
                .twice("the second delivery of an id finds the first and answers `duplicate`, whatever its body; \
                     nothing changes.")
                .parameters(&["WebhookId", "WebhookTimestamp"])
                .body::<SourceEvent>(json!({
                    "type": "email.bounced", "created_at": "2026-07-20T10:00:00.000Z",
                    "data": {
                        "email_id": "56761188-7520-42d8-8898-ff6fc54ce618", "to": ["nobody@example.com"],
                        "bounce": {
                            "type": "Permanent", "subType": "General", "message": "The mailbox does not exist.",
                        },
                    },
                }))
                .read_as("The event as Resend sends it; at most 256 KiB. Read as JSON whatever its content type \
                     says.")
                .answers::<WebhookReceiptView>(200, "The event is kept.", [
                    ("applied", "A new event about an address", json!({
                        "event_id": "msg_p5jXN8AQ", "outcome": "applied",
                    })),
                    ("kept", "A new event that says nothing about an address", json!({
                        "event_id": "msg_p5jXN8AQ", "outcome": "kept",
                    })),
                    ("duplicate", "The same event again", json!({
                        "event_id": "msg_p5jXN8AQ", "outcome": "duplicate",
                    })),
                ])
                .fails(&["InvalidEvent"]),
            post("/api/webhooks/{source}", "receiveSourceEvent")
                .summary("Any other source: deliver an event by Standard Webhooks.")
                .about("Answered with 2xx only once the event is kept, sealed, for 40 days. Each source has keys \
                     of its own; a source that does not exist answers as a wrong signature does.")
                .twice("the second delivery of an id finds the first and answers `duplicate`, whatever its body; \
                     nothing changes.")
                .parameters(&["WebhookId", "WebhookTimestamp"])
                .body::<SourceEvent>(json!({
                    "type": "invoice.paid", "timestamp": "2026-07-20T10:00:00.000Z", "data": {"id": "inv_1"},
                }))
                .read_as("The event; at most 256 KiB. Read as JSON whatever its content type says. `type` and \
                     `timestamp` are its name and time where they are there.")
                .answers::<WebhookReceiptView>(200, "The event is kept.", [
                    ("kept", "A new event", json!({"event_id": "msg_p5jXN8AQ", "outcome": "kept"})),
                    ("duplicate", "The same event again", json!({
                        "event_id": "msg_p5jXN8AQ", "outcome": "duplicate",
                    })),
                ])
                .fails(&["InvalidEvent"]),
            get("/api/webhooks/events", "listSetAsideEvents")
                .summary("Operator: list the events that wait for a person.")
                .about("Events that could not be applied, oldest first, with the reason.")
                .parameters(&["Limit", "Cursor"])
                .answer::<ListView<StoredEventView>>(
                    200,
                    "A page of events that were set aside, oldest first.",
                    json!({"data": [event()], "next_cursor": null}),
                )
                .narrowed(json!({"data": {"items": {"properties": {"status": {"const": "set_aside"}}}}}))
                .fails(&["TableUnavailable"]),
            post("/api/webhooks/events/{event_id}/replay", "replayEvent")
                .summary("Operator: apply a set-aside or ignored event again.")
                .about("An event of Stripe that could not be read, or was kept without effect, is read once more \
                     under today's configuration; where it still has no effect the answer is 409 with the reason. \
                     Otherwise it is applied at once where that can be done, or the schedule goes on trying, and sets \
                     it aside again where nothing helps. A body is not read.")
                .twice("the second request is refused with 409 while the first is at work or when it has applied \
                     the event; an event set aside again may be replayed again. Applying an event twice changes \
                     nothing.")
                .answer::<StoredEventView>(
                    200,
                    "The event as it stands now.",
                    with(event(), json!({"status": "applied", "reason": null, "tries": 0, "replays": 1})),
                )
                .fails(&["NotFound", "ReplayConflict", "TableUnavailable"]),
        ],
    }
}

fn event() -> Value {
    json!({
        "event_id": "msg_v1Failed01", "source": "whop", "name": "payment.failed", "company_id": null,
        "membership_id": "mem_q7Rn2", "payment_id": "pay_3nEw0ld", "booking_id": null, "payment_intent_id": null,
        "status": "set_aside", "reason": "owner_unknown", "tries": 16, "replays": 0,
        "occurred_at": "2026-07-20T10:00:00.000Z", "occurred_at_source": "payload",
        "received_at": "2026-07-20T10:00:05.000Z",
    })
}

/// An event of Whop in any of its dialects: named by the first of `type`, `action` and `event` that contains
/// a name. Every field is optional: signed events without a meaning for us are stored too.
#[derive(JsonSchema)]
#[schemars(extend("type" = "object"))]
pub struct WhopEvent;

/// An event of Stripe in any of its versions, thin ones included. Everything in it may be absent or of any
/// form.
#[derive(JsonSchema)]
#[schemars(extend("additionalProperties" = true))]
pub struct StripeEvent {
    /// By which a second delivery is recognised; usually `evt_…`. A text that is not 1 to 128 printable ASCII
    /// characters without spaces and `@` is kept under its digest, `sha256:…`. Where there is none, the event
    /// is kept under the digest of its body, `derived_…`.
    pub id: Option<Value>,
    /// The name, such as `charge.refunded` or `v2.core.account[requirements].updated`; anything else is kept as
    /// `unnamed`.
    pub r#type: Option<Value>,
    /// Unix seconds, or a text. A time that cannot be read is the time of arrival.
    pub created: Option<Value>,
    /// Whether it is of live mode. An event without this field is of neither mode.
    pub livemode: Option<Value>,
    /// The connected account; `user_id` up to version 2017-05-25, and since 2025-04-30 `context` as well.
    pub account: Option<Value>,
}

/// An event of a source. It has to be an object; everything in it is the source's own.
#[derive(JsonSchema)]
#[schemars(extend("type" = "object"))]
pub struct SourceEvent;
