//! Idempotency keys: a repeated changing request gets the stored answer of the first one.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use serde_json::Value;

use super::answer::{Answer, json_response};
use super::body::JsonBody;
use super::extension::RequestId;
use super::failure::{Failure, PROBLEM_JSON};
use super::rate_limit_charge::RateLimitCharge;
use crate::app::SharedApp;
use crate::idempotency::{self, Claim, KeyState, MAX_KEY_CHARS, Retention, Scope};
use crate::store::Company;
use crate::store::platform::idempotency::StoredAnswer;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The longest answer that is stored under a key: below DynamoDB's limit of 400 KB per row and above any of ours.
/// The longest is that of a payout run by hand, whose limits keep it below 200 KB.
const MAX_STORED_BYTES: usize = 256 * 1024;

/// Whether a route uses idempotency keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPolicy {
    /// The route changes nothing or is idempotent by itself.
    None,
    /// A client that retries should send one.
    Optional,
    /// The route moves money: a request without a key is refused, and answers are stored longer.
    Required,
}

/// The key of a request with its scope and the rate limit that it is charged to.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    method: Method,
    path: String,
    query: String,
    key: Option<String>,
    rule: KeyPolicy,
    charge: RateLimitCharge,
    request_id: RequestId,
}

impl FromRequestParts<SharedApp> for IdempotencyKey {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &SharedApp) -> Result<Self, Failure> {
        let request_id = parts.extensions.get::<RequestId>().cloned();
        let rule = parts.extensions.get::<KeyPolicy>().copied().unwrap_or(KeyPolicy::Required);
        let key = read_key(&parts.headers)?;
        if key.is_none() && rule == KeyPolicy::Required {
            return Err(Failure::field("Idempotency-Key", "this moves money, so a key is required"));
        }
        Ok(Self {
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            key,
            rule,
            charge: parts.extensions.get::<RateLimitCharge>().cloned().unwrap_or_default(),
            request_id: request_id.unwrap_or_else(|| RequestId::from_platform(None)),
        })
    }
}

/// Reads the key, with or without the quotes of the draft standard.
fn read_key(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let wrong = || Failure::field("Idempotency-Key", "expected 1 to 255 visible ASCII characters, once");
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().map_err(|_| wrong())?.trim();
    let key = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
    if values.next().is_some() || key.is_empty() || key.len() > MAX_KEY_CHARS || !visible {
        return Err(wrong());
    }
    Ok(Some(key.to_owned()))
}

/// Runs a changing request once per key. `run` receives an operation id that is the same for every retry, so that
/// it recognizes its own writes after a crash. Only a request that runs is charged to the caller's rate limit; a
/// replayed answer is free.
pub async fn idempotent<F, Fut>(
    app: &SharedApp,
    company: &Company,
    caller: &str,
    idempotency_key: &IdempotencyKey,
    body: &JsonBody,
    run: F,
) -> Result<Response, Failure>
where
    F: FnOnce(String) -> Fut,
    Fut: Future<Output = Result<Answer, Failure>>,
{
    let Some(key) = &idempotency_key.key else {
        idempotency_key.charge.charge_due(app).await?;
        let operation = app.ids.next().simple().to_string();
        return Ok(run(operation).await?.into_response());
    };
    let scope =
        Scope { company, caller, method: idempotency_key.method.as_str(), path: &idempotency_key.path, key };
    let request = [idempotency_key.query.as_bytes(), canonical(&body.value).as_bytes()].map(<[u8]>::to_vec);
    let retention =
        if idempotency_key.rule == KeyPolicy::Required { Retention::Money } else { Retention::Request };
    let claim = match idempotency::begin(scope, &request, retention, app.ids.next(), app.clock.now()).await? {
        KeyState::Replay(answer) => return Ok(replay(&answer)),
        KeyState::Busy => return Err(Failure::Busy("A request with this Idempotency-Key is still running.")),
        KeyState::Mismatch => return Err(Failure::KeyReused),
        KeyState::Run(claim) => claim,
    };
    let operation = claim.operation_id().to_owned();
    let work = async {
        idempotency_key.charge.charge_due(app).await?;
        run(operation).await
    };
    let done = match AssertUnwindSafe(work).catch_unwind().await {
        Ok(done) => done,
        Err(panic) => {
            release(claim, app).await;
            std::panic::resume_unwind(panic);
        }
    };
    let answer = match done {
        Ok(answer) => StoredAnswer {
            status: answer.status.as_u16(),
            content_type: "application/json".to_owned(),
            body: answer.body.to_string(),
        },
        // A transient failure is not stored, so that a retry runs again.
        Err(failure) if failure.is_transient() => {
            release(claim, app).await;
            return Err(failure);
        }
        Err(failure) => StoredAnswer {
            status: failure.status().as_u16(),
            content_type: PROBLEM_JSON.to_owned(),
            body: failure.problem(&idempotency_key.request_id.0).to_json(),
        },
    };
    if answer.body.len() > MAX_STORED_BYTES {
        // The caller gets this answer. A retry runs again under the same operation id and is answered from the
        // state that it finds.
        tracing::error!(
            bytes = answer.body.len(),
            path = idempotency_key.path,
            "an answer is too long to be kept under its key"
        );
        release(claim, app).await;
        return Ok(to_response(&answer));
    }
    match claim.save_answer(&answer).await {
        Ok(true) => Ok(to_response(&answer)),
        // Another attempt has taken over the key. A request has only one answer, so the other one's counts.
        Ok(false) => Err(Failure::Busy(
            "Another attempt of this request has taken over. Repeat the request for its answer.",
        )),
        // It is unknown whether the answer was stored. After the release a stored answer is replayed; otherwise
        // the next attempt runs again under the same operation id.
        Err(error) => {
            release(claim, app).await;
            Err(error.into())
        }
    }
}

/// Releases a key after a failure, so that a retry need not wait for the end of its lease. If DynamoDB does not
/// answer, the lease expires.
async fn release(claim: Claim, app: &SharedApp) {
    if let Err(error) = claim.release(app.clock.now()).await {
        tracing::warn!(reason = error.to_string(), "an idempotency key could not be released");
    }
}

/// A canonical text of a body: members sorted by name, no white space. Numbers stay as sent, because parsing them
/// as floats would make different amounts equal.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            let members = members
                .into_iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), canonical(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        plain => plain.to_string(),
    }
}

fn to_response(answer: &StoredAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    json_response(status, &answer.content_type, answer.body.clone())
}

fn replay(answer: &StoredAnswer) -> Response {
    let mut response = to_response(answer);
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
