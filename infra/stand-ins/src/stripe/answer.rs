//! The common part of every answer of Stripe: API key, version, request counts and idempotency keys.

use std::convert::Infallible;

use axum::Json;
use axum::body::Bytes;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use shared::providers::stripe::Mode;

use super::change::Change;
use super::params::Params;
use super::refusal::Refusal;
use super::transaction::{StripeTransaction, set_livemode};
use super::world::World;
use super::{API_VERSION, StripeStandIn};
use crate::base::ProviderState;
use crate::base::headers::{bearer, header_text, idempotency_key};
use crate::base::keys::{KeyReused, UsedKey, check_key};
use crate::fault::{Call, ErrorCode, KeptError, Operation};
use crate::outbox::Provider;

/// The longest idempotency key.
const MAX_KEY_CHARS: usize = 255;

/// A request that only reads.
pub(super) struct ReadRequest {
    headers: HeaderMap,
    query: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for ReadRequest {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().map(str::to_owned);
        Ok(Self { headers: parts.headers.clone(), query })
    }
}

/// A request that changes something.
pub(super) struct WriteRequest {
    pub(super) operation: Operation,
    /// The path, to which an idempotency key is bound.
    pub(super) path: String,
    pub(super) company: Option<String>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl StripeStandIn {
    /// Answers a request that only reads.
    pub(super) async fn answer_read(
        self,
        operation: Operation,
        ReadRequest { headers, query }: ReadRequest,
        read: impl FnOnce(&World, DateTime<Utc>, Params) -> Result<Value, Refusal> + Send + 'static,
    ) -> Response {
        let act = move |stripe: &Self| {
            let (now, world) = stripe.now_and_world();
            let result = known(&headers, &world)
                .and_then(|()| read(&world, now, Params::read(query.as_deref().unwrap_or_default())));
            match result {
                Ok(mut answer) => {
                    set_livemode(&mut answer, world.is_live());
                    Json(answer).into_response()
                }
                Err(refusal) => refusal.into_response(),
            }
        };
        self.answer(operation, None, act).await
    }

    /// Answers a request that changes something, at most once under its key.
    pub(super) async fn execute(
        self,
        order: WriteRequest,
        act: impl FnOnce(&mut StripeTransaction<'_>, Params) -> Result<Value, Refusal> + Send + 'static,
    ) -> Response {
        self.count(order.operation);
        let call = Call::to::<World>(order.operation, order.company.clone());
        let faults = self.faults().clone();
        let Some(working) = Working::begin(&self, idempotency_key(&order.headers)) else {
            return faults.with_faults(call, || Refusal::key_in_use().into_response()).await;
        };
        faults.with_faults_keeping(call, move |kept| working.finish(&order, kept, act)).await
    }
}

/// A request in progress. Its key is in use until it is answered, also if the client disconnects.
struct Working {
    stripe: StripeStandIn,
    key: Option<String>,
}

impl Working {
    /// `None` while another request uses the key.
    fn begin(stripe: &StripeStandIn, key: Option<String>) -> Option<Self> {
        let free = key.as_ref().is_none_or(|key| stripe.state().in_flight.insert(key.clone()));
        free.then(|| Self { stripe: stripe.clone(), key })
    }

    fn finish(
        self,
        order: &WriteRequest,
        kept_error: Option<KeptError>,
        act: impl FnOnce(&mut StripeTransaction<'_>, Params) -> Result<Value, Refusal>,
    ) -> Response {
        let is_known = known(&order.headers, &self.stripe.state());
        if let Err(refusal) = is_known.and_then(|()| check(self.key.as_deref())) {
            return refusal.into_response();
        }
        let params = Params::read(&String::from_utf8_lossy(&order.body));
        let request = json!({"path": order.path, "params": params.to_value()});
        let (now, mut world) = self.stripe.now_and_world();
        match world.keys.answer_to(self.key.as_deref(), &request, now) {
            Ok(Some(answer)) => return replayed(&answer),
            Err(KeyReused) => return Refusal::key_reused().into_response(),
            Ok(None) => {}
        }
        let mut transaction = StripeTransaction::new(&world, now, self.key.clone());
        let acts = kept_error.is_none_or(|error| error.acts);
        let outcome = if acts { act(&mut transaction, params) } else { Ok(Value::Null) };
        let (sent, mut changes) = if outcome.is_ok() { transaction.into_parts() } else { (vec![], vec![]) };
        let outcome = match kept_error {
            Some(error) => {
                let code = error.code.as_ref().map(ErrorCode::as_str);
                Err(Refusal { kept: true, ..Refusal::injected(error.status, code) })
            }
            None => outcome,
        };
        let (status, body, kept) = match outcome {
            Ok(mut answer) => {
                set_livemode(&mut answer, world.is_live());
                (StatusCode::OK, answer, true)
            }
            Err(refusal) => (refusal.status, refusal.body(), refusal.kept),
        };
        if let Some(key) = self.key.clone().filter(|_| kept) {
            let answer = json!({"status": status.as_u16(), "body": body});
            changes.push(Change::KeyUsed(UsedKey { key, request, answer, at: now }));
        }
        // A refusal that is not stored is dropped at once.
        if !sent.is_empty() || !changes.is_empty() {
            self.stripe.commit(&mut world, sent, changes);
        }
        written(status, body)
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            self.stripe.state().in_flight.remove(key);
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.body())).into_response()
    }
}

pub(super) async fn no_such_route() -> Response {
    Refusal::no_such("route", "").into_response()
}

/// An error that is stored under the key would only be replayed, so Stripe's header advises against a retry.
fn written(status: StatusCode, body: Value) -> Response {
    let mut response = (status, Json(body)).into_response();
    if status.is_server_error() {
        response.headers_mut().insert("stripe-should-retry", HeaderValue::from_static("false"));
    }
    response
}

fn replayed(answer: &Value) -> Response {
    let status = answer["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or_default();
    let mut response = written(status, answer["body"].clone());
    response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    response
}

/// Key and version: a key leads to the world of its mode alone, and the same path means something else under another
/// version.
fn known(headers: &HeaderMap, world: &World) -> Result<(), Refusal> {
    let key = bearer(headers).unwrap_or_default();
    let is_key = key.starts_with("sk_") || key.starts_with("rk_");
    let leads_elsewhere =
        Mode::of_key(key).zip(world.mode).is_some_and(|(of_key, of_world)| of_key != of_world);
    if !is_key || leads_elsewhere {
        return Err(Refusal::unauthorized());
    }
    match header_text(headers, "stripe-version") {
        API_VERSION => Ok(()),
        _ => Err(Refusal::invalid(None, format!("Stripe-Version must be {API_VERSION}"))),
    }
}

fn check(key: Option<&str>) -> Result<(), Refusal> {
    check_key(key, MAX_KEY_CHARS).map_err(|message| Refusal::invalid(None, message))
}

impl ProviderState for World {
    const PROVIDER: Provider = Provider::Stripe;

    fn refuse(status: StatusCode, code: Option<&str>) -> Response {
        Refusal::injected(status, code).into_response()
    }
}
