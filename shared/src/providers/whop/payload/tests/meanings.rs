use serde_json::json;

use super::fixtures::{dated, newest, v1, v2, v5};
use super::*;
use crate::domain::platform::event::Part;

fn failed_with(fixture: &str, pointer: &str, value: Value) -> Meaning {
    event_with(fixture, pointer, value).meaning
}

#[test]
fn only_a_failed_renewal_opens_a_case() {
    for reason in ["subscription_cycle", "subscription_update", "subscription"] {
        let meaning = failed_with(v1::FAILED, "/data/billing_reason", json!(reason));
        assert_eq!(meaning, Meaning::RenewalFailed { money: usd(1900) }, "{reason}");
    }
    for reason in ["subscription_create", "one_time", "manual"] {
        assert_eq!(
            failed_with(v1::FAILED, "/data/billing_reason", json!(reason)),
            Meaning::Nothing,
            "{reason}"
        );
    }
}

#[test]
fn only_payments_of_the_renewal_count_and_other_reasons_are_distinguished() {
    let success = |reason: Value| event_with(v1::SUCCEEDED, "/data/billing_reason", reason).meaning;
    let paid = |of_renewal| Meaning::PaymentSucceeded { money: usd(1900), of_renewal };
    for reason in
        [json!("subscription_cycle"), json!("subscription_update"), json!("subscription"), json!(null)]
    {
        assert_eq!(success(reason.clone()), paid(true), "{reason}");
    }
    for reason in ["subscription_create", "one_time", "manual"] {
        assert_eq!(success(json!(reason)), paid(false), "{reason}");
    }
}

#[test]
fn an_unknown_value_waits_for_a_person() {
    for (fixture, field, part) in [
        (v1::FAILED, "billing_reason", Part::Reason),
        (v1::SUCCEEDED, "billing_reason", Part::Reason),
        (v1::ENDED, "status", Part::Status),
        (dated::ENDED, "status", Part::Status),
        (v1::REFUNDED, "status", Part::Status),
        (newest::REFUNDED, "status", Part::Status),
        (dated::DISPUTED, "status", Part::Status),
    ] {
        let meaning = failed_with(fixture, &format!("/data/{field}"), json!("something_new"));
        assert_eq!(meaning, Meaning::Unreadable { part }, "{fixture}");
    }
}

#[test]
fn what_is_set_on_a_membership_is_read_from_flags_in_any_encoding_and_from_nothing_else() {
    let changed = |cancel: Value, paused: Value| {
        let data =
            json!({"id": "mem_1", "cancel_at_period_end": cancel, "payment_collection_paused": paused});
        event(&json!({"action": "membership.updated", "data": data}).to_string()).meaning
    };
    let meaning = |cancel_scheduled, collection_paused| Meaning::MembershipChanged {
        cancel_scheduled,
        collection_paused,
    };
    assert_eq!(changed(json!(true), json!(false)), meaning(Some(true), Some(false)));
    assert_eq!(changed(json!("false"), json!(null)), meaning(Some(false), None));
    assert_eq!(changed(json!(1), json!("1")), meaning(Some(true), Some(true)));
    for unclear in [json!(null), json!("soon"), json!(2), json!({}), json!([true])] {
        assert_eq!(changed(unclear.clone(), unclear), Meaning::Nothing);
    }
}

#[test]
fn without_a_reason_a_membership_that_never_began_is_no_renewal() {
    let with_status = |status: &str| {
        let mut body: Value = serde_json::from_str(v1::FAILED).unwrap();
        body["data"]["billing_reason"] = json!(null);
        body["data"]["membership"]["status"] = json!(status);
        event(&body.to_string()).meaning
    };
    assert_eq!(with_status("drafted"), Meaning::Nothing);
    assert_eq!(with_status("trialing"), Meaning::Nothing);
    assert_eq!(with_status("past_due"), Meaning::RenewalFailed { money: usd(1900) });
    assert_eq!(failed_with(v5::FAILED, "/data/membership_id", json!(null)), Meaning::Nothing);
    assert_eq!(failed_with(v2::FAILED, "/data/membership", json!("")), Meaning::Nothing);
}

