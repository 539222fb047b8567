//! Webhook events, and those that a person must replay or dismiss.

use schemars::JsonSchema;
use serde_json::{Value, json};
use shared::views::ListView;
use shared::views::platform::event::{StoredEventView, WebhookReceiptView};
use shared::views::schema::Note;

use crate::operation::{Function, Operation, get, post, with};

pub(super) fn function() -> Function {
    Function {
        name: "webhooks",
        about: "Webhook events of all sources, and those that a person must replay or dismiss.",
        unavailable: Some("IntakeUnavailable"),
        operations: vec![
            receive_whop_event(),
            receive_stripe_event(),
            receive_resend_event(),
            receive_source_event(),
            list_set_aside_events(),
            replay_event(),
            dismiss_event(),
        ],
    }
}

fn receive_whop_event() -> Operation {
    post("/api/webhooks/whop", "receiveWhopEvent")
        .summary("Whop: deliver an event.")
        .about(
            "The response is 2xx only once the event is stored. The signature covers the raw body and is \
             verified before the body is parsed. Events that do not affect a case are stored as well. An event whose \
             name this version does not know is `kept` without effect as `unknown_name`, is counted, and can be \
             replayed once a version knows it.",
        )
        .twice(
            "The second delivery is answered with `duplicate`. Events may be delivered any number of times \
             and in any order, and lead to the same status.",
        )
        .parameters(&["WebhookId", "WebhookTimestamp"])
        .bodies::<WhopEvent>([
            ("v1", "From a webhook of version v1", json!({
                "id": "msg_v1Failed01", "api_version": "v1", "type": "payment.failed",
                "timestamp": "2026-07-20T10:00:04.120Z", "company_id": "biz_a1B2c3",
                "data": {
                    "id": "pay_3nEw0ld", "status": "open", "billing_reason": "subscription_cycle",
                    "last_payment_attempt": "2026-07-20T10:00:00.000Z", "currency": "usd", "total": 19.0,
                    "membership": {"id": "mem_q7Rn2", "status": "past_due"}, "user": {"id": "user_k4Tz9"},
                },
            })),
            ("v5", "From a webhook of version v5", json!({
                "api_version": "v5", "action": "membership.went_valid",
                "data": {
                    "id": "mem_q7Rn2", "user_id": "user_k4Tz9", "page_id": "biz_a1B2c3", "status": "active",
                    "valid": true, "renewal_period_start": 1784368800, "renewal_period_end": 1787047200,
                },
            })),
        ])
        .read_as(
            "The event as Whop sends it, in any version, at most 256 KiB. It is read as JSON, whatever its \
             content type.",
        )
        .answers::<WebhookReceiptView>(200, "The event is stored.", [
            ("applied", "A new event", receipt("msg_v1Failed01", "applied")),
            ("kept", "An event without effect, or one that is applied later", receipt("msg_v1New0001", "kept")),
            ("duplicate", "The same event again", receipt("msg_v1Failed01", "duplicate")),
        ])
        .fails(&["InvalidEvent"])
}

fn receive_stripe_event() -> Operation {
    post("/api/webhooks/stripe", "receiveStripeEvent")
        .summary("Stripe: deliver an event.")
        .about(
            "The response is 2xx only once the event is stored, encrypted, for at least 40 days. The \
             signature covers the raw body and is verified before the body is parsed.\n\nAn event about the \
             payment of a booking or the account of a professional is `applied` at once, in the transaction \
             that stores it. If it cannot be applied yet, because its payment belongs to no booking yet or \
             because more has to be read from Stripe, it is `kept` and retried. An event about the \
             platform's money that cannot be read is `kept` and set aside with its reason. Any other event \
             is `kept` without effect.\n\nAn event has an effect only if it verifiably belongs to this \
             platform. Otherwise it is `kept` without effect and counted by its reason: `wrong_mode` if its \
             mode is missing or is not that of the platform's API key; `other_account` if it is from another \
             account (a connected account is named in `account`, `user_id` or `context`; only events about \
             its own status and its failed payouts have an effect); `not_ours` if the platform did not \
             create the payment; `thin_event` if it is a thin event; `unknown_name` if this version does not know \
             its name. If the mode of the API key is not \
             known, events that would have an effect are set aside as `mode_unknown`.\n\nA signed event is \
             never refused because of its content: a time that cannot be read is replaced by the time of \
             arrival, an unusual name by `unnamed`, and a missing ID by one derived from the body. Only a \
             body that is not a JSON object is refused with 400.",
        )
        .twice(
            "The second delivery of an ID is answered with `duplicate`, whatever its body. Events may be \
             delivered in any order, and lead to the same status.",
        )
        .body::<StripeEvent>(json!({
            "id": "evt_1RfKq2Lk", "object": "event", "type": "charge.refunded", "created": 1784541600,
            "livemode": true, "data": {"object": {"id": "ch_3RfKq2Lk", "object": "charge"}},
        }))
        .read_as(
            "The event as Stripe sends it, at most 256 KiB. It is read as JSON, whatever its content type.",
        )
        .answers::<WebhookReceiptView>(
            200,
            "The event is stored.",
            [
                ("applied", "A new event about a booking", receipt("evt_1RfKq2Lk", "applied")),
                (
                    "kept",
                    "An event without effect, or one that is applied later",
                    receipt("evt_1RfKq2Lk", "kept"),
                ),
                ("duplicate", "The same event again", receipt("evt_1RfKq2Lk", "duplicate")),
            ],
        )
        .fails(&["InvalidEvent"])
}

