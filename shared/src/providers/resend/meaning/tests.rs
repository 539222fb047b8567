use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::HeaderMap;
use serde_json::json;

use super::*;
use crate::providers::standard_webhooks::{SigningKey, WebhookKeys, verify};

const KEY: &str = "whsec_c2FuZGJveCBzaGFyZWQga2V5IG9mIDMyIGJ5dGVzISE=";

fn now() -> DateTime<Utc> {
    "2025-11-18T12:00:00Z".parse().unwrap()
}

fn read_body(body: &Value) -> MailEvent {
    let text = body.to_string();
    let signature = SigningKey::parse(KEY).unwrap().sign("msg_1", now(), text.as_bytes());
    let mut headers = HeaderMap::new();
    headers.insert("svix-id", "msg_1".parse().unwrap());
    headers.insert("svix-timestamp", now().timestamp().into());
    headers.insert("svix-signature", signature.parse().unwrap());
    let keys = WebhookKeys::parse([KEY]).unwrap();
    read(&verify(&headers, Bytes::from(text), &keys, now()).unwrap()).unwrap()
}

fn mail(kind: &str, detail: (&str, Value)) -> Value {
    let mut body = json!({
        "type": kind,
        "created_at": "2025-11-18T11:59:30.000Z",
        "data": {
            "created_at": "2025-11-18 11:59:00.894719+00",
            "email_id": "56761188-7520-42d8-8898-ff6fc54ce618",
            "message_id": "<1@resend.dev>",
            "from": "Shop <shop@example.com>",
            "to": ["ann@example.com", "Bob <bob@example.com>"],
            "subject": "Your renewal",
        },
    });
    if !detail.0.is_empty() {
        body["data"][detail.0] = detail.1;
    }
    body
}

fn bounce(kind: &str) -> (&'static str, Value) {
    (
        "bounce",
        json!({"type": kind, "subType": "General", "message": "550 5.1.1 no such user ann@example.com"}),
    )
}

#[test]
fn every_event_of_the_sdk_has_the_documented_meaning() {
    let suppress = |reason| Some(SuppressionChange::Suppress(reason));
    let none = || ("", Value::Null);
    for (kind, detail, report, change) in [
        ("email.bounced", bounce("Permanent"), Some("bounced"), suppress(SuppressionReason::Bounced)),
        ("email.bounced", none(), Some("bounced"), suppress(SuppressionReason::Bounced)),
        ("email.bounced", bounce("Transient"), Some("bounced_for_now"), None),
        ("email.bounced", bounce("Undetermined"), Some("bounced_for_now"), None),
        ("email.complained", none(), Some("complained"), suppress(SuppressionReason::Complained)),
        (
            "email.suppressed",
            ("suppressed", json!({"type": "OnAccountSuppressionList", "message": "…"})),
            Some("bounced"),
            suppress(SuppressionReason::Bounced),
        ),
        ("email.delivery_delayed", none(), Some("delayed"), None),
        ("email.failed", ("failed", json!({"reason": "reached_daily_quota"})), Some("failed"), None),
        ("email.sent", none(), None, None),
        ("email.scheduled", none(), None, None),
        ("email.delivered", none(), None, None),
        ("email.opened", none(), None, None),
        ("email.clicked", none(), None, None),
        ("email.received", none(), None, None),
    ] {
        let read = read_body(&mail(kind, detail));
        assert_eq!((read.report, read.change), (report, change), "{kind}");
        assert_eq!(read.addresses.len(), if change.is_some() { 2 } else { 0 }, "{kind}");
        assert_eq!(read.event.occurred_at, "2025-11-18T11:59:30Z".parse::<DateTime<Utc>>().unwrap());
        assert!(!serde_json::to_string(&read.event).unwrap().contains('@'), "no address in clear");
    }
}

#[test]
fn an_entry_of_the_suppression_list_has_a_reason_and_an_address() {
    for (kind, origin, change) in [
        ("suppression.added", "bounce", SuppressionChange::Suppress(SuppressionReason::Bounced)),
        ("suppression.added", "complaint", SuppressionChange::Suppress(SuppressionReason::Complained)),
        ("suppression.added", "manual", SuppressionChange::Suppress(SuppressionReason::Blocked)),
        ("suppression.removed", "bounce", SuppressionChange::Lift),
    ] {
        let data = json!({"id": "1", "email": "ann@example.com", "origin": origin, "source_id": null, "created_at": "2025-11-18T11:59:00.000Z"});
        let read = read_body(&json!({"type": kind, "created_at": "2025-11-18T11:59:30.000Z", "data": data}));
        assert_eq!(read.change, Some(change), "{kind} {origin}");
        assert_eq!(read.addresses, ["ann@example.com"]);
    }
}

#[test]
fn what_is_signed_and_not_understood_has_no_consequences() {
    for body in [
        json!({}),
        json!({"type": 5, "data": []}),
        json!({"type": "email.bounced"}),
        json!({"type": "email.bounced", "data": {"to": [1, null, {"a": 1}, "nobody"]}}),
        json!({"type": "email.bounced", "data": {"to": {"email": "x"}}, "created_at": {}}),
        json!({"type": "email.complained", "data": null}),
        json!({"type": "somebody@example.com", "data": {"to": ["ann@example.com"]}}),
    ] {
        assert_eq!(read_body(&body).addresses, [""; 0], "{body}");
    }
}
