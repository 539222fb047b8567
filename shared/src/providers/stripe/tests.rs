mod answers;
mod arbitrary;
mod contract;
mod fixtures;
mod meanings;
mod values;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, HeaderValue};

use super::{Mode, Refused, Secret, Unreadable, VerifiedStripeEvent, read_again, sign, verify};
use crate::domain::platform::event::Event;

const BODY: &[u8] = br#"{"id":"evt_1","object":"event","type":"charge.refunded","created":1784710800}"#;
/// Signed with another implementation, over `BODY`, with the secret `whsec_0123456789abcdef`.
const KNOWN: &str = "t=1784710830,v1=28067329652c977071d6a7f58e8e8c97551c7f3b21b459c94e49aa9c03219630";

fn signed_at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_784_710_830, 0).unwrap()
}

fn secret() -> Secret {
    Secret::new("whsec_0123456789abcdef").unwrap()
}

fn headers(signature: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("stripe-signature", HeaderValue::from_str(signature).unwrap());
    headers
}

fn refusal(signature: &str) -> Option<Refused> {
    verify(&headers(signature), Bytes::from_static(BODY), &[secret()], signed_at()).err()
}

fn verified(body: &[u8]) -> VerifiedStripeEvent {
    let headers = headers(&sign(signed_at(), body, &secret()));
    verify(&headers, Bytes::copy_from_slice(body), &[secret()], signed_at()).unwrap()
}

/// Reads it with a live key.
fn read(verified: &VerifiedStripeEvent) -> Result<Event, Unreadable> {
    super::read(verified, Some(Mode::Live))
}

fn malformed() -> Option<Refused> {
    Some(Refused::Malformed("stripe-signature"))
}

#[test]
fn a_webhook_is_verified_with_the_text_of_the_whole_secret() {
    assert_eq!(sign(signed_at(), BODY, &secret()), KNOWN);
    let verified = verify(&headers(KNOWN), Bytes::from_static(BODY), &[secret()], signed_at()).unwrap();
    assert_eq!((verified.body(), verified.signed_at()), (BODY, signed_at()));
    // The decoded secret, as Standard Webhooks uses it, does not verify.
    let text = "whsec_c2l4dGVlbiBieXRlcyBvciBtb3Jl";
    let decoded = sign(signed_at(), BODY, &Secret::new("sixteen bytes or more").unwrap());
    let refused = verify(&headers(&decoded), BODY.into(), &[Secret::new(text).unwrap()], signed_at()).err();
    assert_eq!(refused, Some(Refused::Mismatch));
}

#[test]
fn without_a_secret_nothing_is_verified() {
    let refused = verify(&headers(KNOWN), Bytes::from_static(BODY), &[], signed_at()).err();
    assert_eq!(refused, Some(Refused::NoSecret));
}

#[test]
fn any_active_secret_and_any_of_several_signatures_is_enough() {
    let with = |list: &str, signature: &str| {
        verify(&headers(signature), BODY.into(), &Secret::list(list), signed_at()).err()
    };
    assert_eq!(with("whsec_the_new_one,whsec_0123456789abcdef", KNOWN), None);
    assert_eq!(with("whsec_the_new_one,whsec_an_old_one", KNOWN), Some(Refused::Mismatch));
    let wrong = "00".repeat(32);
    for signature in [
        KNOWN.replace(",v1=", &format!(",v1={wrong},v1=")),
        format!("{KNOWN},v1={wrong}"),
        format!("{KNOWN},v0={wrong},v2=anything,scheme"),
        KNOWN.replace(",v1=", ", v1="),
    ] {
        assert_eq!(refusal(&signature), None, "{signature}");
    }
}

#[test]
fn three_hundred_seconds_either_way_are_accepted_and_one_more_is_not() {
    let at = |shift_s: i64| {
        let now = signed_at() + TimeDelta::seconds(shift_s);
        verify(&headers(KNOWN), Bytes::from_static(BODY), &[secret()], now).err()
    };
    assert_eq!([at(300), at(-300), at(0)], [None, None, None]);
    assert_eq!((at(301), at(-301)), (Some(Refused::Stale), Some(Refused::Early)));
}

#[test]
fn a_header_that_is_not_of_its_form_is_malformed() {
    let hex = &KNOWN["t=1784710830,v1=".len()..];
    for value in [
        String::new(),
        ",".into(),
        "t=,v1=".into(),
        format!("v1={hex}"),
        "t=1784710830".into(),
        format!("t=1784710830,v0={hex}"),
        format!("t=1784710830,V1={hex}"),
        format!("t=1784710830,v1={}", hex.to_uppercase()),
        format!("t=1784710830,v1={}", &hex[..63]),
        format!("t=1784710830,v1={}", &hex[..62]),
        format!("t=1784710830,v1={hex}00"),
        format!("t=1784710830,v1={}", "zz".repeat(32)),
        format!("t=1784710830,v1 ={hex}"),
        format!("t=1784710830;v1={hex}"),
        format!("t=1784710830,t=1784710830,v1={hex}"),
        format!("t=1784710830,v1={hex},t=1"),
        format!("T=1784710830,v1={hex}"),
        format!("t=+1784710830,v1={hex}"),
        format!("t=1784710830.0,v1={hex}"),
        format!("t=0x6a608cee,v1={hex}"),
        format!("t=17847108300000,v1={hex}"),
        format!("t=1784710830{}", format!(",v1={hex}").repeat(17)),
    ] {
        assert_eq!(refusal(&value), malformed(), "{value}");
    }
}

