use serde_json::json;

use super::fixtures::{dated, v1, v2, v5};
use super::*;

/// Every spelling of one event has to agree on the tenant and on these.
struct Same {
    membership: bool,
    payment: bool,
    meaning: Meaning,
}

fn agree(fixtures: &[&str], same: &Same) {
    for body in fixtures {
        let event = event(body);
        let of = |present: bool, id: &str| present.then(|| id.to_owned());
        assert_eq!(event.meaning, same.meaning, "{body}");
        assert_eq!(event.company_id.map(String::from), of(true, "biz_a1B2c3"), "{body}");
        assert_eq!(event.membership_id.map(String::from), of(same.membership, "mem_q7Rn2"), "{body}");
        assert_eq!(event.payment_id.map(String::from), of(same.payment, "pay_3nEw0ld"), "{body}");
    }
}

#[test]
fn a_failed_renewal_is_the_same_in_all_four_dialects() {
    let fixtures = [v1::FAILED, dated::FAILED, v5::FAILED, v2::FAILED];
    let meaning = Meaning::RenewalFailed { money: usd(1900) };
    agree(&fixtures, &Same { membership: true, payment: true, meaning });
    for body in fixtures {
        let event = event(body);
        assert_eq!(event.name, "payment.failed", "{body}");
        assert_eq!(event.occurred_at, at(1_784_541_600), "{body}");
        assert_eq!(event.user_id.unwrap().as_str(), "user_k4Tz9");
    }
}

#[test]
fn a_success_is_the_same_in_all_four_dialects() {
    let fixtures = [v1::SUCCEEDED, dated::SUCCEEDED, v5::SUCCEEDED, v2::SUCCEEDED];
    let meaning = Meaning::PaymentSucceeded { money: usd(1900) };
    agree(&fixtures, &Same { membership: true, payment: true, meaning });
    for body in fixtures {
        assert_eq!(event(body).occurred_at, at(1_784_622_600), "{body}");
    }
}

#[test]
fn a_valid_membership_is_the_same_in_all_four_dialects() {
    let fixtures = [v1::VALID, dated::VALID, v5::VALID, v2::VALID];
    let meaning = Meaning::MembershipValid;
    agree(&fixtures, &Same { membership: true, payment: false, meaning });
    assert_eq!(event(v1::VALID).occurred_at, at(1_784_622_600));
    assert_eq!(event(v5::VALID).occurred_at, arrival());
}

#[test]
fn an_ended_membership_is_the_same_in_all_four_dialects() {
    let fixtures = [v1::ENDED, dated::ENDED, v5::ENDED, v2::ENDED];
    let meaning = Meaning::MembershipEnded;
    agree(&fixtures, &Same { membership: true, payment: false, meaning });
}

#[test]
fn a_refund_is_the_same_in_all_four_dialects_and_dated_ones_name_no_membership() {
    let meaning = Meaning::MoneyReturned { return_id: "rfnd_5YtB".into(), money: usd(550) };
    let mut same = Same { membership: true, payment: true, meaning };
    agree(&[v1::REFUNDED, v5::REFUNDED, v2::REFUNDED], &same);
    same.membership = false;
    agree(&[dated::REFUNDED], &same);
    for body in [v1::REFUNDED, dated::REFUNDED, v5::REFUNDED, v2::REFUNDED] {
        assert_eq!(event(body).occurred_at, at(1_784_710_800), "{body}");
    }
}

#[test]
fn a_dispute_is_the_same_in_all_four_dialects_and_a_member_is_no_membership() {
    let meaning = Meaning::MoneyReturned { return_id: "dspt_8Lm".into(), money: usd(1900) };
    let mut same = Same { membership: true, payment: true, meaning };
    agree(&[v1::DISPUTED, v5::DISPUTED, v2::DISPUTED], &same);
    same.membership = false;
    agree(&[dated::DISPUTED], &same);
    assert_eq!(event(dated::DISPUTED).user_id.unwrap().as_str(), "user_k4Tz9");
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
