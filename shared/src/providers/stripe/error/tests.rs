use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::classify;
use crate::providers::call::CallError;

fn ends(status: u16, headers: &[(&'static str, &'static str)], body: &Value) -> CallError {
    let headers =
        headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    classify(status, &headers.collect::<HeaderMap>(), body.to_string().as_bytes())
}

fn error(kind: &str, code: &str) -> Value {
    json!({"error": {"type": kind, "code": code, "message": "No such person: canary@example.com"}})
}

fn not_sent(reason: &str, after_s: Option<u64>) -> CallError {
    CallError::NotSent { reason: reason.to_owned(), retry_after: after_s.map(Duration::from_secs) }
}

fn rejected(reason: &str) -> CallError {
    CallError::Rejected { reason: reason.to_owned() }
}

fn in_doubt(reason: &str) -> CallError {
    CallError::InDoubt { reason: reason.to_owned() }
}

fn look_up(reason: &str) -> CallError {
    CallError::LookUp { reason: reason.to_owned() }
}

const INVALID: &str = "invalid_request_error";
const RETRY: (&str, &str) = ("stripe-should-retry", "true");
const LEAVE: (&str, &str) = ("stripe-should-retry", "false");
const REPLAYED: (&str, &str) = ("idempotent-replayed", "true");

#[test]
fn only_an_error_in_stripes_format_is_a_final_refusal() {
    assert_eq!(ends(400, &[], &error(INVALID, "balance_insufficient")), rejected("balance_insufficient"));
    assert_eq!(ends(402, &[], &error("card_error", "card_declined")), rejected("card_declined"));
    assert_eq!(ends(400, &[REPLAYED], &error(INVALID, "resource_missing")), rejected("resource_missing"));
    assert_eq!(ends(400, &[], &json!({"error": {"type": INVALID}})), rejected(INVALID), "without a code");
    for code in ["charge_already_refunded", "charge_disputed"] {
        assert_eq!(ends(400, &[], &error(INVALID, code)), rejected(code));
    }
    assert_eq!(ends(404, &[], &error(INVALID, "resource_missing")), CallError::Absent);
    assert_eq!(ends(403, &[], &error(INVALID, "account_invalid")), CallError::Absent);
    assert_eq!(ends(403, &[], &error(INVALID, "charge_not_refundable")), rejected("charge_not_refundable"));
    for status in [400, 402, 403, 404] {
        assert_eq!(
            ends(status, &[], &json!("<html>")),
            in_doubt(&format!("status_{status}")),
            "somebody else's"
        );
    }
}

#[test]
fn a_wrong_key_of_ours_is_no_refusal_of_the_operation() {
    assert_eq!(ends(401, &[], &json!({"error": {"type": INVALID}})), not_sent(INVALID, None));
    assert_eq!(
        ends(403, &[], &error(INVALID, "more_permissions_required")),
        not_sent("more_permissions_required", None)
    );
    assert_eq!(ends(403, &[], &json!({"error": {"type": INVALID}})), not_sent(INVALID, None));
}

#[test]
fn a_429_is_retried_after_the_time_in_its_header() {
    let limited = error(INVALID, "rate_limit");
    assert_eq!(ends(429, &[("retry-after", "7")], &limited), not_sent("rate_limit", Some(7)));
    assert_eq!(ends(429, &[], &json!("")), not_sent("status_429", None));
    assert_eq!(ends(429, &[LEAVE], &limited), not_sent("rate_limit", None), "it was refused all the same");
    assert_eq!(ends(429, &[RETRY], &error(INVALID, "lock_timeout")), not_sent("lock_timeout", None));
}

#[test]
fn a_key_in_use_or_of_another_body_leaves_the_operation_undecided() {
    assert_eq!(ends(409, &[], &error(INVALID, "idempotency_key_in_use")), in_doubt("idempotency_key_in_use"));
    let other =
        json!({"error": {"type": "idempotency_error", "message": "Keys for idempotent requests can only…"}});
    assert_eq!(ends(400, &[], &other), look_up("idempotency_error"));
    assert_eq!(ends(400, &[RETRY], &other), look_up("idempotency_error"), "no repetition can settle it");
    assert_eq!(ends(409, &[], &other), in_doubt("idempotency_error"), "in use, in older words");
}

#[test]
fn an_error_of_stripes_is_settled_by_the_same_key_unless_the_error_is_kept_under_it() {
    let broken = json!({"error": {"type": "api_error", "message": "An unknown error occurred"}});
    assert_eq!(ends(500, &[], &broken), in_doubt("api_error"));
    assert_eq!(ends(503, &[], &json!("<html>")), in_doubt("status_503"));
    assert_eq!(ends(500, &[LEAVE], &broken), look_up("api_error"));
    assert_eq!(ends(500, &[REPLAYED], &broken), look_up("api_error"));
    assert_eq!(ends(500, &[REPLAYED, RETRY], &broken), in_doubt("api_error"), "the header wins");
    assert_eq!(ends(302, &[], &json!("")), in_doubt("status_302"));
}

#[test]
fn an_answer_with_should_retry_is_no_refusal() {
    let locked = error(INVALID, "lock_timeout");
    assert_eq!(ends(400, &[RETRY], &locked), not_sent("lock_timeout", None));
    assert_eq!(ends(400, &[LEAVE], &locked), rejected("lock_timeout"));
    assert_eq!(ends(409, &[LEAVE], &locked), look_up("lock_timeout"));
}

#[test]
fn an_intent_in_another_state_is_reported_with_the_state() {
    for state in ["succeeded", "canceled", "processing"] {
        let mut body = error(INVALID, "payment_intent_unexpected_state");
        body["error"]["payment_intent"] = json!({"id": "pi_1", "amount": 1000, "status": state});
        assert_eq!(ends(400, &[], &body), CallError::WrongState { state: state.to_owned() });
    }
    let without = error(INVALID, "payment_intent_unexpected_state");
    assert_eq!(ends(400, &[], &without), rejected("payment_intent_unexpected_state"));
}

#[test]
fn a_field_that_the_asker_can_change_is_named() {
    let mut small = error(INVALID, "amount_too_small");
    small["error"]["param"] = json!("amount");
    assert_eq!(ends(400, &[], &small), rejected("amount_too_small:amount"));
    let currency =
        json!({"error": {"type": INVALID, "param": "currency", "message": "Invalid currency: xyz"}});
    assert_eq!(ends(400, &[], &currency), rejected("invalid_request_error:currency"));
    let ours = json!({"error": {"type": INVALID, "param": "destination"}});
    assert_eq!(ends(400, &[], &ours), rejected(INVALID), "no caller can change it");
}

#[test]
fn nothing_of_a_message_is_kept() {
    let odd = json!({"error": {"type": "canary@example.com", "code": "canary@example.com"}});
    for status in [400, 401, 402, 403, 404, 409, 429, 500] {
        let error = ends(status, &[], &odd);
        assert!(!format!("{error:?} {error}").contains("canary"), "{error:?}");
    }
}
