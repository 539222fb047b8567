use serde_json::json;

use super::fixtures::{SHAPES, UNDERSCORED, account, dated, nested, newest, v1, v2, v5};
use super::*;
use crate::domain::kernel::id::{CompanyId, MembershipId, PaymentId, UserId};
use crate::domain::platform::event::TimeSource;

/// Whether payments, memberships and disputes are flat in this folder.
fn is_flat(shape: &str) -> bool {
    matches!(shape, "v1-2026-09-15" | "v1-2026-10-15-1" | "v1-2026-11-04-1")
}

/// Whether refunds are flat too.
fn has_flat_refunds(shape: &str) -> bool {
    is_flat(shape) && shape != "v1-2026-09-15"
}

/// The expected event, except for its id.
fn expected(shape: &str, name: &str) -> Event {
    let old = matches!(shape, "v2" | "v5");
    let (meaning, at_s) = expected_meaning(shape, name);
    let spelling = match name {
        "membership.activated" if old => "membership.went_valid",
        "membership.deactivated" if old => "membership.went_invalid",
        other => other,
    };
    // Some events of an older dialect have no time: then the time of arrival counts.
    let tells_time = !old || name.starts_with("payment.") || name == "refund.created";
    let occurred_at = if tells_time { at(at_s) } else { arrival() };
    let named_by_payment_alone = match name {
        "dispute.updated" => is_flat(shape),
        "refund.created" => has_flat_refunds(shape),
        _ => false,
    };
    Event {
        event_id: String::new(),
        name: spelling.to_owned(),
        company_id: CompanyId::parse("biz_a1B2c3").ok(),
        membership_id: if named_by_payment_alone { None } else { MembershipId::parse("mem_q7Rn2").ok() },
        payment_id: if name.starts_with("membership.") { None } else { PaymentId::parse("pay_3nEw0ld").ok() },
        user_id: if has_flat_refunds(shape) && name == "refund.created" {
            None
        } else {
            UserId::parse("user_k4Tz9").ok()
        },
        occurred_at,
        occurred_at_source: if tells_time { TimeSource::Payload } else { TimeSource::Arrival },
        product_id: expected_product(shape, name).map(str::to_owned),
        bought_at: (name == "membership.activated").then(|| at(1_779_098_400)),
        unread: None,
        meaning,
    }
}

/// A refund names no product, and a dispute only in the flat shape.
fn expected_product(shape: &str, name: &str) -> Option<&'static str> {
    match name {
        "refund.created" => None,
        "dispute.updated" => is_flat(shape).then_some("prod_w2"),
        _ if shape == "v2" => Some("pass_w2"),
        _ => Some("prod_w2"),
    }
}

/// The expected meaning, and the time if the shape contains it.
fn expected_meaning(shape: &str, name: &str) -> (Meaning, i64) {
    let tells_pause = shape.starts_with("v1-") && !is_flat(shape);
    let paused = |paused: bool| tells_pause.then_some(paused);
    match name {
        "payment.failed" => (Meaning::RenewalFailed { money: usd(1900) }, 1_784_541_600),
        "payment.succeeded" => {
            (Meaning::PaymentSucceeded { money: usd(1900), of_renewal: true }, 1_784_622_600)
        }
        "membership.activated" => (Meaning::MembershipValid, 1_784_622_600),
        "membership.deactivated" => (Meaning::MembershipEnded, 1_784_973_598),
        "membership.cancel_at_period_end_changed" => (
            Meaning::MembershipChanged { cancel_scheduled: Some(true), collection_paused: paused(false) },
            1_784_545_200,
        ),
        "membership.updated" => (
            Meaning::MembershipChanged { cancel_scheduled: Some(false), collection_paused: paused(true) },
            1_784_548_800,
        ),
        "refund.created" => {
            (Meaning::MoneyReturned { return_id: "rfnd_5YtB".into(), money: usd(550) }, 1_784_710_800)
        }
        "dispute.updated" => {
            (Meaning::MoneyReturned { return_id: "dspt_8Lm".into(), money: usd(1900) }, 1_784_797_200)
        }
        other => panic!("nothing is expected of {other}"),
    }
}

#[test]
fn every_field_of_every_event_is_read_in_every_shape() {
    for (shape, events) in SHAPES {
        for (name, body) in events {
            let read = Event { event_id: String::new(), ..event(body) };
            assert_eq!(read, expected(shape, name), "{shape}/{name}");
        }
    }
}

#[test]
fn every_dated_envelope_bears_the_date_of_its_folder_and_the_account_where_that_date_has_it() {
    for (shape, events) in SHAPES {
        let Some(date) = shape.strip_prefix("v1-").filter(|date| *date != "undated") else { continue };
        let seller = if date < "2026-08-14" { "company_id" } else { "account_id" };
        for (name, body) in events {
            let envelope: Value = serde_json::from_str(body).unwrap();
            assert_eq!(envelope["api_version_date"], date, "{shape}/{name}");
            assert_eq!(envelope["type"], *name, "{shape}/{name}");
            for field in ["company_id", "account_id"] {
                assert_eq!(envelope[field].is_string(), field == seller, "{shape}/{name}: {field}");
            }
        }
    }
}

#[test]
fn a_name_with_underscores_means_the_same_as_with_dots() {
    for fixture in UNDERSCORED {
        let written: Value = serde_json::from_str(fixture.body).unwrap();
        assert_eq!(written["action"], fixture.name);
        let dotted = event(fixture.dotted);
        let read = Event { event_id: dotted.event_id.clone(), ..event(fixture.body) };
        assert_eq!(read, dotted, "{}", fixture.name);
        assert_ne!(read.meaning, Meaning::Nothing, "{}", fixture.name);
    }
}

#[test]
fn a_first_payment_is_a_purchase_and_a_renewal_is_none() {
    for body in [dated::FAILED, dated::SUCCEEDED, v1::FAILED, v1::SUCCEEDED, v5::SUCCEEDED, v2::SUCCEEDED] {
        assert_eq!(event(body).bought_at, None, "{body}");
    }
    for body in [dated::SUCCEEDED, newest::SUCCEEDED, account::SUCCEEDED, nested::SUCCEEDED, v1::SUCCEEDED] {
        for reason in ["subscription_create", "one_time"] {
            let first = event_with(body, "/data/billing_reason", json!(reason));
            assert_eq!(first.bought_at, Some(first.occurred_at), "{reason} {body}");
        }
        let by_hand = event_with(body, "/data/billing_reason", json!("manual"));
        assert_eq!(by_hand.bought_at, None, "charged to a membership that there is: {body}");
    }
    let undated = event_with(v2::VALID, "/body/created_at", json!(null));
    assert_eq!(undated.bought_at, Some(undated.occurred_at), "the first event about it");
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
