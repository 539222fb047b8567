use proptest::prelude::*;

use super::*;

const NAMES: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

proptest! {
    #[test]
    fn verification_never_panics_and_never_trusts_noise(
        lines in proptest::collection::vec((0..3_usize, proptest::collection::vec(any::<u8>(), 0..120)), 0..6),
        body in proptest::collection::vec(any::<u8>(), 0..200),
        now_s in -10_000_000_000_i64..10_000_000_000,
    ) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.append(NAMES[name], value);
            }
        }
        let now = DateTime::from_timestamp(now_s, 0).unwrap();
        let refused = verify(&headers, body.clone().into(), &keys(), now).unwrap_err();
        prop_assert_eq!(refused, refuse(&headers, &body, now));
    }

    #[test]
    fn nearly_right_headers_never_panic(
        id in "[ -~]{0,140}",
        time in "(1784710830|[0-9+.-]{0,14})",
        signature in "(v1a?[,=]([A-Za-z0-9+/]{42}[AEIM]=|[A-Za-z0-9+/]{85}[AQgw]==|[A-Za-z0-9+/=]{0,90})[ ,]?){0,4}",
    ) {
        let headers = headers(&id, &time, &signature);
        let refused = refusal(&headers);
        prop_assert_eq!(refused, Some(refuse(&headers, BODY, signed_at())));
    }

    #[test]
    fn what_is_signed_verifies_and_one_changed_byte_anywhere_does_not(
        id in "[!-~]{1,60}",
        mut body in proptest::collection::vec(any::<u8>(), 1..200),
        private in any::<bool>(),
        at in any::<proptest::sample::Index>(),
        change in 1..=255_u8,
    ) {
        let key = SigningKey::parse(if private { PRIVATE } else { SHARED }).unwrap();
        let signature = key.sign(&id, signed_at(), &body);
        let mut values = [id.into_bytes(), b"1784710830".to_vec(), signature.into_bytes()];
        let all = |values: &[Vec<u8>; 3]| -> Option<HeaderMap> {
            let line = |(name, value): (&&'static str, &Vec<u8>)| {
                Some((HeaderName::from_static(name), HeaderValue::from_bytes(value).ok()?))
            };
            NAMES.iter().zip(values).map(line).collect()
        };
        prop_assert!(verify(&all(&values).unwrap(), body.clone().into(), &keys(), signed_at()).is_ok());
        let mut bytes: Vec<&mut u8> = values.iter_mut().flatten().chain(&mut body).collect();
        let at = at.index(bytes.len());
        *bytes[at] ^= change;
        if let Some(headers) = all(&values) {
            prop_assert!(verify(&headers, body.into(), &keys(), signed_at()).is_err());
        }
    }

    #[test]
    fn whatever_a_source_signs_is_read_or_refused_without_a_panic(
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..300),
            "\\{\"type\":\"\\PC{0,90}\",\"timestamp\":-?[0-9]{1,400}(e-?[0-9]{1,9})?\\}".prop_map(String::into_bytes),
            "[\\[{\":,}\\] 0-9a-z]{0,200}".prop_map(String::into_bytes),
        ],
    ) {
        if let Ok(event) = read(&verified(&body)) {
            prop_assert!(event.event_id == "msg_1" && event.name.len() <= 80);
        }
    }

    #[test]
    fn keys_are_read_or_refused_without_a_panic(text in "(whsec_|whpk_|whsk_)?[ -~]{0,120}") {
        let _ = (WebhookKeys::parse([text.as_str()]), SigningKey::parse(&text).is_ok());
    }
}
