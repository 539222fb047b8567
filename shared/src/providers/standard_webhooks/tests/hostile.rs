use super::*;

/// Headers that every source refuses.
fn corpus() -> Vec<(HeaderMap, Refused)> {
    let mut corpus = Vec::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let change = |change: &dyn Fn(&mut HeaderMap)| {
            let mut headers = with(KNOWN_SHARED);
            change(&mut headers);
            headers
        };
        corpus.push((change(&|headers| drop(headers.remove(name))), Refused::Missing(name)));
        let doubled = |headers: &mut HeaderMap| {
            let value = headers[name].clone();
            headers.append(name, value);
        };
        corpus.push((change(&doubled), Refused::Malformed(name)));
        for value in [b"\xff\xfe".to_vec(), "zw\u{f6}lf".into(), vec![b'1'; 5000]] {
            let value = HeaderValue::from_bytes(&value).unwrap();
            let changed = change(&|headers| drop(headers.insert(name, value.clone())));
            corpus.push((changed, Refused::Illegible(name)));
        }
    }
    let long = "x".repeat(129);
    for id in ["", " ", "msg 1", "msg\t1", &long] {
        corpus.push((headers(id, "1784710830", KNOWN_SHARED), Refused::Malformed("webhook-id")));
    }
    for timestamp in ["", "-1", "+1784710830", "1784710830.5", "1784710830000000", "now", "0x10", "1 2"] {
        corpus.push((headers("msg_1", timestamp, KNOWN_SHARED), Refused::Malformed("webhook-timestamp")));
    }
    let crowd = vec![KNOWN_SHARED; 17].join(" ");
    for signature in [
        "",
        "v1",
        "v1,",
        "v1a,",
        "v1,AAAA",
        "v1a,AAAA",
        "v1,%%%%",
        &KNOWN_SHARED[..KNOWN_SHARED.len() - 1],
        &KNOWN_SHARED[3..],
        &KNOWN_SHARED.replace("v1,", "v2,"),
        &KNOWN_SHARED.replace("v1,", "V1,"),
        &KNOWN_SHARED.replace("v1,", "v1="),
        &KNOWN_SHARED.replace("v1,", "v1, "),
        &crowd,
    ] {
        corpus.push((with(signature), Refused::Malformed("webhook-signature")));
    }
    corpus
}

#[test]
fn hostile_headers_are_refused_for_what_they_are_whether_or_not_the_source_exists() {
    for (headers, expected) in corpus() {
        assert_eq!(refusal(&headers), Some(expected.clone()), "{headers:?}");
        assert_eq!(refuse(&headers, BODY, signed_at()), expected, "{headers:?}");
    }
}

#[test]
fn an_unknown_source_answers_like_a_known_one_without_a_valid_signature() {
    let other = SigningKey::parse("whsec_YW5vdGhlciBzaXh0ZWVuIGJ5dGVz").unwrap();
    let wrong = with(&other.sign("msg_1", signed_at(), BODY));
    assert_eq!(refusal(&wrong), Some(Refused::Mismatch));
    for headers in [wrong, with(KNOWN_SHARED), with(KNOWN_PRIVATE)] {
        assert_eq!(refuse(&headers, BODY, signed_at()), Refused::Mismatch);
    }
    // A signature with the dummy keys is refused too.
    let nobody = WebhookKeys::dummy();
    let prefixed = super::super::claim::sign("msg_1", signed_at(), BODY, &nobody.shared[0]);
    assert_eq!(refuse(&with(&prefixed), BODY, signed_at()), Refused::Mismatch);
}

#[test]
fn no_signature_is_held_against_a_key_of_the_other_algorithm() {
    // The public key's bytes, used as a shared key.
    let public_as_shared = SigningKey::parse(&PUBLIC.replace("whpk_", "whsec_")).unwrap();
    let forged = public_as_shared.sign("msg_1", signed_at(), BODY);
    let only = |key: &str, signature: &str| {
        verify(&with(signature), BODY.into(), &WebhookKeys::parse([key]).unwrap(), signed_at()).err()
    };
    assert_eq!(only(PUBLIC, &forged), Some(Refused::Mismatch));
    assert_eq!(only(PUBLIC, KNOWN_SHARED), Some(Refused::Mismatch));
    assert_eq!(only(SHARED, KNOWN_PRIVATE), Some(Refused::Mismatch));
    // Under the other version's name the signature has the wrong length.
    let malformed = Some(Refused::Malformed("webhook-signature"));
    assert_eq!(only(PUBLIC, &forged.replace("v1,", "v1a,")), malformed);
    assert_eq!(only(SHARED, &KNOWN_PRIVATE.replace("v1a,", "v1,")), malformed);
}

#[test]
fn a_second_spelling_of_an_ed25519_signature_is_refused() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    // S + L is the same scalar for an implementation that does not check its range.
    const L: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut bytes = STANDARD.decode(&KNOWN_PRIVATE["v1a,".len()..]).unwrap();
    let mut carry = 0_u16;
    for (byte, add) in bytes[32..].iter_mut().zip(L) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    let second = format!("v1a,{}", STANDARD.encode(bytes));
    assert_eq!(refusal(&with(&second)), Some(Refused::Mismatch));
}

#[test]
fn one_right_signature_among_wrong_and_foreign_ones_is_enough() {
    let wrong = KNOWN_SHARED.replace("DXQq", "DXQr");
    for right in [KNOWN_SHARED, KNOWN_PRIVATE] {
        let many = format!("v9,Zm9yZWlnbg== {wrong} v1,broken v1a,broken {right}");
        assert_eq!(refusal(&with(&many)), None);
    }
    assert_eq!(refusal(&with(&wrong)), Some(Refused::Mismatch));
}

#[test]
fn what_is_signed_cannot_be_cut_at_another_border() {
    // An id with a dot, split elsewhere: `a.1784710830` + time + body has the same bytes as `a` + time + the
    // rest.
    let key = SigningKey::parse(SHARED).unwrap();
    let signature = key.sign("a.1784710830", signed_at(), BODY);
    let moved = [b"1784710830.", BODY].concat();
    let verified =
        verify(&headers("a", "1784710830", &signature), moved.into(), &keys(), signed_at()).unwrap();
    assert!(matches!(read(&verified), Err(Unreadable::NotJson { .. })), "the rest is no event");
}
