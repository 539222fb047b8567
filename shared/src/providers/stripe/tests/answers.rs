//! Stripe's answers to our calls, in the pinned version.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::providers::call::CallError;
use crate::providers::stripe::balance::BalanceTransaction;
use crate::providers::stripe::error::classify;
use crate::providers::stripe::line::LineSource;
use crate::providers::stripe::list::ListPage;
use crate::providers::stripe::payment::{PaymentIntent, PaymentIntentStatus};
use crate::providers::stripe::refund::{Refund, RefundStatus};

fn intent() -> Value {
    serde_json::from_str(include_str!("../fixtures/2025-04-30.basil/payment_intent_expanded.json")).unwrap()
}

#[test]
fn a_page_of_the_balance_is_read_with_every_source_and_none_hides_another() {
    let page = include_str!("../fixtures/2025-04-30.basil/balance_transactions.json");
    let page: ListPage<BalanceTransaction> = serde_json::from_str(page).unwrap();
    assert!(page.has_more);
    let sources = page.data.iter().map(|line| match &line.source {
        Some(LineSource::Charge(charge)) => (line.kind.as_str(), charge.id.as_str()),
        Some(LineSource::Transfer(transfer)) => (line.kind.as_str(), transfer.id.as_str()),
        Some(LineSource::Reversal(reversal)) => (line.kind.as_str(), reversal.transfer.as_str()),
        Some(LineSource::Refund(refund)) => (line.kind.as_str(), refund.id.as_str()),
        Some(LineSource::Dispute(dispute)) => (line.kind.as_str(), dispute.id.as_str()),
        Some(LineSource::Other(id)) => (line.kind.as_str(), id.as_deref().unwrap_or_default()),
        None => (line.kind.as_str(), ""),
    });
    let expected = [
        ("charge", "ch_3RfKq2"),
        ("transfer", "tr_3RfKq2"),
        ("transfer_refund", "tr_3RfKq2"),
        ("refund", "re_3RfKq2"),
        ("adjustment", "du_1RfKq2"),
        ("payout", "po_1RfKq2"),
        ("stripe_fee", ""),
        ("a_later_kind", "xx_1"),
    ];
    assert_eq!(sources.collect::<Vec<_>>(), expected);
}

#[test]
fn every_status_of_a_payment_is_read_and_an_unknown_one_is_no_failure() {
    use PaymentIntentStatus::{
        Canceled, Processing, RequiresAction, RequiresCapture, RequiresConfirmation, RequiresPaymentMethod,
        Succeeded, Unknown,
    };
    for (word, status) in [
        ("requires_payment_method", RequiresPaymentMethod),
        ("requires_confirmation", RequiresConfirmation),
        ("requires_action", RequiresAction),
        ("processing", Processing),
        ("requires_capture", RequiresCapture),
        ("canceled", Canceled),
        ("succeeded", Succeeded),
        ("a_later_status", Unknown),
    ] {
        let mut body = intent();
        body["status"] = json!(word);
        let payment: PaymentIntent = serde_json::from_value(body).unwrap();
        assert_eq!(payment.status, status);
        assert_eq!(payment.charge_id(), Some("ch_3RfKq2"));
        assert_eq!(payment.capture_before().map(|at| at.timestamp()), Some(1_785_314_800));
    }
}

#[test]
fn every_status_of_a_refund_is_read_and_none_or_an_unknown_one_is_no_failure() {
    use RefundStatus::{Canceled, Failed, Pending, RequiresAction, Succeeded, Unknown};
    let refund: Value =
        serde_json::from_str(include_str!("../fixtures/2025-04-30.basil/refund.json")).unwrap();
    for (word, status) in [
        (json!("pending"), Pending),
        (json!("requires_action"), RequiresAction),
        (json!("succeeded"), Succeeded),
        (json!("failed"), Failed),
        (json!("canceled"), Canceled),
        (json!("a_later_status"), Unknown),
        (json!(null), Unknown),
    ] {
        let mut body = refund.clone();
        (body["status"], body["metadata"]) = (word.clone(), Value::Null);
        let read: Refund = serde_json::from_value(body).unwrap();
        assert_eq!((read.status, read.metadata.len()), (status, 0), "{word}");
    }
}

#[test]
fn every_error_is_judged_by_its_type_and_code() {
    let errors: Value =
        serde_json::from_str(include_str!("../fixtures/2025-04-30.basil/errors.json")).unwrap();
    for error in errors.as_array().unwrap() {
        let status = u16::try_from(error["status"].as_u64().unwrap()).unwrap();
        let body = error["body"].to_string();
        let judged = match classify(status, &HeaderMap::new(), body.as_bytes()) {
            CallError::NotSent { reason, .. } => format!("not_sent {reason}"),
            CallError::InDoubt { reason } => format!("in_doubt {reason}"),
            CallError::LookUp { reason } => format!("look_up {reason}"),
            CallError::Rejected { reason } => format!("rejected {reason}"),
            CallError::WrongState { state } => format!("wrong_state {state}"),
            CallError::Absent => "absent".to_owned(),
        };
        assert_eq!(error["expected"], judged, "{status} {body}");
    }
}