fn receive_resend_event() -> Operation {
    post("/api/webhooks/resend", "receiveResendEvent")
        .summary("Resend: deliver an event about an email.")
        .about(
            "The response is 2xx only once the event is stored, encrypted, for 40 days. Resend signs with \
             Svix: `svix-id`, `svix-timestamp` and `svix-signature`, with a secret `whsec_…`.\n\nAn event \
             about a permanent bounce, a complaint or an entry on Resend's suppression list is `applied`: no \
             more email is sent to the address. `suppression.removed` lifts the suppression. The newest \
             event about an address applies, in whatever order events are delivered. Delays, temporary \
             bounces and failures are `kept` and counted for operators. Any other event is `kept` without \
             effect.",
        )
        .twice(
            "The second delivery of an ID is answered with `duplicate`, whatever its body. Nothing changes.",
        )
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
        .read_as(
            "The event as Resend sends it, at most 256 KiB. It is read as JSON, whatever its content type.",
        )
        .answers::<WebhookReceiptView>(
            200,
            "The event is stored.",
            [
                ("applied", "A new event about an address", receipt("msg_p5jXN8AQ", "applied")),
                ("kept", "A new event that does not affect an address", receipt("msg_p5jXN8AQ", "kept")),
                ("duplicate", "The same event again", receipt("msg_p5jXN8AQ", "duplicate")),
            ],
        )
        .fails(&["InvalidEvent"])
}

fn receive_source_event() -> Operation {
    post("/api/webhooks/{source}", "receiveSourceEvent")
        .summary("Any other source: deliver an event with Standard Webhooks.")
        .about(
            "The response is 2xx only once the event is stored, encrypted, for 40 days. Each source has its \
             own keys. An unknown source gets the same response as a wrong signature.",
        )
        .twice(
            "The second delivery of an ID is answered with `duplicate`, whatever its body. Nothing changes.",
        )
        .parameters(&["WebhookId", "WebhookTimestamp"])
        .body::<SourceEvent>(json!({
            "type": "invoice.paid", "timestamp": "2026-07-20T10:00:00.000Z", "data": {"id": "inv_1"},
        }))
        .read_as(
            "The event, at most 256 KiB. It is read as JSON, whatever its content type. `type` and \
             `timestamp`, if present, are its name and time.",
        )
        .answers::<WebhookReceiptView>(
            200,
            "The event is stored.",
            [
                ("kept", "A new event", receipt("msg_p5jXN8AQ", "kept")),
                ("duplicate", "The same event again", receipt("msg_p5jXN8AQ", "duplicate")),
            ],
        )
        .fails(&["InvalidEvent"])
}

fn list_set_aside_events() -> Operation {
    get("/api/webhooks/events", "listSetAsideEvents")
        .summary("Operator: list events that were set aside.")
        .about("Lists the events that could not be applied and need a person, with the reason, oldest first.")
        .parameters(&["Limit", "Cursor"])
        .answer::<ListView<StoredEventView>>(
            200,
            "A page of events that were set aside, oldest first.",
            json!({"data": [event()], "next_cursor": null}),
        )
        .narrowed(json!({"data": {"items": {"properties": {"status": {"const": "set_aside"}}}}}))
        .fails(&["TableUnavailable"])
}