#[test]
fn a_header_that_is_missing_doubled_too_long_or_no_text_is_refused() {
    let of = |headers: &HeaderMap| verify(headers, BODY.into(), &[secret()], signed_at()).err();
    assert_eq!(of(&HeaderMap::new()), Some(Refused::Missing("stripe-signature")));
    let mut twice = headers(KNOWN);
    twice.append("stripe-signature", HeaderValue::from_static(KNOWN));
    assert_eq!(of(&twice), malformed());
    let padded = format!("{KNOWN},{}", "v0=".repeat(2_000));
    assert_eq!(refusal(&padded), Some(Refused::Illegible("stripe-signature")));
    let mut bytes = HeaderMap::new();
    bytes.insert("stripe-signature", HeaderValue::from_bytes(b"t=1784710830,v1=\xff").unwrap());
    assert_eq!(of(&bytes), Some(Refused::Illegible("stripe-signature")));
}

#[test]
fn an_event_is_read_with_its_id_name_and_time() {
    let event = read(&verified(BODY)).unwrap();
    assert_eq!((event.event_id.as_str(), event.name.as_str()), ("evt_1", "charge.refunded"));
    assert_eq!(event.occurred_at.timestamp(), 1_784_710_800);
    // Thin events write their time as a text; an invalid time is replaced by the signed one.
    let thin = br#"{"id":"evt_test_2","type":"v2.core.event","created":"2026-07-22T09:00:00.000Z"}"#;
    assert_eq!(read(&verified(thin)).unwrap().occurred_at.timestamp(), 1_784_710_800);
    let timeless = read(&verified(br#"{"id":"evt_3","type":"x","created":{}}"#)).unwrap();
    assert_eq!(timeless.occurred_at, signed_at());
}

#[test]
fn a_body_that_is_no_object_is_no_event() {
    let unreadable = |body: &str| read(&verified(body.as_bytes())).unwrap_err();
    assert!(matches!(unreadable(""), Unreadable::NotJson { .. }));
    for body in ["[]", "7", "null", "\"evt_1\""] {
        assert_eq!(unreadable(body), Unreadable::NotAnObject, "{body}");
    }
}

#[test]
fn an_event_without_a_readable_id_has_one_that_its_body_gives() {
    let event_of = |body: &str| read(&verified(body.as_bytes())).unwrap();
    let mut ids = Vec::new();
    for body in [
        "{}",
        r#"{"id":7,"type":"charge.refunded"}"#,
        r#"{"id":"","type":"charge.refunded"}"#,
        r#"{"id":null,"type":"charge.refunded"}"#,
        r#"{"id":{"id":"evt_1"},"type":"charge.refunded"}"#,
    ] {
        let event = event_of(body);
        assert!(event.event_id.starts_with("derived_") && event.event_id.len() == 72, "{}", event.event_id);
        assert_eq!(event_of(body).event_id, event.event_id, "every delivery has the same");
        assert_eq!(event.name, if body == "{}" { "unnamed" } else { "charge.refunded" });
        ids.push(event.event_id);
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 5, "another body is another event");
}

#[test]
fn an_id_of_any_form_identifies_a_second_delivery() {
    let id_of = |id: &str| {
        let body = serde_json::json!({"id": id, "type": "x"}).to_string();
        read(&verified(body.as_bytes())).unwrap().event_id
    };
    for id in ["evt_1", "msg_1", "evt_test_65R", "1"] {
        assert_eq!(id_of(id), id);
    }
    let long = "x".repeat(129);
    for id in ["evt_1 2", "evt_ü", "canary\n", "canary@example.com", long.as_str()] {
        let derived = id_of(id);
        assert!(derived.starts_with("sha256:") && derived.len() == 71, "{derived}");
        assert_eq!(id_of(id), derived, "every delivery has the same");
    }
    assert_ne!(id_of("evt_ü"), id_of("evt_ö"));
}

#[test]
fn a_name_that_cannot_be_kept_in_clear_is_not_kept() {
    let name_of = |name: serde_json::Value| {
        read(&verified(serde_json::json!({"id": "evt_1", "type": name}).to_string().as_bytes())).unwrap().name
    };
    for name in ["charge.refunded", "v2.core.account[requirements].updated", &"x".repeat(80)] {
        assert_eq!(name_of(name.into()), name);
    }
    let long = "x".repeat(81);
    for name in ["", "a name", "someone@example.com", "naïve", &long] {
        assert_eq!(name_of(name.into()), "unnamed", "{name}");
    }
    for name in [serde_json::Value::Null, 7.into(), serde_json::json!(["charge.refunded"])] {
        assert_eq!(name_of(name), "unnamed");
    }
    assert_eq!(read(&verified(br#"{"id":"evt_1"}"#)).unwrap().name, "unnamed");
}
