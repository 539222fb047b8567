//! Authentication of the scheduler: a direct invocation by EventBridge Scheduler, or its secret over HTTP.

use axum::extract::{FromRequestParts, Request};
use http::header::AUTHORIZATION;
use http::request::Parts;
use ring::hmac;

use super::caller::one_header;
use crate::app::{App, SharedApp};
use crate::http::Failure;
use crate::http::extension::{ScheduledEvent, Trigger};

/// A caller that may start jobs.
#[derive(Debug, Clone)]
pub struct Scheduler {
    /// The payload of a direct invocation; `None` over HTTP.
    pub event: Option<ScheduledEvent>,
}

const WRONG_SECRET: Failure = Failure::Unauthorized("The scheduler's secret is missing or wrong.");

pub(super) fn authenticate(app: &App, request: &Request) -> Result<Scheduler, Failure> {
    // A direct invocation: only the platform's adapter can create this type.
    if let Some(Trigger(event)) = request.extensions().get::<Trigger>() {
        return Ok(Scheduler { event: Some(event.clone()) });
    }
    let header = one_header(request.headers(), AUTHORIZATION.as_str()).ok_or(WRONG_SECRET)?;
    let (scheme, secret) = header.split_once(' ').ok_or(WRONG_SECRET)?;
    if !scheme.eq_ignore_ascii_case("bearer") || !are_known(&app.config.cron_secrets, secret) {
        return Err(WRONG_SECRET);
    }
    Ok(Scheduler { event: None })
}

/// The authorization layer stores the scheduler before a handler runs; without it the request is unauthenticated.
impl FromRequestParts<SharedApp> for Scheduler {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &SharedApp) -> Result<Self, Failure> {
        parts.extensions.get::<Self>().cloned().ok_or(WRONG_SECRET)
    }
}

/// Whether every part of the sent list is a known secret. While secrets rotate, a platform sends the whole list
/// of its variable (Vercel that of CRON_SECRET). All parts must be right, so that a list cannot be used to guess
/// many at once.
pub(super) fn are_known(own: &[String], sent: &str) -> bool {
    sent.split(',').fold(true, |proven, part| is_known(own, part.trim()) & proven)
}

fn is_known(own: &[String], secret: &str) -> bool {
    own.iter().fold(false, |known, own| equal(own, secret) | known)
}

/// Compares in constant time: reveals neither the first difference nor the length of the secret.
pub(super) fn equal(known: &str, sent: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"compare");
    hmac::verify(&key, sent.as_bytes(), hmac::sign(&key, known.as_bytes()).as_ref()).is_ok()
}
