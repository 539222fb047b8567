use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn verification_never_panics_and_never_trusts_noise(
        lines in proptest::collection::vec((0..4_usize, proptest::collection::vec(any::<u8>(), 0..80)), 0..6),
        body in proptest::collection::vec(any::<u8>(), 0..200),
        now_s in -10_000_000_000_i64..10_000_000_000,
    ) {
        let names = ["webhook-id", "webhook-timestamp", "webhook-signature", "x-whop-signature"];
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.append(names[name], value);
            }
        }
        let now = DateTime::from_timestamp(now_s, 0).unwrap();
        prop_assert!(verify(&headers, body.into(), &[secret()], now).is_err());
    }

    #[test]
    fn nearly_right_headers_never_panic(time in "[0-9+.-]{0,20}", signature in "(v1[,=][A-Za-z0-9+/=]{0,70}[ ,]?){0,3}") {
        let body = || Bytes::from_static(BODY);
        let now = signed_at();
        let id = ("webhook-id", "msg_1");
        let standard = headers(&[id, ("webhook-timestamp", &time), ("webhook-signature", &signature)]);
        prop_assert!(verify(&standard, body(), &[secret()], now).is_err());
        let legacy = headers(&[("x-whop-signature", &format!("t={time},{signature}"))]);
        prop_assert!(verify(&legacy, body(), &[secret()], now).is_err());
    }

    #[test]
    fn what_is_signed_verifies_and_a_changed_byte_does_not(
        id in "[!-~]{1,60}",
        mut body in proptest::collection::vec(any::<u8>(), 1..200),
        at in any::<proptest::sample::Index>(),
    ) {
        let signature = sign_standard(&id, signed_at(), &body, &secret());
        let time = signed_at().timestamp().to_string();
        let headers = headers(&[("webhook-id", &id), ("webhook-timestamp", &time), ("webhook-signature", &signature)]);
        prop_assert!(verify(&headers, body.clone().into(), &[secret()], signed_at()).is_ok());
        let at = at.index(body.len());
        body[at] ^= 1;
        prop_assert_eq!(verify(&headers, body.into(), &[secret()], signed_at()).err(), Some(Refused::Mismatch));
    }
    #[test]
    fn one_changed_byte_in_a_header_is_refused(
        body in proptest::collection::vec(any::<u8>(), 0..100),
        is_standard in any::<bool>(),
        at in any::<proptest::sample::Index>(),
        change in 1..=255_u8,
    ) {
        let mut lines: Vec<(&'static str, Vec<u8>)> = if is_standard {
            let signature = sign_standard("msg_1", signed_at(), &body, &secret());
            vec![("webhook-id", b"msg_1".into()), ("webhook-timestamp", b"1784710830".into()), ("webhook-signature", signature.into())]
        } else {
            vec![("x-whop-signature", sign_legacy(signed_at(), &body, &secret()).into())]
        };
        let mut bytes: Vec<&mut u8> = lines.iter_mut().flat_map(|(_, value)| value).collect();
        let at = at.index(bytes.len());
        // Hex letters have two cases, and Whop's older scheme accepts both.
        let is_same = !is_standard && bytes[at].eq_ignore_ascii_case(&(*bytes[at] ^ change));
        *bytes[at] ^= if is_same { 0x80 } else { change };
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            // Bytes that cannot be a header value never arrive.
            let Ok(value) = HeaderValue::from_bytes(&value) else { return Ok(()) };
            headers.insert(HeaderName::from_static(name), value);
        }
        prop_assert!(verify(&headers, body.into(), &[secret()], signed_at()).is_err());
    }
}
