//! What every answer of Stripe has in common: the key, the version, the count, and the memory of
//! idempotency keys.

use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use shared::providers::stripe::Mode;

use super::params::Params;
use super::refusal::Refusal;
use super::transaction::{StripeTransaction, set_livemode};
use super::world::World;
use super::{API_VERSION, Change, StripeStandIn};
use crate::fault::{Call, ErrorCode, KeptError, Operation};
use crate::keys::{Recall, UsedKey, idempotency_key};
use crate::outbox::Provider;

/// The longest idempotency key.
const MAX_KEY_CHARS: usize = 255;

/// A request that changes something.
pub(super) struct Order {
    pub(super) operation: Operation,
    /// Where it was sent: part of what a key is bound to.
    pub(super) path: String,
    pub(super) company: Option<String>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl StripeStandIn {
    /// Answers what only reads.
    pub(super) async fn tell(
        self,
        operation: Operation,
        headers: HeaderMap,
        query: Option<String>,
        read: impl FnOnce(&World, DateTime<Utc>, Params) -> Result<Value, Refusal> + Send + 'static,
    ) -> Response {
        self.count(operation);
        let (call, faults) = (call(operation, None), self.faults.clone());
        let act = move || {
            let (now, world) = self.now_and_world();
            let told = known(&headers, &world)
                .and_then(|()| read(&world, now, Params::read(query.as_deref().unwrap_or_default())));
            match told {
                Ok(mut answer) => {
                    set_livemode(&mut answer, world.is_live());
                    Json(answer).into_response()
                }
                Err(refusal) => refusal.into_response(),
            }
        };
        faults.around(call, act).await
    }

    /// Answers what changes something, at most once under its key.
    pub(super) async fn execute(
        self,
        order: Order,
        act: impl FnOnce(&mut StripeTransaction<'_>, Params) -> Result<Value, Refusal> + Send + 'static,
    ) -> Response {
        self.count(order.operation);
        let (call, faults) = (call(order.operation, order.company.clone()), self.faults.clone());
        let Some(working) = Working::begin(&self, idempotency_key(&order.headers)) else {
            return faults.around(call, || Refusal::key_in_use().into_response()).await;
        };
        faults.around_keeping(call, move |kept| working.finish(&order, kept, act)).await
    }

    fn count(&self, operation: Operation) {
        *self.world().requests.entry(operation.name().to_owned()).or_default() += 1;
    }
}

/// A request that is being worked on; its key is taken until it is answered, also by nobody.
struct Working {
    stripe: StripeStandIn,
    key: Option<String>,
}

impl Working {
    /// `None` while another request holds the key.
    fn begin(stripe: &StripeStandIn, key: Option<String>) -> Option<Self> {
        let free = key.as_ref().is_none_or(|key| stripe.world().in_flight.insert(key.clone()));
        free.then(|| Self { stripe: stripe.clone(), key })
    }

    fn finish(
        self,
        order: &Order,
        kept_error: Option<KeptError>,
        act: impl FnOnce(&mut StripeTransaction<'_>, Params) -> Result<Value, Refusal>,
    ) -> Response {
        let is_known = known(&order.headers, &self.stripe.world());
        if let Err(refusal) = is_known.and_then(|()| valid(self.key.as_deref())) {
            return refusal.into_response();
        }
        let params = Params::read(&String::from_utf8_lossy(&order.body));
        let request = json!({"path": order.path, "params": params.to_value()});
        let (now, mut world) = self.stripe.now_and_world();
        match self.key.as_deref().map(|key| world.keys.recall(key, &request, now)) {
            Some(Recall::Replay(answer)) => return replayed(&answer),
            Some(Recall::OtherRequest) => return Refusal::key_reused().into_response(),
            Some(Recall::New) | None => {}
        }
        let mut transaction = StripeTransaction::new(&world, now, self.key.clone());
        let acts = kept_error.is_none_or(|error| error.acts);
        let outcome = if acts { act(&mut transaction, params) } else { Ok(Value::Null) };
        let (sent, mut changes) = if outcome.is_ok() { transaction.into_parts() } else { (vec![], vec![]) };
        let outcome = match kept_error {
            Some(error) => {
                let code = error.code.as_ref().map(ErrorCode::as_str);
                Err(Refusal { kept: true, ..Refusal::trouble(error.status, code) })
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
        self.stripe.commit(&mut world, sent, changes);
        written(status, body)
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            self.stripe.world().in_flight.remove(key);
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

/// An error that is kept under the key would only be replayed, so Stripe says not to ask again.
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
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = bearer.and_then(|bearer| bearer.strip_prefix("Bearer ")).unwrap_or_default();
    let is_key = key.starts_with("sk_") || key.starts_with("rk_");
    let leads_elsewhere =
        Mode::of_key(key).zip(world.mode).is_some_and(|(of_key, of_world)| of_key != of_world);
    if !is_key || leads_elsewhere {
        return Err(Refusal::unauthorized());
    }
    match headers.get("stripe-version") {
        Some(version) if version == API_VERSION => Ok(()),
        _ => Err(Refusal::invalid(None, format!("Stripe-Version must be {API_VERSION}"))),
    }
}

fn valid(key: Option<&str>) -> Result<(), Refusal> {
    match key {
        Some(key) if key.is_empty() || key.len() > MAX_KEY_CHARS => {
            Err(Refusal::invalid(None, format!("Idempotency-Key must have 1 to {MAX_KEY_CHARS} characters")))
        }
        _ => Ok(()),
    }
}

fn call(operation: Operation, company: Option<String>) -> Call {
    let refuse = |status, code: Option<&str>| Refusal::trouble(status, code).into_response();
    Call { provider: Provider::Stripe, operation, company, refuse }
}
