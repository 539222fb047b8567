mod arbitrary;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Refused, Secret, VerifiedWhopEvent, sign_legacy, sign_standard, verify};

const BODY: &[u8] = br#"{"type":"payment.failed"}"#;
/// Signed with another implementation, over `BODY`, with the secret `ws_0123456789abcdef`.
const KNOWN_STANDARD: &str = "v1,Le2GSRHbE9zxSzXqXrvL/92tx3zfAyPfWoXWB58Y0yA=";
const KNOWN_LEGACY: &str = "t=1784710830,v1=79bb1c972349c21394c2c71db104691fbb480fe6ec698183ad81b5fbd7eb863d";

fn signed_at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_784_710_830, 0).unwrap()
}

fn secret() -> Secret {
    Secret::new("ws_0123456789abcdef").unwrap()
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let line = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
    };
    let mut headers = HeaderMap::new();
    for (name, value) in lines.iter().map(line) {
        headers.append(name, value);
    }
    headers
}

fn standard(signature: &str) -> HeaderMap {
    headers(&[("webhook-id", "msg_1"), ("webhook-timestamp", "1784710830"), ("webhook-signature", signature)])
}

fn legacy(signature: &str) -> HeaderMap {
    headers(&[("x-whop-signature", signature)])
}

fn check(headers: &HeaderMap) -> Result<VerifiedWhopEvent, Refused> {
    verify(headers, Bytes::from_static(BODY), &[secret()], signed_at())
}

fn refusal(headers: &HeaderMap) -> Option<Refused> {
    check(headers).err()
}

#[test]
fn a_standard_webhook_is_verified_and_keeps_its_id_time_and_bytes() {
    assert_eq!(sign_standard("msg_1", signed_at(), BODY, &secret()), KNOWN_STANDARD);
    let verified = check(&standard(KNOWN_STANDARD)).unwrap();
    assert_eq!(verified.event_id_hint(), Some("msg_1"));
    assert_eq!(verified.signed_at(), signed_at());
    assert_eq!(verified.body(), BODY);
}

#[test]
fn a_standard_webhook_under_svix_s_names_is_as_good() {
    let svix = headers(&[
        ("svix-id", "msg_1"),
        ("svix-timestamp", "1784710830"),
        ("svix-signature", KNOWN_STANDARD),
    ]);
    assert_eq!(check(&svix).unwrap().event_id_hint(), Some("msg_1"));
    // If any of its headers is present, the scheme must be valid, whatever the older header says.
    let mut part = legacy(KNOWN_LEGACY);
    part.insert("svix-id", HeaderValue::from_static("msg_1"));
    assert_eq!(refusal(&part), Some(Refused::Missing("svix-timestamp")));
}

#[test]
fn a_legacy_webhook_is_verified_and_has_no_id() {
    assert_eq!(sign_legacy(signed_at(), BODY, &secret()), KNOWN_LEGACY);
    let verified = check(&legacy(KNOWN_LEGACY)).unwrap();
    assert_eq!(verified.event_id_hint(), None);
    assert_eq!(verified.signed_at(), signed_at());
}

#[test]
fn a_legacy_signature_in_upper_case_hex_is_accepted() {
    let upper = KNOWN_LEGACY.to_uppercase().replace("T=", "t=").replace("V1=", "v1=");
    assert!(check(&legacy(&upper)).is_ok());
}

#[test]
fn a_whsec_secret_is_tried_decoded_and_as_it_is() {
    let secret = Secret::new("whsec_c2l4dGVlbiBieXRlcyBvciBtb3Jl").unwrap();
    // Signed with another implementation, with the decoded bytes as key.
    let decoded = "v1,sGqJf1gUEcyZV4AqSngWPm1yFOKit3XkyFn2YZt2kVI=";
    let whole = sign_standard("msg_1", signed_at(), BODY, &secret);
    for signature in [decoded, &whole] {
        assert!(
            verify(&standard(signature), BODY.into(), std::slice::from_ref(&secret), signed_at()).is_ok()
        );
    }
}

