use serde_json::json;

use super::fixtures::{account, dated, newest, v1, v2, v5};
use super::*;
use crate::domain::event::TimeSource;

/// Every folder of fixtures, by its name.
const SHAPES: [(&str, &[(&str, &str)]); 6] = [
    ("v2", v2::ALL),
    ("v5", v5::ALL),
    ("v1-undated", v1::ALL),
    ("v1-2026-08-14", account::ALL),
    ("v1-2026-09-15", dated::ALL),
    ("v1-2026-10-15-1", newest::ALL),
];

/// What every shape of one event has to say, and when it happened where the shape tells that.
fn expected(name: &str) -> (Meaning, i64) {
    match name {
        "payment.failed" => (Meaning::RenewalFailed { money: usd(1900) }, 1_784_541_600),
        "payment.succeeded" => {
            (Meaning::PaymentSucceeded { money: usd(1900), of_renewal: true }, 1_784_622_600)
        }
        "membership.activated" => (Meaning::MembershipValid, 1_784_622_600),
        "membership.deactivated" => (Meaning::MembershipEnded, 1_784_973_598),
        "membership.cancel_at_period_end_changed" => (
            Meaning::MembershipChanged { cancel_scheduled: Some(true), collection_paused: None },
            1_784_545_200,
        ),
        "refund.created" => {
            (Meaning::MoneyReturned { return_id: "rfnd_5YtB".into(), money: usd(550) }, 1_784_710_800)
        }
        _ => (Meaning::MoneyReturned { return_id: "dspt_8Lm".into(), money: usd(1900) }, 1_784_797_200),
    }
}

#[test]
fn every_event_says_the_same_in_every_shape() {
    for (shape, events) in SHAPES {
        for (name, body) in events {
            let place = format!("{shape}/{name}");
            let event = event(body);
            let (mut meaning, at_s) = expected(name);
            if let (Meaning::MembershipChanged { collection_paused, .. }, "v1-undated" | "v1-2026-08-14") =
                (&mut meaning, shape)
            {
                *collection_paused = Some(false);
            }
            assert_eq!(event.meaning, meaning, "{place}");
            assert_eq!(event.unread, None, "{place}");
            assert_eq!(event.company_id.map(String::from).as_deref(), Some("biz_a1B2c3"), "{place}");
            assert_eq!(event.user_id.map(String::from), expected_user(shape, name), "{place}");
            // An older dialect tells no time of some events: then it is that of the arrival.
            let arrived = event.occurred_at_source == TimeSource::Arrival && matches!(shape, "v2" | "v5");
            assert!(arrived || event.occurred_at == at(at_s), "{place}: {}", event.occurred_at);
        }
    }
}

/// A flat refund names its payment, no user.
fn expected_user(shape: &str, name: &str) -> Option<String> {
    let is_flat_refund = (shape, name) == ("v1-2026-10-15-1", "refund.created");
    (!is_flat_refund).then(|| "user_k4Tz9".to_owned())
}

#[test]
fn the_membership_is_named_by_every_event_but_the_flat_refunds_and_disputes() {
    for (shape, events) in SHAPES {
        for (name, body) in events {
            let event = event(body);
            let flat = match *name {
                "dispute.updated" => matches!(shape, "v1-2026-09-15" | "v1-2026-10-15-1"),
                "refund.created" => shape == "v1-2026-10-15-1",
                _ => false,
            };
            let membership = (!flat).then(|| "mem_q7Rn2".to_owned());
            assert_eq!(event.membership_id.map(String::from), membership, "{shape}/{name}");
            let payment = (!name.starts_with("membership.")).then(|| "pay_3nEw0ld".to_owned());
            assert_eq!(event.payment_id.map(String::from), payment, "{shape}/{name}");
        }
    }
}

#[test]
fn the_product_and_the_day_it_was_bought_are_read_in_every_shape() {
    for (shape, body, product, bought_at_s) in [
        ("v2", v2::VALID, "pass_w2", None),
        ("v5", v5::VALID, "prod_w2", Some(1_779_098_400)),
        ("v1-2026-09-15", dated::VALID, "prod_w2", Some(1_779_098_400)),
        ("v1-2026-10-15-1", newest::VALID, "prod_w2", Some(1_779_098_400)),
    ] {
        let event = event(body);
        assert_eq!(event.product_id.as_deref(), Some(product), "{shape}");
        assert_eq!(event.bought_at, Some(bought_at_s.map_or(event.occurred_at, at)), "{shape}");
    }
    assert_eq!(event(dated::FAILED).product_id.as_deref(), Some("prod_w2"));
    assert_eq!((event(dated::FAILED).bought_at, event(dated::SUCCEEDED).bought_at), (None, None));
    let first = event_with(dated::SUCCEEDED, "/data/billing_reason", json!("subscription_create"));
    assert_eq!(first.bought_at, Some(first.occurred_at));
}

#[test]
fn the_company_is_found_wherever_a_dialect_keeps_it() {
    for company in [
        json!({"company_id": "biz_a1B2c3"}),
        json!({"account_id": "biz_a1B2c3"}),
        json!({"page_id": "biz_a1B2c3"}),
        json!({"company": "biz_a1B2c3"}),
        json!({"company": {"id": "biz_a1B2c3"}}),
        json!({"company": null, "company_id": "", "account_id": "biz_a1B2c3"}),
    ] {
        let mut in_envelope = company.clone();
        in_envelope["action"] = json!("payment.failed");
        let in_data = json!({"action": "payment.failed", "data": company});
        let in_payment = json!({"action": "refund.created", "data": {"payment": company}});
        for body in [in_envelope, in_data, in_payment] {
            assert_eq!(event(&body.to_string()).company_id.unwrap().as_str(), "biz_a1B2c3", "{body}");
        }
    }
    let unnamed = event_with(v2::FAILED, "/company", json!(null));
    assert_eq!(unnamed.company_id, None);
    assert!(matches!(unnamed.meaning, Meaning::RenewalFailed { .. }));
}

#[test]
fn malformed_ids_are_none_and_the_event_stays() {
    for wrong in [json!("mem_"), json!("mem_../x"), json!(12), json!({"id": 5}), json!(["mem_q7Rn2"])] {
        let event = event_with(v5::FAILED, "/data/membership_id", wrong);
        assert_eq!(event.membership_id, None);
        assert_eq!(event.payment_id.unwrap().as_str(), "pay_3nEw0ld");
    }
    assert_eq!(event_with(v5::VALID, "/data/page_id", json!("page_77")).company_id, None);
    assert_eq!(event_with(v1::FAILED, "/data/user", json!("user 1")).user_id, None);
}