fn replay_event() -> Operation {
    post("/api/webhooks/events/{event_id}/replay", "replayEvent")
        .summary("Operator: replay an event that was set aside, dismissed or ignored.")
        .about(
            "An event of Stripe that could not be read, or was stored without effect, is read again with the \
             current configuration; if it still has no effect, the response is 409 with the reason. \
             Otherwise it is applied at once if possible. If not, a scheduled job retries, and sets it aside \
             again if all attempts fail. A request body is ignored.",
        )
        .twice(
            "The second request is refused with 409 while the first is running, or after it has applied the \
             event. An event that was set aside again can be replayed again. Applying an event twice changes \
             nothing.",
        )
        .answer::<StoredEventView>(
            200,
            "The event with its new status.",
            with(event(), json!({"status": "applied", "reason": null, "tries": 0, "replays": 1})),
        )
        .fails(&["NotFound", "ReplayConflict", "TableUnavailable"])
}

fn dismiss_event() -> Operation {
    post("/api/webhooks/events/{event_id}/dismiss", "dismissEvent")
        .summary("Operator: dismiss an event that could not be applied.")
        .about(
            "For an event that a person has examined and that is not to be applied: one that was set aside, or that \
             failed at least once and is tried again. It leaves every list, is not tried any more, and is kept for \
             another 40 days with the note. The event is stored with its audit entry in one transaction. A dismissed \
             event can be replayed. A further delivery of it is answered with `duplicate`.",
        )
        .twice(
            "The second request changes nothing and is answered with the dismissed event, with the first one's note; \
             there is no second audit entry.",
        )
        .body::<DismissalNote>(json!({"note": "A test event of the provider's dashboard."}))
        .answer::<StoredEventView>(
            200,
            "The dismissed event.",
            with(
                event(),
                json!({
                    "status": "dismissed", "dismissed_at": "2026-07-22T15:00:00.000Z", "dismissed_by": "on_call:ana",
                    "note": "A test event of the provider's dashboard.",
                }),
            ),
        )
        .fails(&["NotFound", "DismissalConflict", "TableUnavailable"])
}

fn receipt(event_id: &str, outcome: &str) -> Value {
    json!({"event_id": event_id, "outcome": outcome})
}

/// An event that was set aside.
fn event() -> Value {
    json!({
        "event_id": "msg_v1Failed01", "source": "whop", "name": "payment.failed", "company_id": null,
        "membership_id": "mem_q7Rn2", "payment_id": "pay_3nEw0ld", "booking_id": null, "payment_intent_id": null,
        "status": "set_aside", "reason": "owner_unknown", "tries": 16, "replays": 0,
        "dismissed_at": null, "dismissed_by": null, "note": null,
        "occurred_at": "2026-07-20T10:00:00.000Z", "occurred_at_source": "payload",
        "received_at": "2026-07-20T10:00:05.000Z",
    })
}

/// The reason for dismissing an event.
#[derive(JsonSchema)]
pub struct DismissalNote {
    /// The reason. It is stored with the event and in the audit log.
    pub note: Note,
}

/// An event of Whop in any version. Its name is the first of `type`, `action` and `event` that contains one.
/// All fields are optional: a signed event that has no effect is stored as well, whatever its name.
#[derive(JsonSchema)]
#[schemars(extend("type" = "object"))]
pub struct WhopEvent;

/// An event of Stripe in any version, including thin events. Every field may be absent or have any form.
#[derive(JsonSchema)]
#[schemars(extend("additionalProperties" = true))]
pub struct StripeEvent {
    /// Identifies a second delivery; usually `evt_…`. A string that is not 1 to 128 printable ASCII
    /// characters without spaces and `@` is stored as its digest, `sha256:…`. An event without an ID is
    /// stored under the digest of its body, `derived_…`.
    pub id: Option<Value>,
    /// The name of the event, such as `charge.refunded` or `v2.core.account[requirements].updated`. Any other
    /// value is stored as `unnamed`.
    pub r#type: Option<Value>,
    /// The time of the event: unix seconds or a string. A time that cannot be read is replaced by the time of
    /// arrival.
    pub created: Option<Value>,
    /// Whether the event is from live mode. An event without this field belongs to neither mode.
    pub livemode: Option<Value>,
    /// The connected account. Versions up to 2017-05-25 use `user_id`; versions since 2025-04-30 also use
    /// `context`.
    pub account: Option<Value>,
}

/// An event of any other source: an object whose content the source defines.
#[derive(JsonSchema)]
#[schemars(extend("type" = "object"))]
pub struct SourceEvent;