#[test]
fn a_failure_that_names_neither_membership_nor_payment_means_nothing() {
    let body = r#"{"type":"payment.failed","data":{"billing_reason":"subscription_cycle","subtotal":19}}"#;
    assert_eq!(event(body).meaning, Meaning::Nothing);
    assert_eq!(event(r#"{"type":"payment.failed"}"#).meaning, Meaning::Nothing);
    let without_membership = failed_with(v1::FAILED, "/data/membership", json!(null));
    assert_eq!(without_membership, Meaning::RenewalFailed { money: usd(1900) });
}

#[test]
fn a_failure_happened_at_its_last_attempt_and_not_when_the_payment_was_created() {
    let failed_at = |value: Value| event_with(v1::FAILED, "/data/last_payment_attempt", value).occurred_at;
    assert_eq!(failed_at(json!(1_784_541_600)), at(1_784_541_600));
    assert_eq!(failed_at(json!(null)).timestamp(), 1_784_541_604);
    assert_eq!(failed_at(json!("2999-01-01T00:00:00Z")).timestamp(), 1_784_541_604);
    assert_eq!(event_with(v5::FAILED, "/data/last_payment_attempt", json!(0)).occurred_at, arrival());
}

#[test]
fn a_success_whose_money_went_back_since_is_still_a_success() {
    for substatus in ["refunded", "auto_refunded", "partially_refunded", "dispute_lost"] {
        let meaning = event_with(v1::SUCCEEDED, "/data/substatus", json!(substatus)).meaning;
        assert_eq!(meaning, Meaning::PaymentSucceeded { money: usd(1900), of_renewal: true }, "{substatus}");
    }
}

#[test]
fn an_unpaid_membership_has_not_ended() {
    let ended = |fixture, status: Value| event_with(fixture, "/data/status", status).meaning;
    for status in ["canceled", "expired", "completed"] {
        assert_eq!(ended(v1::ENDED, json!(status)), Meaning::MembershipEnded, "{status}");
        assert_eq!(ended(v5::ENDED, json!(status)), Meaning::MembershipEnded, "{status}");
    }
    for status in ["past_due", "unresolved", "active", "trialing", "canceling", "drafted"] {
        assert_eq!(ended(v1::ENDED, json!(status)), Meaning::Nothing, "{status}");
        assert_eq!(ended(v5::ENDED, json!(status)), Meaning::Nothing, "{status}");
    }
    assert_eq!(ended(v1::ENDED, json!(null)), Meaning::MembershipEnded);
    assert_eq!(ended(v5::ENDED, json!(null)), Meaning::Nothing);
}

#[test]
fn the_name_of_a_membership_event_is_trusted_and_not_its_valid_flag() {
    assert_eq!(event_with(v5::VALID, "/data/valid", json!(false)).meaning, Meaning::MembershipValid);
    assert_eq!(event(v2::ENDED).meaning, Meaning::MembershipEnded);
}

#[test]
fn a_failed_refund_or_won_dispute_is_zero() {
    let returned = |fixture, status: &str| match event_with(fixture, "/data/status", json!(status)).meaning {
        Meaning::MoneyReturned { money, .. } => money,
        other => panic!("{other:?}"),
    };
    for status in ["failed", "canceled", "cancelled"] {
        assert_eq!(returned(v1::REFUNDED, status), usd(0), "{status}");
        assert_eq!(returned(newest::REFUNDED, status), usd(0), "{status}");
    }
    for status in ["pending", "requires_action", "succeeded"] {
        assert_eq!(returned(v1::REFUNDED, status), usd(550), "{status}");
    }
    for status in ["won", "warning_needs_response", "warning_under_review", "warning_closed"] {
        assert_eq!(returned(v5::DISPUTED, status), usd(0), "{status}");
    }
    for status in ["needs_response", "under_review", "lost", "closed", "other"] {
        assert_eq!(returned(v5::DISPUTED, status), usd(1900), "{status}");
    }
    let inquiry = event_with(dated::DISPUTED, "/data/inquiry", json!(true)).meaning;
    assert_eq!(inquiry, Meaning::MoneyReturned { return_id: "dspt_8Lm".into(), money: usd(0) });
}

#[test]
fn a_return_without_a_readable_amount_is_the_whole_payment_and_without_an_id_that_of_its_payment() {
    let refund = |data: Value| event(&json!({"action": "refund.updated", "data": data}).to_string()).meaning;
    let of = |return_id: &str, money| Meaning::MoneyReturned { return_id: return_id.into(), money };
    assert_eq!(refund(json!({"id": "rfnd_1", "payment_id": "pay_1"})), of("rfnd_1", None));
    assert_eq!(refund(json!({"payment": "pay_1"})), of("refund_of_pay_1", None));
    assert_eq!(refund(json!({"payment_id": "pay_1", "status": "failed"})), of("refund_of_pay_1", usd(0)));
    assert_eq!(refund(json!({"id": "rfnd_1", "amount": 5})), Meaning::Nothing);
    let currency_of_payment =
        json!({"id": "rfnd_1", "amount": 5, "payment": {"id": "pay_1", "currency": "usd"}});
    assert_eq!(refund(currency_of_payment), of("rfnd_1", usd(500)));
}

#[test]
fn an_update_of_a_return_happened_when_it_was_updated() {
    let body = json!({"action": "refund.updated", "data": {"id": "rfnd_1", "payment_id": "pay_1",
        "created_at": 1_784_541_600, "updated_at": 1_784_622_600}});
    assert_eq!(event(&body.to_string()).occurred_at, at(1_784_622_600));
    assert_eq!(event(v2::DISPUTED).occurred_at, arrival());
}

#[test]
fn a_name_that_whop_does_not_publish_is_ignored_as_unknown() {
    for name in ["payment.reversed", "membership.merged", "something_new", "app_build.released"] {
        let event = event_with(v1::FAILED, "/type", json!(name));
        let unknown = Meaning::Ignored { reason: IgnoreReason::UnknownName };
        assert_eq!((event.name.as_str(), event.meaning), (name, unknown));
    }
}

#[test]
fn everything_else_means_nothing() {
    for name in [
        "invoice.paid",
        "invoice.past_due",
        "membership.trial_ending_soon",
        "payment.pending",
        "payment.created",
        "payment.requires_action",
        "dispute_alert.created",
        "setup_intent.succeeded",
        "entry.approved",
    ] {
        let event = event_with(v1::FAILED, "/type", json!(name));
        assert_eq!((event.name.as_str(), event.meaning), (name, Meaning::Nothing));
    }
}
