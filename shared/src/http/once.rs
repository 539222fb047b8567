//! Changing requests that may be sent twice.

use std::future::Future;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::answer::{Answer, json_response};
use super::extension::RequestId;
use super::failure::{Failure, PROBLEM_JSON};
use crate::app::SharedApp;
use crate::idempotency::{self, Begun, MAX_KEY_CHARS, Scope};
use crate::store::Company;
use crate::store::idempotency::StoredAnswer;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What a request is, apart from its body: the scope of its key.
#[derive(Debug, Clone)]
pub struct Intent {
    method: Method,
    path: String,
    key: Option<String>,
    request_id: RequestId,
}

impl FromRequestParts<SharedApp> for Intent {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &SharedApp) -> Result<Self, Failure> {
        let request_id = parts.extensions.get::<RequestId>().cloned();
        Ok(Self {
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            key: read_key(&parts.headers)?,
            request_id: request_id.unwrap_or_else(|| RequestId::from_platform(None)),
        })
    }
}

/// Reads the key: bare, or quoted as the draft has it.
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

/// Does a changing request once per key. `run` is handed the name of the operation, the same for
/// every retry of the request, so that what it does can recognise itself after a crash.
pub async fn once<F, Fut>(
    app: &SharedApp,
    company: &Company,
    caller: &str,
    intent: &Intent,
    body: &[u8],
    run: F,
) -> Result<Response, Failure>
where
    F: FnOnce(String) -> Fut,
    Fut: Future<Output = Result<Answer, Failure>>,
{
    let Some(key) = &intent.key else {
        let operation = app.ids.next().simple().to_string();
        return Ok(run(operation).await?.into_response());
    };
    let scope = Scope { company, caller, method: intent.method.as_str(), path: &intent.path, key };
    let claim = match idempotency::begin(scope, body, app.ids.next(), app.clock.now()).await? {
        Begun::Replay(answer) => return Ok(replay(&answer)),
        Begun::Busy => return Err(Failure::Busy("A request with this Idempotency-Key is still running.")),
        Begun::Mismatch => return Err(Failure::KeyReused),
        Begun::Run(claim) => claim,
    };
    let answer = match run(claim.operation_id().to_owned()).await {
        Ok(answer) => StoredAnswer {
            status: answer.status.as_u16(),
            content_type: "application/json".to_owned(),
            body: answer.body.to_string(),
        },
        // What passes is no answer to keep: the next try may be luckier.
        Err(failure) if failure.is_passing() => {
            claim.release(app.clock.now()).await?;
            return Err(failure);
        }
        Err(failure) => StoredAnswer {
            status: failure.status().as_u16(),
            content_type: PROBLEM_JSON.to_owned(),
            body: failure.problem(&intent.request_id.0).to_string(),
        },
    };
    claim.keep(&answer).await?;
    Ok(give(&answer))
}

fn give(answer: &StoredAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    json_response(status, &answer.content_type, answer.body.clone())
}

fn replay(answer: &StoredAnswer) -> Response {
    let mut response = give(answer);
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
