//! The rules over HTTP: `GET`, `POST` and `DELETE /sandbox/faults`.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use shared::json::read_request;

use super::{Faults, Rule};

impl Faults {
    /// Lists the rules, adds one, or clears them all; each answer is the rules then in force.
    pub fn router(&self) -> Router {
        let route = get(list).post(add).delete(clear);
        Router::new().route("/sandbox/faults", route).with_state(self.clone())
    }
}

async fn list(State(faults): State<Faults>) -> Response {
    Json(faults.rules()).into_response()
}

async fn add(State(faults): State<Faults>, body: Bytes) -> Response {
    match read_request::<Rule>(&body) {
        Ok(rule) => {
            faults.add(rule);
            (StatusCode::CREATED, Json(faults.rules())).into_response()
        }
        Err(error) => {
            let problem = json!({
                "type": "about:blank", "title": "Bad Request", "status": 400, "detail": error.to_string(),
            });
            let kind = [(header::CONTENT_TYPE, "application/problem+json")];
            (StatusCode::BAD_REQUEST, kind, Json(problem).into_response().into_body()).into_response()
        }
    }
}

async fn clear(State(faults): State<Faults>) -> Response {
    faults.clear();
    Json(faults.rules()).into_response()
}