#[test]
fn without_a_secret_nothing_is_verified() {
    let refused = verify(&standard(KNOWN_STANDARD), BODY.into(), &[], signed_at()).err();
    assert_eq!(refused, Some(Refused::NoSecret));
}

#[test]
fn either_secret_of_a_rotation_works_and_another_one_does_not() {
    let try_with = |list: &str| {
        let secrets = Secret::list(list);
        let of = |headers| verify(headers, BODY.into(), &secrets, signed_at()).err();
        (of(&standard(KNOWN_STANDARD)), of(&legacy(KNOWN_LEGACY)))
    };
    assert_eq!(try_with("ws_new,ws_0123456789abcdef"), (None, None));
    assert_eq!(try_with("ws_0123456789abcdef,ws_old"), (None, None));
    assert_eq!(try_with("ws_new,ws_old"), (Some(Refused::Mismatch), Some(Refused::Mismatch)));
}

#[test]
fn a_tampered_body_id_or_time_is_a_mismatch() {
    let of = |headers: &HeaderMap, body: &'static [u8]| {
        verify(headers, Bytes::from_static(body), &[secret()], signed_at()).err()
    };
    let other = br#"{"type":"payment.failed" }"#;
    assert_eq!(of(&standard(KNOWN_STANDARD), other), Some(Refused::Mismatch));
    assert_eq!(of(&legacy(KNOWN_LEGACY), other), Some(Refused::Mismatch));
    let mut moved = standard(KNOWN_STANDARD);
    moved.insert("webhook-timestamp", HeaderValue::from_static("1784710831"));
    assert_eq!(of(&moved, BODY), Some(Refused::Mismatch));
    let mut renamed = standard(KNOWN_STANDARD);
    renamed.insert("webhook-id", HeaderValue::from_static("msg_2"));
    assert_eq!(of(&renamed, BODY), Some(Refused::Mismatch));
    let later = KNOWN_LEGACY.replace("t=1784710830", "t=1784710831");
    assert_eq!(of(&legacy(&later), BODY), Some(Refused::Mismatch));
}

#[test]
fn three_hundred_seconds_either_way_are_accepted_and_one_more_is_not() {
    for headers in [standard(KNOWN_STANDARD), legacy(KNOWN_LEGACY)] {
        let at = |shift_s: i64| {
            let now = signed_at() + TimeDelta::seconds(shift_s);
            verify(&headers, Bytes::from_static(BODY), &[secret()], now).err()
        };
        assert_eq!([at(300), at(-300), at(0)], [None, None, None]);
        assert_eq!(at(301), Some(Refused::Stale));
        assert_eq!(at(-301), Some(Refused::Early));
    }
}

#[test]
fn a_missing_header_is_named() {
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut incomplete = standard(KNOWN_STANDARD);
        incomplete.remove(name);
        assert_eq!(refusal(&incomplete), Some(Refused::Missing(name)));
    }
    assert_eq!(refusal(&HeaderMap::new()), Some(Refused::Missing("x-whop-signature")));
}

#[test]
fn one_standard_header_is_enough_to_ask_for_the_standard_scheme() {
    let mut both = legacy(KNOWN_LEGACY);
    both.insert("webhook-id", HeaderValue::from_static("msg_1"));
    assert_eq!(refusal(&both), Some(Refused::Missing("webhook-timestamp")));
    let mut wrong_beside_right = standard(&KNOWN_STANDARD.replace("Le2G", "Le2H"));
    wrong_beside_right.insert("x-whop-signature", HeaderValue::from_static(KNOWN_LEGACY));
    assert_eq!(refusal(&wrong_beside_right), Some(Refused::Mismatch));
}

