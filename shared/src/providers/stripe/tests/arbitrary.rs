use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value};

use super::*;
use crate::domain::platform::event::Event;
use crate::providers::signed::timed;

/// Every event name with a meaning, and some without.
const NAMES: [&str; 19] = [
    "payment_intent.amount_capturable_updated",
    "payment_intent.succeeded",
    "payment_intent.canceled",
    "charge.succeeded",
    "charge.refunded",
    "charge.refund.updated",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.closed",
    "charge.dispute.funds_reinstated",
    "transfer.reversed",
    "transfer.updated",
    "account.updated",
    "account.application.deauthorized",
    "payout.failed",
    "charge.captured",
    "transfer.",
    "x",
];

const KEYS: [&str; 24] = [
    "id",
    "amount",
    "amount_capturable",
    "amount_captured",
    "amount_received",
    "amount_refunded",
    "amount_reversed",
    "captured",
    "currency",
    "latest_charge",
    "payment_intent",
    "payment_method_details",
    "card",
    "capture_before",
    "cancellation_reason",
    "status",
    "metadata",
    "booking_id",
    "company_id",
    "capabilities",
    "requirements",
    "disabled_reason",
    "default_currency",
    "deleted",
];

const TEXTS: [&str; 16] = [
    "pi_1",
    "ch_1",
    "tr_1",
    "acct_1",
    "du_1",
    "re_1",
    "usd",
    "COP",
    "xxx",
    "needs_response",
    "won",
    "failed",
    "automatic",
    "biz_1",
    "5a0d1a4e-93ab-5f9d-8d3e-7a51c6a4a8a1",
    "",
];

const NUMBERS: [&str; 10] = [
    "0",
    "-0",
    "10000",
    "100.0",
    "1e400",
    "1784710800",
    "253402300800",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
];

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Bool),
        3 => select(&NUMBERS[..]).prop_map(|text| serde_json::from_str(text).unwrap()),
        3 => select(&TEXTS[..]).prop_map(Value::from),
        1 => ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 12, |inner| {
        let key = prop_oneof![9 => select(&KEYS[..]).prop_map(String::from), 1 => ".{0,6}"];
        let members = proptest::collection::vec((key, inner.clone()), 0..16);
        prop_oneof![
            6 => members.prop_map(|members| Value::Object(Map::from_iter(members))),
            1 => proptest::collection::vec(inner, 0..4).prop_map(Value::from),
        ]
    })
}

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

    #[test]
    fn any_content_under_a_name_is_an_event_that_can_be_kept(
        name in select(&NAMES[..]),
        object in json_value(),
        account in prop_oneof![2 => Just(Value::Null), 1 => Just(Value::from("acct_1")), 1 => json_value()],
    ) {
        let body = serde_json::json!({
            "id": "evt_1", "type": name, "created": 1_784_710_800, "account": account, "livemode": true,
            "data": {"object": object},
        });
        let event = read(&verified(body.to_string().as_bytes())).unwrap();
        let row: std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue> =
            serde_dynamo::to_item(&event).unwrap();
        prop_assert_eq!(serde_dynamo::from_item::<_, Event>(row).unwrap(), event);
    }
}
