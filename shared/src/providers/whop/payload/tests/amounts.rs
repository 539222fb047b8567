use serde_json::json;

use super::fixtures::{dated, newest, v1, v2, v5};
use super::*;
use crate::domain::platform::event::Part;

/// Every field of a payment that may hold its total.
const TOTALS: [&str; 5] = ["final_amount", "total", "subtotal", "settlement_amount", "amount"];

fn money_of(event: &Event) -> Option<Money> {
    match &event.meaning {
        Meaning::RenewalFailed { money }
        | Meaning::PaymentSucceeded { money, .. }
        | Meaning::MoneyReturned { money, .. } => money.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_amount_that_is_there_and_unreadable_is_never_replaced_by_another() {
    for fixture in [v1::FAILED, v1::SUCCEEDED, v2::FAILED, v2::SUCCEEDED, v5::FAILED, v5::SUCCEEDED] {
        for total in TOTALS {
            let mut body: Value = serde_json::from_str(fixture).unwrap();
            for other in TOTALS {
                body["data"][other] = json!(null);
            }
            body["data"][total] = json!("29.999");
            // A later total must not replace it: the totals differ by tax, fees and currency.
            for later in TOTALS.iter().skip_while(|name| **name != total).skip(1) {
                body["data"][later] = json!("27.00");
            }
            let event = event(&body.to_string());
            assert_eq!((money_of(&event), event.unread), (None, Some(Part::Amount)), "{total} in {fixture}");
        }
    }
}

#[test]
fn a_fraction_of_a_cent_is_unread_in_every_shape_of_failure_success_and_refund() {
    for (fixture, pointer, value) in [
        (v1::FAILED, "/data/total", json!(29.999)),
        (v1::SUCCEEDED, "/data/total", json!("29.999")),
        (v1::REFUNDED, "/data/amount", json!(29.999)),
        (v5::REFUNDED, "/data/amount", json!("29.999")),
        (dated::FAILED, "/data/total/amount", json!("29.999")),
        (dated::SUCCEEDED, "/data/total/amount", json!("29.999")),
        (newest::REFUNDED, "/data/amount/amount", json!("29.999")),
    ] {
        let event = event_with(fixture, pointer, value);
        assert_eq!((money_of(&event), event.unread), (None, Some(Part::Amount)), "{pointer} in {fixture}");
    }
}

#[test]
fn a_currency_that_is_there_and_unreadable_is_never_replaced_by_another() {
    for wrong in [json!("usdt"), json!(840), json!("")] {
        for (fixture, pointer) in [
            (v1::REFUNDED, "/data/currency"),
            (dated::FAILED, "/data/total/currency"),
            (newest::REFUNDED, "/data/amount/currency"),
        ] {
            let event = event_with(fixture, pointer, wrong.clone());
            let read = (money_of(&event), event.unread);
            assert_eq!(read, (None, Some(Part::Currency)), "{wrong} at {pointer} of {fixture}");
        }
    }
}

#[test]
fn an_absurd_amount_leaves_the_failure_without_money() {
    for text in [
        "1e400",
        "1e-2147483648",
        "99999999999999999999999",
        "19.999",
        "-19",
        "0",
        "null",
        "true",
        "\"\"",
        "\"19,00\"",
        "\"NaN\"",
        "{}",
        "{\"amount\":{}}",
        "{\"amount\":\"x\"}",
        "[19]",
    ] {
        let mut body: Value = serde_json::from_str(v5::FAILED).unwrap();
        body["data"]["subtotal"] = serde_json::from_str(text).unwrap();
        let event = event(&body.to_string());
        assert_eq!(event.meaning, Meaning::RenewalFailed { money: None }, "{text}");
        // Nothing and a zero mean that no amount is given; anything else is unreadable.
        let unread = (!matches!(text, "null" | "0")).then_some(Part::Amount);
        assert_eq!(event.unread, unread, "{text}");
    }
    for currency in [json!(null), json!("usdt"), json!(840)] {
        let event = event_with(v5::FAILED, "/data/currency", currency);
        assert_eq!(event.meaning, Meaning::RenewalFailed { money: None });
        assert_eq!(event.unread, Some(Part::Currency));
    }
}

#[test]
fn noise_of_binary_floats_is_no_part_of_an_amount() {
    for fixture in [v1::FAILED, v5::FAILED] {
        let body = fixture.replace("19.0", "29.990000000000002");
        assert_eq!(event(&body).meaning, Meaning::RenewalFailed { money: usd(2999) });
    }
    let body = v1::SUCCEEDED.replace("19.0", "29.989999999999998");
    assert_eq!(event(&body).meaning, Meaning::PaymentSucceeded { money: usd(2999), of_renewal: true });
}

#[test]
fn amounts_are_read_from_their_decimal_text_in_their_own_currency() {
    let subtotal = |text: &str, currency: &str| {
        let mut body: Value = serde_json::from_str(v5::FAILED).unwrap();
        body["data"]["subtotal"] = serde_json::from_str(text).unwrap();
        body["data"]["currency"] = json!(currency);
        let Meaning::RenewalFailed { money } = event(&body.to_string()).meaning else { panic!("no renewal") };
        money.map(|money| (money.amount, money.currency.as_str().to_owned()))
    };
    assert_eq!(subtotal("1.15", "USD"), Some((115, "usd".into())));
    assert_eq!(subtotal("9007199254740.93", "usd"), Some((900_719_925_474_093, "usd".into())));
    assert_eq!(subtotal("1900", "jpy"), Some((1900, "jpy".into())));
    assert_eq!(subtotal("\"1.234\"", "kwd"), Some((1234, "kwd".into())));
    assert_eq!(subtotal(r#"{"value": 7.5, "currency": "eur"}"#, "usd"), Some((750, "eur".into())));

    let settled = json!({"action": "payment.failed", "data": {"id": "pay_1", "membership_id": "mem_1",
        "currency": "eur", "final_amount": 0, "settlement_amount": 20.5, "settlement_currency": "usd"}});
    assert_eq!(event(&settled.to_string()).meaning, Meaning::RenewalFailed { money: usd(2050) });
}

#[test]
fn a_success_that_was_free_is_worth_nothing_and_an_unreadable_one_is_unknown() {
    let success = |final_amount: Value| event_with(v5::SUCCEEDED, "/data/final_amount", final_amount).meaning;
    assert_eq!(success(json!(0)), Meaning::PaymentSucceeded { money: usd(0), of_renewal: true });
    assert_eq!(success(json!("free")), Meaning::PaymentSucceeded { money: None, of_renewal: true });
    let bare = r#"{"action":"payment.succeeded","data":{"id":"pay_1"}}"#;
    assert_eq!(event(bare).meaning, Meaning::PaymentSucceeded { money: None, of_renewal: true });
}