#[test]
fn headers_that_are_not_ascii_or_far_too_long_are_illegible() {
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        for value in [b"\xff\xfe".to_vec(), "zw\u{f6}lf".into(), vec![b'1'; 5000]] {
            let mut headers = standard(KNOWN_STANDARD);
            headers.insert(name, HeaderValue::from_bytes(&value).unwrap());
            assert_eq!(refusal(&headers), Some(Refused::Illegible(name)));
        }
    }
    let mut headers = HeaderMap::new();
    headers.insert("x-whop-signature", HeaderValue::from_bytes(b"t=1784710830,v1=\xff").unwrap());
    assert_eq!(refusal(&headers), Some(Refused::Illegible("x-whop-signature")));
}

#[test]
fn a_header_that_is_there_twice_is_malformed() {
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut twice = standard(KNOWN_STANDARD);
        let value = twice[name].clone();
        twice.append(name, value);
        assert_eq!(refusal(&twice), Some(Refused::Malformed(name)));
    }
    let twice = headers(&[("x-whop-signature", KNOWN_LEGACY), ("x-whop-signature", KNOWN_LEGACY)]);
    assert_eq!(refusal(&twice), Some(Refused::Malformed("x-whop-signature")));
}

#[test]
fn a_standard_header_that_is_not_of_its_form_is_malformed() {
    let truncated = &KNOWN_STANDARD[..KNOWN_STANDARD.len() - 1];
    let unpadded_short = &KNOWN_STANDARD[..KNOWN_STANDARD.len() - 4];
    let versioned = KNOWN_STANDARD.replace("v1,", "v2,");
    let crowd = vec![KNOWN_STANDARD; 17].join(" ");
    for signature in ["", "v1", "v1,", "v1,AAAA", "v1,%%%%", truncated, unpadded_short, &versioned, &crowd] {
        assert_eq!(
            refusal(&standard(signature)),
            Some(Refused::Malformed("webhook-signature")),
            "{signature}"
        );
    }
    for timestamp in ["", "-1", "+1784710830", "1784710830.5", "1784710830000000", "now", "0x10"] {
        let mut headers = standard(KNOWN_STANDARD);
        headers.insert("webhook-timestamp", HeaderValue::from_str(timestamp).unwrap());
        assert_eq!(refusal(&headers), Some(Refused::Malformed("webhook-timestamp")), "{timestamp}");
    }
    let mut headers = standard(KNOWN_STANDARD);
    headers.insert("webhook-id", HeaderValue::from_static(""));
    assert_eq!(refusal(&headers), Some(Refused::Malformed("webhook-id")));
}

#[test]
fn a_legacy_header_that_is_not_of_its_form_is_malformed() {
    let hex = &KNOWN_LEGACY["t=1784710830,v1=".len()..];
    for value in [
        String::new(),
        format!("v1={hex}"),
        "t=1784710830".into(),
        format!("t=soon,v1={hex}"),
        format!("t=1784710830,v2={hex}"),
        format!("t=1784710830,v1={}", &hex[..63]),
        format!("t=1784710830,v1={}", &hex[..62]),
        format!("t=1784710830,t=1784710830,v1={hex}"),
        format!("t=1784710830{}", format!(",v1={hex}").repeat(17)),
    ] {
        assert_eq!(refusal(&legacy(&value)), Some(Refused::Malformed("x-whop-signature")), "{value}");
    }
}

#[test]
fn one_right_signature_among_wrong_and_foreign_ones_is_enough() {
    let wrong = KNOWN_STANDARD.replace("Le2G", "Le2H");
    assert!(check(&standard(&format!("v1a,Zm9yZWlnbg== {wrong} v1,broken {KNOWN_STANDARD}"))).is_ok());
    let wrong = "00".repeat(32);
    assert!(check(&legacy(&KNOWN_LEGACY.replace(",v1=", &format!(",v1={wrong},v1=")))).is_ok());
    assert!(check(&legacy(&KNOWN_LEGACY.replace(",v1=", ", v1="))).is_ok());
}

#[test]
fn a_refusal_quotes_nothing_of_the_request() {
    let refused = refusal(&standard("v1,very-private")).unwrap();
    assert_eq!(refused.to_string(), "the header webhook-signature is malformed");
}
