mod amounts;
mod arbitrary;
mod dialects;
pub mod fixtures;
mod identity;
mod meanings;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue};
use serde_json::Value;

use super::super::signature::{VerifiedWhopEvent, sign_legacy, sign_standard, verify};
use super::{Unreadable, read};
use crate::domain::kernel::money::{Currency, Money};
use crate::domain::platform::event::{Event, IgnoreReason, Meaning};
use crate::providers::signed::Secret;

/// 2026-07-25T10:00:00Z, after the time of every fixture.
fn arrival() -> DateTime<Utc> {
    DateTime::from_timestamp(1_784_973_600, 0).unwrap()
}

fn at(unix_s: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(unix_s, 0).unwrap()
}

fn usd(amount: i64) -> Option<Money> {
    Some(Money { amount, currency: Currency::parse("usd").unwrap() })
}

fn secret() -> Secret {
    Secret::new("ws_0123456789abcdef").unwrap()
}

/// A delivery of the older scheme, which has no event id.
fn legacy(body: &[u8]) -> VerifiedWhopEvent {
    let mut headers = HeaderMap::new();
    let signature = sign_legacy(arrival(), body, &secret());
    headers.insert("x-whop-signature", HeaderValue::from_str(&signature).unwrap());
    verify(&headers, Bytes::copy_from_slice(body), &[secret()], arrival()).unwrap()
}

/// A Standard Webhooks delivery with this id.
fn standard(id: &str, body: &[u8]) -> VerifiedWhopEvent {
    let mut headers = HeaderMap::new();
    let signature = sign_standard(id, arrival(), body, &secret());
    let time = arrival().timestamp().to_string();
    for (name, value) in [("webhook-id", id), ("webhook-timestamp", &time), ("webhook-signature", &signature)]
    {
        headers.insert(name, HeaderValue::from_str(value).unwrap());
    }
    verify(&headers, Bytes::copy_from_slice(body), &[secret()], arrival()).unwrap()
}

fn event(body: &str) -> Event {
    read(&legacy(body.as_bytes())).unwrap()
}

/// The event of a fixture with one field replaced.
fn event_with(fixture: &str, pointer: &str, value: Value) -> Event {
    let mut body: Value = serde_json::from_str(fixture).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[key] = value;
    event(&body.to_string())
}

#[test]
fn what_is_no_json_object_is_unreadable_and_not_quoted() {
    let unreadable = |body: &[u8]| read(&legacy(body)).unwrap_err();
    assert_eq!(unreadable(b""), Unreadable::NotJson { line: 1, column: 0 });
    assert_eq!(unreadable(b"{\n private"), Unreadable::NotJson { line: 2, column: 2 });
    assert!(matches!(unreadable(b"{\"type\":\"\xff\"}"), Unreadable::NotJson { .. }));
    for body in ["[]", "null", "12", "\"payment.failed\"", "[{\"type\":\"payment.failed\"}]"] {
        assert_eq!(unreadable(body.as_bytes()), Unreadable::NotAnObject, "{body}");
    }
    let message = unreadable(br#"{"email": buyer@example.com}"#).to_string();
    assert_eq!(message, "the body is not JSON at line 1, column 11");
}

#[test]
fn what_is_signed_is_an_event_whatever_its_name() {
    for body in [
        "{}",
        r#"{"type":null}"#,
        r#"{"type":{"name":"x"},"action":""}"#,
        r#"{"data":{"type":"x"}}"#,
        r#"{"type":"Ð4"}"#,
        r#"{"type":"a name of several words"}"#,
    ] {
        let event = read(&legacy(body.as_bytes())).unwrap();
        let unknown = Meaning::Ignored { reason: IgnoreReason::UnknownName };
        assert_eq!((event.name.as_str(), event.meaning), ("unnamed", unknown), "{body}");
        assert!(event.event_id.starts_with("derived_"), "{body}");
    }
}

#[test]
fn a_name_that_the_parser_keeps_for_itself_stays_data_and_the_event_is_read() {
    for name in [
        "$serde_json::private::RawValue",
        "$serde_json::private::Number",
        r"\u0024serde_json::private::Number",
    ] {
        let hostile = format!(r#"{{"{name}":"[[[["}}"#);
        let body = format!(
            r#"{{"action":"payment.failed","data":{{"id":"pay_1","metadata":{hostile},"membership":"mem_1"}},"x":{hostile}}}"#
        );
        let event = read(&legacy(body.as_bytes())).unwrap();
        assert_eq!(event.name, "payment.failed");
        assert_eq!(event.membership_id.unwrap().as_str(), "mem_1");
    }
}

#[test]
fn deep_nesting_is_unreadable_and_not_a_crash() {
    for (open, close) in [("[", "]"), (r#"{"data":"#, "}")] {
        let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        assert!(matches!(read(&legacy(deep.as_bytes())), Err(Unreadable::NotJson { .. })));
    }
}

#[test]
fn an_event_of_an_unknown_name_is_kept_and_ignored() {
    let event = event(r#"{"action":"Course_Finished","data":{"id":"crs_1","user_id":"user_k4Tz9"}}"#);
    assert_eq!(event.name, "course_finished");
    assert_eq!(event.meaning, Meaning::Ignored { reason: IgnoreReason::UnknownName });
    assert_eq!(event.user_id.unwrap().as_str(), "user_k4Tz9");
    assert_eq!(event.occurred_at, arrival());
}
