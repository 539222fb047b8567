use std::collections::HashSet;

use serde_json::json;

use super::fixtures::{v1, v2, v5};
use super::*;

#[test]
fn the_signed_id_wins_over_that_of_the_envelope() {
    let event_id = |verified: &VerifiedWhopEvent| read(verified).unwrap().event_id;
    assert_eq!(event_id(&standard("msg_signed", v1::FAILED.as_bytes())), "msg_signed");
    assert_eq!(event_id(&legacy(v1::FAILED.as_bytes())), "msg_v1Failed01");
}

#[test]
fn an_id_that_cannot_be_a_key_is_replaced_by_a_derived_one() {
    for id in [format!("msg_{}", "x".repeat(125)), "msg 1".into(), "\t".into()] {
        let event = read(&standard(&id, v5::FAILED.as_bytes())).unwrap();
        assert!(event.event_id.starts_with("derived_"), "{id:?}");
    }
    for id in [json!("hook_1"), json!("msg_ü"), json!(7), json!("evt_\n")] {
        assert!(event_with(v1::FAILED, "/id", id).event_id.starts_with("derived_"));
    }
    assert_eq!(event_with(v1::FAILED, "/id", json!("evt_1")).event_id, "evt_1");
}

#[test]
fn a_second_delivery_derives_the_same_id() {
    for fixture in [v5::FAILED, v5::VALID, v5::REFUNDED, v2::SUCCEEDED, v2::ENDED] {
        let first = event(fixture).event_id;
        assert_eq!(first.len(), "derived_".len() + 64);
        let encoded_anew = serde_json::from_str::<Value>(fixture).unwrap().to_string();
        assert_eq!(event(&encoded_anew).event_id, first, "{fixture}");
    }
    let unprefixed = event_with(v5::FAILED, "/action", json!("payment_failed"));
    assert_eq!(unprefixed.event_id, event(v5::FAILED).event_id);
}

#[test]
fn different_events_derive_different_ids() {
    let mut ids = HashSet::new();
    let mut is_new = |event: Event| assert!(ids.insert(event.event_id.clone()), "{event:?}");
    is_new(event(v5::FAILED));
    is_new(event_with(v5::FAILED, "/data/id", json!("pay_other")));
    is_new(event_with(v5::FAILED, "/data/last_payment_attempt", json!(1_784_714_400)));
    is_new(event_with(v5::FAILED, "/data/payments_failed", json!(3)));
    is_new(event_with(v5::FAILED, "/data/status", json!("uncollectible")));
    is_new(event_with(v5::FAILED, "/action", json!("payment.pending")));
    is_new(event(v5::SUCCEEDED));
    is_new(event(v5::VALID));
    is_new(event_with(v5::VALID, "/data/renewal_period_end", json!(1_789_725_600)));
    is_new(event_with(v5::VALID, "/data/cancel_at_period_end", json!(true)));
    is_new(event(v5::ENDED));
    is_new(event(v5::REFUNDED));
    is_new(event_with(v5::REFUNDED, "/data/status", json!("failed")));
    is_new(event_with(v5::REFUNDED, "/data/amount", json!(6)));
    is_new(event(v5::DISPUTED));
    is_new(event_with(v5::DISPUTED, "/data/status", json!("won")));
}

#[test]
fn events_with_equal_fields_are_distinguished_by_their_bytes() {
    let id = |body: &str| event(body).event_id;
    assert_ne!(
        id(r#"{"action":"membership.metadata_updated","data":{"id":"mem_1","metadata":{"a":1}}}"#),
        id(r#"{"action":"membership.metadata_updated","data":{"id":"mem_1","metadata":{"a":2}}}"#),
    );
    assert_ne!(
        id(r#"{"action":"payment.failed","data":{"membership_id":"mem_1"}}"#),
        id(r#"{"action":"payment.failed","data":{"membership_id":"mem_2"}}"#),
    );
}
