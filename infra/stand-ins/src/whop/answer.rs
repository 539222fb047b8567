//! The common part of every answer of Whop: API key, version, request counts and errors.

use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::json::read_trusted;

use super::WhopStandIn;
use super::shape::{self, Shape};
use super::world::World;
use crate::base::ProviderState;
use crate::base::headers::bearer;
use crate::fault::Operation;
use crate::outbox::Provider;

/// An error in Whop's shape.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Refusal {
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, kind: "invalid_request", message: message.into() }
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, kind: "not_found", message: format!("{what} was not found") }
    }

    pub(super) fn key_reused() -> Self {
        let message = "the idempotency key was used with a different request".to_owned();
        Self { status: StatusCode::BAD_REQUEST, kind: "idempotency_error", message }
    }

    fn unauthorized() -> Self {
        let message = "a valid API key is required".to_owned();
        Self { status: StatusCode::UNAUTHORIZED, kind: "unauthorized", message }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = json!({"error": {"type": self.kind, "message": self.message}});
        (self.status, Json(error)).into_response()
    }
}

impl WhopStandIn {
    /// Demands key and version, and answers.
    pub(super) async fn answer_authorized(
        self,
        operation: Operation,
        company: Option<String>,
        headers: HeaderMap,
        act: impl FnOnce(&WhopStandIn, &HeaderMap, Shape) -> Result<Value, Refusal> + Send + 'static,
    ) -> Response {
        self.answer_without_credentials(operation, company, move |whop| {
            authorized(&headers)?;
            let asked_for = shape::asked_for(&headers)?;
            let spoken = whop.state().spoken.unwrap_or(asked_for);
            act(whop, &headers, spoken)
        })
        .await
    }

    /// The same for requests that exist only in the flat shape of a dated version: without the date, their
    /// path or body has another meaning.
    pub(super) async fn answer_dated(
        self,
        operation: Operation,
        company: Option<String>,
        headers: HeaderMap,
        act: impl FnOnce(&WhopStandIn, &HeaderMap, Shape) -> Result<Value, Refusal> + Send + 'static,
    ) -> Response {
        let checked =
            move |whop: &WhopStandIn, headers: &HeaderMap, spoken: Shape| match shape::asked_for(headers)? {
                Shape::Dated => act(whop, headers, spoken),
                Shape::Undated => Err(Refusal::invalid("this request needs a dated version")),
            };
        self.answer_authorized(operation, company, headers, checked).await
    }

    /// Like [`Self::answer_authorized`] for requests without credentials.
    pub(super) async fn answer_without_credentials(
        self,
        operation: Operation,
        company: Option<String>,
        act: impl FnOnce(&WhopStandIn) -> Result<Value, Refusal> + Send + 'static,
    ) -> Response {
        self.answer(operation, company, move |whop| act(whop).map(Json).into_response()).await
    }
}

/// Reads a body; a field Whop does not know is an error, so that a misspelt one cannot hide.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    read_trusted(body).map_err(|error| Refusal::invalid(error.to_string()))
}

pub(super) async fn no_such_route() -> Response {
    Refusal::not_found("the route").into_response()
}

fn authorized(headers: &HeaderMap) -> Result<(), Refusal> {
    let key = bearer(headers).and_then(|key| key.strip_prefix("whop_")).unwrap_or_default();
    if key.is_empty() { Err(Refusal::unauthorized()) } else { Ok(()) }
}

impl ProviderState for World {
    const PROVIDER: Provider = Provider::Whop;

    fn refuse(status: StatusCode, code: Option<&str>) -> Response {
        let kind = code.unwrap_or(match status.as_u16() {
            401 => "unauthorized",
            403 => "forbidden",
            404 => "not_found",
            429 => "rate_limited",
            400..=499 => "invalid_request",
            _ => "internal_server_error",
        });
        let error = json!({"error": {"type": kind, "message": "a fault of the sandbox"}});
        (status, Json(error)).into_response()
    }
}
