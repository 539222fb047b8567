use proptest::prelude::*;
use serde_json::Map;

use super::*;

const NAMES: [&str; 12] = [
    "payment.failed",
    "payment_succeeded",
    "app_payment.failed",
    "membership.activated",
    "membership_went_invalid",
    "membership.deactivated",
    "refund.created",
    "refund.updated",
    "dispute.updated",
    "dispute_alert.created",
    "Ω",
    "",
];

const KEYS: [&str; 30] = [
    "id",
    "type",
    "action",
    "event",
    "data",
    "body",
    "timestamp",
    "company_id",
    "account_id",
    "company",
    "page_id",
    "membership",
    "membership_id",
    "payment",
    "payment_id",
    "user",
    "user_id",
    "status",
    "billing_reason",
    "currency",
    "settlement_currency",
    "final_amount",
    "subtotal",
    "amount",
    "value",
    "paid_at",
    "created_at",
    "updated_at",
    "last_payment_attempt",
    "inquiry",
];

const TEXTS: [&str; 18] = [
    "payment.failed",
    "refund.updated",
    "mem_q7Rn2",
    "pay_3nEw0ld",
    "biz_a1B2c3",
    "user_k4Tz9",
    "usd",
    "jpy",
    "19.99",
    "-1",
    "1e-2147483648",
    "drafted",
    "canceled",
    "subscription_cycle",
    "2026-07-20T10:00:00Z",
    "9999-99-99",
    "msg_1",
    "",
];

const NUMBERS: [&str; 12] = [
    "0",
    "-0",
    "19.99",
    "1e40",
    "1e400",
    "1e-400",
    "1e2147483647",
    "1e-2147483648",
    "1784541600",
    "1784541600000",
    "-9223372036854775809",
    "0.00000000000000000000000000000000000000000000000001",
];

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        proptest::sample::select(&NUMBERS[..]).prop_map(|text| serde_json::from_str(text).unwrap()),
        proptest::sample::select(&TEXTS[..]).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 12, |inner| {
        let key = prop_oneof![9 => proptest::sample::select(&KEYS[..]).prop_map(String::from), 1 => ".{0,6}"];
        let members = proptest::collection::vec((key, inner.clone()), 0..12);
        prop_oneof![
            4 => members.prop_map(|members| Value::Object(Map::from_iter(members))),
            1 => proptest::collection::vec(inner, 0..4).prop_map(Value::from),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&legacy(&body));
    }

    #[test]
    fn any_json_is_read_or_refused(body in json_value()) {
        let _ = read(&legacy(body.to_string().as_bytes()));
    }

    #[test]
    fn any_content_under_a_name_is_an_event_that_can_be_kept(
        name in proptest::sample::select(&NAMES[..10]),
        data in json_value(),
        timestamp in json_value(),
    ) {
        let body = serde_json::json!({"type": name, "data": data, "timestamp": timestamp}).to_string();
        let event = read(&legacy(body.as_bytes())).unwrap();
        prop_assert!(event.event_id.len() <= 128);
        prop_assert!(event.occurred_at <= arrival() + chrono::TimeDelta::days(1));
        prop_assert_eq!(&event, &read(&legacy(body.as_bytes())).unwrap());
        let kept = serde_json::to_string(&event).unwrap();
        prop_assert_eq!(serde_json::from_str::<Event>(&kept).unwrap(), event);
    }
}
