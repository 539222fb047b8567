mod arbitrary;
mod hostile;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Refused, SigningKey, UNNAMED, Unreadable, VerifiedWebhook, WebhookKeys, read, refuse, verify};

const BODY: &[u8] = br#"{"type":"invoice.paid"}"#;
const SHARED: &str = "whsec_c2l4dGVlbiBieXRlcyBvciBtb3Jl";
const PRIVATE: &str = "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const PUBLIC: &str = "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";
/// Signed with another implementation, over `BODY`.
const KNOWN_SHARED: &str = "v1,DXQqdr8eR5PaTbNWNtzrMlilCmU1LEX0UCJ7KPZAbfE=";
const KNOWN_PRIVATE: &str =
    "v1a,5k70Pt1cC9PL3L/+ztUOwmDJFiN7Q8f9j8g+PNY9NvmaR/Wu3dwq3dFNUjOHXsxxPpMEXBKWgayACijywwO8DQ==";

fn signed_at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_784_710_830, 0).unwrap()
}

fn keys() -> WebhookKeys {
    WebhookKeys::parse([SHARED, PUBLIC]).unwrap()
}

fn headers(id: &str, timestamp: &str, signature: &str) -> HeaderMap {
    let lines = [("webhook-id", id), ("webhook-timestamp", timestamp), ("webhook-signature", signature)];
    let line = |(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    lines.into_iter().map(line).collect()
}

fn with(signature: &str) -> HeaderMap {
    headers("msg_1", "1784710830", signature)
}

fn refusal(headers: &HeaderMap) -> Option<Refused> {
    verify(headers, Bytes::from_static(BODY), &keys(), signed_at()).err()
}

fn verified(body: &[u8]) -> VerifiedWebhook {
    let signature = SigningKey::parse(SHARED).unwrap().sign("msg_1", signed_at(), body);
    verify(&with(&signature), Bytes::copy_from_slice(body), &keys(), signed_at()).unwrap()
}

#[test]
fn the_published_example_is_verified() {
    let keys = WebhookKeys::parse(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]).unwrap();
    let headers = headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    );
    let now = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
    let verified = verify(&headers, Bytes::from_static(br#"{"test": 2432232314}"#), &keys, now).unwrap();
    assert_eq!(verified.id(), "msg_p5jXN8AQM9LWM0D4loKWxJek");
}

#[test]
fn svix_s_names_are_as_good_and_two_families_never_make_one_claim() {
    let sign = || SigningKey::parse(SHARED).unwrap().sign("msg_1", signed_at(), BODY);
    let with_names = |names: [&'static str; 3]| -> HeaderMap {
        let values = ["msg_1".to_owned(), "1784710830".to_owned(), sign()];
        let lines = names.into_iter().zip(values);
        lines.map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    };
    let svix = with_names(["svix-id", "svix-timestamp", "svix-signature"]);
    assert_eq!(verify(&svix, Bytes::from_static(BODY), &keys(), signed_at()).unwrap().id(), "msg_1");
    for (names, missing) in [
        (["webhook-id", "svix-timestamp", "svix-signature"], "webhook-timestamp"),
        (["svix-id", "webhook-timestamp", "svix-signature"], "webhook-id"),
        (["svix-id", "svix-timestamp", "webhook-signature"], "webhook-id"),
    ] {
        assert_eq!(refusal(&with_names(names)), Some(Refused::Missing(missing)), "{names:?}");
    }
    // A complete family beside a part of the other one is valid; of two complete ones the specification's counts.
    let mut both = svix.clone();
    both.insert("webhook-id", "msg_other".parse().unwrap());
    assert_eq!(refusal(&both), None);
    both.insert("webhook-timestamp", "1784710830".parse().unwrap());
    both.insert("webhook-signature", "v1,AAAA".parse().unwrap());
    assert_eq!(refusal(&both), Some(Refused::Malformed("webhook-signature")));
    let mut alone = svix;
    alone.remove("svix-id");
    assert_eq!(refusal(&alone), Some(Refused::Missing("svix-id")));
}

#[test]
fn both_algorithms_are_verified_as_others_sign_them() {
    for (key, known) in [(SHARED, KNOWN_SHARED), (PRIVATE, KNOWN_PRIVATE)] {
        assert_eq!(SigningKey::parse(key).unwrap().sign("msg_1", signed_at(), BODY), known);
        let verified = verify(&with(known), BODY.into(), &keys(), signed_at()).unwrap();
        assert_eq!((verified.id(), verified.signed_at(), verified.body()), ("msg_1", signed_at(), BODY));
    }
    assert_eq!(SigningKey::parse(PRIVATE).unwrap().public().as_deref(), Some(PUBLIC));
    assert_eq!(SigningKey::parse(SHARED).unwrap().public(), None);
}

#[test]
fn a_source_without_keys_is_shut() {
    let none = WebhookKeys::parse([]).unwrap();
    assert_eq!(verify(&with(KNOWN_SHARED), BODY.into(), &none, signed_at()).err(), Some(Refused::NoSecret));
}

#[test]
fn keys_of_both_kinds_rotate_side_by_side() {
    let new_shared = "whsec_YW5vdGhlciBzaXh0ZWVuIGJ5dGVz";
    let new_private = "whsk_Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";
    let new_public = SigningKey::parse(new_private).unwrap().public().unwrap();
    let keys = WebhookKeys::parse([new_shared, SHARED, &new_public, PUBLIC]).unwrap();
    for key in [new_shared, SHARED, new_private, PRIVATE] {
        let signature = SigningKey::parse(key).unwrap().sign("msg_1", signed_at(), BODY);
        assert!(verify(&with(&signature), BODY.into(), &keys, signed_at()).is_ok(), "{key}");
        let left = WebhookKeys::parse([SHARED, PUBLIC]).unwrap();
        let still = verify(&with(&signature), BODY.into(), &left, signed_at()).is_ok();
        assert_eq!(still, [SHARED, PRIVATE].contains(&key), "{key}");
    }
}

#[test]
fn three_hundred_seconds_either_way_are_accepted_and_one_more_is_not() {
    for known in [KNOWN_SHARED, KNOWN_PRIVATE] {
        let at = |shift_s: i64| {
            let now = signed_at() + TimeDelta::seconds(shift_s);
            verify(&with(known), BODY.into(), &keys(), now).err()
        };
        assert_eq!([at(300), at(-300), at(0)], [None, None, None]);
        assert_eq!((at(301), at(-301)), (Some(Refused::Stale), Some(Refused::Early)));
    }
}

#[test]
fn an_event_has_the_signed_id_and_the_name_and_time_of_its_body() {
    let body = br#"{"id":"another","type":"invoice.paid","timestamp":"2026-07-22T09:00:00Z","data":{}}"#;
    let event = read(&verified(body)).unwrap();
    assert_eq!((event.event_id.as_str(), event.name.as_str()), ("msg_1", "invoice.paid"));
    assert_eq!(event.occurred_at.timestamp(), 1_784_710_800);
    for body in ["{}", r#"{"type":7,"timestamp":[]}"#, r#"{"type":"someone@example.com"}"#] {
        let event = read(&verified(body.as_bytes())).unwrap();
        assert_eq!((event.name.as_str(), event.occurred_at), (UNNAMED, signed_at()), "{body}");
    }
    // A number could be the end of another id and time under the same signature.
    for body in ["7", "1784710830.5", "[]", "null", "\"x\""] {
        assert_eq!(read(&verified(body.as_bytes())).err(), Some(Unreadable::NotAnObject), "{body}");
    }
    assert!(matches!(read(&verified(b"")), Err(Unreadable::NotJson { .. })));
}
