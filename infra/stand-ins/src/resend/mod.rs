//! A stand-in for Resend: `POST /emails` with its idempotency rules, its suppression list, and its delivery
//! events; `GET /domains`, which a key that may only send is refused.
//!
//! Mail to Resend's own test addresses (`bounced@resend.dev`, `complained@resend.dev`, with or without a
//! label after a `+`) has the named outcome. Unlike Resend, it accepts mail to `example.com`.

mod events;

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::json::read_trusted;

use crate::base::headers::{bearer, idempotency_key};
use crate::base::keys::{KeyMemory, KeyReused, UsedKey, check_key};
use crate::base::{JournaledState, ProviderState, StandIn};
use crate::fault::Operation;
use crate::outbox::{Entry, Kind, Provider};
use events::MailEvents;
pub use events::MailOutcome;

/// Part of a key that may only send. Resend's own keys do not tell.
const SENDING_KEY: &str = "_sending_";

/// The longest idempotency key.
const MAX_KEY_CHARS: usize = 256;
/// The most recipients of one mail.
const MAX_RECIPIENTS: usize = 50;

/// Resend, as far as this project talks to it.
pub type ResendStandIn = StandIn<Mails>;

/// The sent mails and the undelivered events.
#[derive(Debug, Clone, Default)]
pub struct Mails {
    keys: KeyMemory,
    count: u64,
    events: MailEvents,
}

/// An accepted mail or a later event about one, as it is journaled.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Accepted {
    #[serde(default)]
    key: Option<UsedKey>,
    /// Nothing was sent: only the events changed.
    #[serde(default)]
    is_no_mail: bool,
    #[serde(default)]
    events: Vec<events::Change>,
}

impl JournaledState for Mails {
    const NAME: &'static str = "resend";
    type Changes = Accepted;

    fn apply(&mut self, Accepted { key, is_no_mail, events }: Accepted) {
        self.count += u64::from(!is_no_mail);
        if let Some(used) = key {
            self.keys.remember(used);
        }
        events.into_iter().for_each(|change| self.events.apply(change));
    }
}

impl ResendStandIn {
    pub fn router(&self) -> Router {
        Router::new().route("/emails", post(send)).route("/domains", get(domains)).with_state(self.clone())
    }

    fn send(&self, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
        authorized(headers)?;
        let key = valid_key(headers)?;
        let request: Value = read_trusted(body).map_err(|error| invalid(&error))?;
        let mail: Mail = serde_json::from_value(request.clone()).map_err(|error| invalid(&error))?;
        mail.check()?;
        let now = self.now();
        let mut state = self.state();
        let answered = state.keys.answer_to(key.as_deref(), &request, now);
        if let Some(answer) = answered.map_err(|KeyReused| Refusal::key_reused())? {
            return Ok(answer);
        }
        let answer = json!({"id": format!("00000000-0000-4000-8000-{:012}", state.count + 1)});
        let (provider, kind) = (Provider::Resend, Kind::Mail);
        let entry = |to| {
            let (detail, idempotency_key) = (request.clone(), key.clone());
            Entry { at: now, provider, kind, to, detail, idempotency_key }
        };
        // A mail to an address on the suppression list is accepted and not sent, as at Resend.
        let (suppressed, reached): (Vec<String>, Vec<String>) =
            mail.to.addresses().into_iter().partition(|address| state.events.is_suppressed(address));
        let events = state.events.of_mail(&answer, &request, &reached, &suppressed, now);
        let sent = reached.into_iter().map(entry).collect();
        let key = key.map(|key| UsedKey { key, request: request.clone(), answer: answer.clone(), at: now });
        self.commit(&mut state, sent, Accepted { key, events, is_no_mail: false });
        Ok(answer)
    }

    /// Has something become of a mail to an address: the event waits for its delivery.
    pub fn report(&self, address: &str, outcome: MailOutcome) {
        let mut state = self.state();
        let events = state.events.of_outcome(address, outcome, self.now());
        self.commit(&mut state, vec![], Accepted { key: None, is_no_mail: true, events });
    }

    /// The undelivered events, oldest first, by id and body.
    pub fn undelivered_events(&self) -> Vec<(String, Value)> {
        self.state().events.undelivered()
    }

