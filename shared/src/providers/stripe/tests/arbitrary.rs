use proptest::prelude::*;

use super::*;
use crate::providers::signed::timed;

proptest! {
    #[test]
    fn verification_never_panics_and_never_trusts_noise(
        lines in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..120), 0..4),
        body in proptest::collection::vec(any::<u8>(), 0..200),
        now_s in -10_000_000_000_i64..10_000_000_000,
    ) {
        let mut headers = HeaderMap::new();
        for value in lines.iter().filter_map(|line| HeaderValue::from_bytes(line).ok()) {
            headers.append("stripe-signature", value);
        }
        let now = DateTime::from_timestamp(now_s, 0).unwrap();
        prop_assert!(verify(&headers, body.into(), &[secret()], now).is_err());
    }

    #[test]
    fn nearly_right_headers_never_panic(value in "(t=[0-9+.-]{0,14},? ?){0,2}(v[01]=[0-9a-fA-F]{0,66}[, ]{0,2}){0,3}") {
        prop_assert!(refusal(&value).is_some());
        let now_in_it = format!("t=1784710830,{value}");
        prop_assert!(refusal(&now_in_it).is_some());
    }

    #[test]
    fn what_is_signed_verifies_and_one_changed_byte_anywhere_does_not(
        mut body in proptest::collection::vec(any::<u8>(), 1..200),
        at in any::<proptest::sample::Index>(),
        change in 1..=255_u8,
    ) {
        let mut signature = timed::sign(signed_at(), &body, &secret()).into_bytes();
        let header = |bytes: &[u8]| HeaderValue::from_bytes(bytes).map(|value| HeaderMap::from_iter([("stripe-signature".parse().unwrap(), value)]));
        prop_assert!(verify(&header(&signature).unwrap(), body.clone().into(), &[secret()], signed_at()).is_ok());
        match at.index(signature.len() + body.len()).checked_sub(signature.len()) {
            Some(at) => body[at] ^= change,
            None => { let at = at.index(signature.len() + body.len()); signature[at] ^= change; }
        }
        if let Ok(headers) = header(&signature) {
            prop_assert!(verify(&headers, body.into(), &[secret()], signed_at()).is_err());
        }
    }

    #[test]
    fn whatever_stripe_signs_is_read_or_refused_without_a_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&verified(&body));
    }

    #[test]
    fn whatever_json_stripe_signs_is_read_or_refused_without_a_panic(
        id in "(evt_)?\\PC{0,140}",
        name in "\\PC{0,90}",
        created in "-?[0-9]{1,400}(\\.[0-9]{1,9})?(e-?[0-9]{1,9})?",
    ) {
        let body = serde_json::json!({"id": id, "type": name}).to_string();
        let body = format!("{},\"created\":{created}}}", &body[..body.len() - 1]);
        if let Ok(event) = read(&verified(body.as_bytes())) {
            prop_assert!(event.event_id.len() <= 128 && event.name.len() <= 80);
        }
    }
}
