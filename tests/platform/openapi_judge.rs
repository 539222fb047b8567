//! Tests of the validator of answers.

use std::panic::catch_unwind;

use serde_json::{Value, json};

use support::document::{check, document};

const PROBLEM: &str = "application/problem+json";
const JSON: &str = "application/json";

fn settings() -> Value {
    let content = &document()["paths"]["/api/settings"]["put"]["responses"]["200"]["content"];
    content["application/json"]["example"].clone()
}

fn problem(status: u16, title: &str) -> Value {
    json!({"type": "about:blank", "title": title, "status": status, "detail": "No.", "request_id": "r-1"})
}

/// The validator's complaint about an answer; empty if it is valid.
fn objection(method: &str, path: &str, status: u16, content_type: &str, body: &str) -> Option<String> {
    let ended = catch_unwind(|| check(method, path, status, content_type, body.as_bytes()));
    ended.err().map(|panic| panic.downcast_ref::<String>().cloned().unwrap_or_default())
}

fn of_settings(status: u16, content_type: &str, body: &Value) -> Option<String> {
    objection("GET", "/api/settings", status, content_type, &body.to_string())
}

#[test]
fn a_documented_answer_is_valid() {
    assert_eq!(of_settings(200, JSON, &settings()), None);
    assert_eq!(of_settings(401, PROBLEM, &problem(401, "Unauthorized")), None);
    let head = "case_id,membership_id,user_id,status,first_failure_at,last_failure_at,failures,amount,currency,\
                recovered_at,recovered_amount,recovered_currency,returned_amount,attempts,incentive_days\r\n";
    assert_eq!(objection("GET", "/api/cases/export", 200, "text/csv; charset=utf-8", head), None);
    let own = "application/openapi+json;version=3.1";
    assert_eq!(objection("GET", "/api/openapi.json", 200, own, health::OPENAPI), None);
}

#[test]
fn a_wrong_an_extra_and_a_missing_field_are_noticed() {
    for (field, value) in [
        ("push_enabled", json!("yes")),
        ("incentive_days", json!(366)),
        ("incentive_days", json!(1.5)),
        ("updated_at", json!("2026-07-20T10:00:00Z")),
        ("updated_at", json!("2026-02-30T10:00:00.000Z")),
        ("language", json!("fr")),
        ("surprise", json!(1)),
    ] {
        let mut body = settings();
        body[field] = value;
        let said = of_settings(200, JSON, &body).unwrap_or_else(|| panic!("{body} passed"));
        assert!(said.starts_with("GET /api/settings answered 200") && said.contains(field), "{said}");
    }
    let mut body = settings();
    body.as_object_mut().unwrap().remove("version");
    assert!(of_settings(200, JSON, &body).unwrap().contains("version"));
}

#[test]
fn an_unlisted_status_route_or_media_type_is_noticed() {
    assert!(of_settings(202, JSON, &settings()).unwrap().contains("not this status"));
    assert!(of_settings(200, "text/plain", &settings()).unwrap().contains(JSON));
    assert!(of_settings(200, "application/json; charset=latin1", &settings()).is_some());
    assert!(of_settings(401, JSON, &problem(401, "Unauthorized")).is_some());
    assert!(objection("DELETE", "/api/settings", 200, JSON, "{}").unwrap().contains("no such route"));
    assert!(objection("GET", "/api/cases/export", 200, "text/csv; charset=utf-8", "case_id\r\n").is_some());
    assert!(objection("GET", "/api/settings", 200, JSON, "{").unwrap().contains("not JSON"));
}

#[test]
fn a_problem_of_another_status_is_noticed() {
    assert!(of_settings(401, PROBLEM, &problem(403, "Forbidden")).is_some());
    let mut body = problem(400, "Bad Request");
    body["errors"] = json!([{"field": "limit", "message": "expected a whole number"}]);
    assert_eq!(of_settings(400, PROBLEM, &body), None);
    body["errors"] = json!([{"field": "limit"}]);
    assert!(of_settings(400, PROBLEM, &body).is_some());
}

#[test]
fn finished_and_unfinished_actions_have_different_schemas() {
    let path = "/api/cases/{case_id}/nudge";
    let responses = &document()["paths"][path]["post"]["responses"];
    let example = |status: &str| responses[status]["content"][JSON]["example"].to_string();
    assert_eq!(objection("POST", path, 200, JSON, &example("200")), None);
    assert_eq!(objection("POST", path, 202, JSON, &example("202")), None);
    assert!(objection("POST", path, 200, JSON, &example("202")).is_some());
    assert!(objection("POST", path, 202, JSON, &example("200")).is_some());
}