    /// An event was taken; it may be delivered again all the same.
    pub fn mark_delivered(&self, id: &str) {
        let events = vec![events::Change::Delivered(id.to_owned())];
        self.commit(&mut self.state(), vec![], Accepted { key: None, is_no_mail: true, events });
    }
}

async fn send(State(resend): State<ResendStandIn>, headers: HeaderMap, body: Bytes) -> Response {
    let act = move |resend: &ResendStandIn| resend.send(&headers, &body).map(Json).into_response();
    resend.answer(Operation::Emails, None, act).await
}

async fn domains(State(resend): State<ResendStandIn>, headers: HeaderMap) -> Response {
    let act = move |_: &ResendStandIn| list_domains(&headers).map(Json).into_response();
    resend.answer(Operation::Domains, None, act).await
}

fn list_domains(headers: &HeaderMap) -> Result<Value, Refusal> {
    authorized(headers)?;
    if bearer(headers).is_some_and(|key| key.contains(SENDING_KEY)) {
        let message = "This API key is restricted to only send emails";
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, "restricted_api_key", message));
    }
    Ok(json!({"object": "list", "has_more": false, "data": [
        {"id": "00000000-0000-4000-9000-000000000001", "name": "example.com", "status": "verified"},
    ]}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "fields that are only demanded or allowed; the outbox keeps the whole body")]
struct Mail {
    from: String,
    to: Recipients,
    subject: String,
    text: Option<String>,
    html: Option<String>,
    reply_to: Option<Recipients>,
    headers: Option<BTreeMap<String, String>>,
    tags: Option<Vec<Value>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Recipients {
    One(String),
    Many(Vec<String>),
}

impl Mail {
    fn check(&self) -> Result<(), Refusal> {
        let to = self.to.addresses();
        if self.text.is_none() && self.html.is_none() {
            Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "missing_required_field", "text or html"))
        } else if to.is_empty() || to.len() > MAX_RECIPIENTS || to.iter().any(|one| !one.contains('@')) {
            Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_error", "invalid `to` field"))
        } else {
            Ok(())
        }
    }
}

impl Recipients {
    fn addresses(&self) -> Vec<String> {
        match self {
            Self::One(address) => vec![address.clone()],
            Self::Many(addresses) => addresses.clone(),
        }
    }
}

/// Why Resend does not send.
struct Refusal {
    status: StatusCode,
    name: String,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, name: &str, message: impl Into<String>) -> Self {
        Self { status, name: name.to_owned(), message: message.into() }
    }

    fn key_reused() -> Self {
        let message = "the idempotency key was used with a different request";
        Self::new(StatusCode::CONFLICT, "invalid_idempotent_request", message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = json!({"statusCode": self.status.as_u16(), "name": self.name, "message": self.message});
        (self.status, Json(error)).into_response()
    }
}

fn invalid(error: &impl std::fmt::Display) -> Refusal {
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_error", error.to_string())
}

fn authorized(headers: &HeaderMap) -> Result<(), Refusal> {
    match bearer(headers).map(str::trim) {
        Some(key) if key.starts_with("re_") => Ok(()),
        Some(key) if !key.is_empty() => {
            Err(Refusal::new(StatusCode::FORBIDDEN, "invalid_api_key", "API key is invalid"))
        }
        _ => Err(Refusal::new(StatusCode::UNAUTHORIZED, "missing_api_key", "an API key is required")),
    }
}

fn valid_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let key = idempotency_key(headers);
    let refusal = |message| Refusal::new(StatusCode::BAD_REQUEST, "invalid_idempotency_key", message);
    check_key(key.as_deref(), MAX_KEY_CHARS).map_err(refusal)?;
    Ok(key)
}

impl ProviderState for Mails {
    const PROVIDER: Provider = Provider::Resend;

    fn refuse(status: StatusCode, code: Option<&str>) -> Response {
        let name = code.unwrap_or(match status.as_u16() {
            401 => "missing_api_key",
            403 => "invalid_api_key",
            404 => "not_found",
            429 => "rate_limit_exceeded",
            400..=499 => "validation_error",
            _ => "application_error",
        });
        Refusal::new(status, name, "a fault of the sandbox").into_response()
    }
}
