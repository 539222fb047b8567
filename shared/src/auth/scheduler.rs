//! The schedule: a direct invocation by EventBridge Scheduler, or the secret over HTTP.

use axum::extract::{FromRequestParts, Request};
use chrono::{DateTime, Utc};
use http::header::AUTHORIZATION;
use http::request::Parts;
use ring::hmac;

use super::caller::one_header;
use crate::app::{App, SharedApp};
use crate::http::Failure;
use crate::http::extension::Trigger;

/// A caller that may start jobs.
#[derive(Debug, Clone)]
pub struct Scheduler {
    /// The planned time, where the scheduler tells it.
    pub scheduled_at: Option<DateTime<Utc>>,
}

const SHUT: Failure = Failure::Unauthorized("The scheduler's secret is missing or wrong.");

/// Proves that a scheduler asks.
pub(super) fn authenticate(app: &App, request: &Request) -> Result<Scheduler, Failure> {
    // The platform's own invocation: only its adapter can make this type.
    if let Some(Trigger(event)) = request.extensions().get::<Trigger>() {
        return Ok(Scheduler { scheduled_at: event.scheduled_at });
    }
    let header = one_header(request.headers(), AUTHORIZATION.as_str()).ok_or(SHUT)?;
    let (scheme, secret) = header.split_once(' ').ok_or(SHUT)?;
    if !scheme.eq_ignore_ascii_case("bearer") || !are_known(&app.config.cron_secrets, secret) {
        return Err(SHUT);
    }
    Ok(Scheduler { scheduled_at: None })
}

/// The guard has proven the scheduler before a handler runs; without it there is none.
impl FromRequestParts<SharedApp> for Scheduler {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &SharedApp) -> Result<Self, Failure> {
        parts.extensions.get::<Self>().cloned().ok_or(SHUT)
    }
}

/// Whether all that was sent is known. While secrets rotate, a platform sends the whole list it was given (Vercel
/// that of CRON_SECRET). Each part has to be right, so that a list is no way to guess many at once.
pub(super) fn are_known(own: &[String], sent: &str) -> bool {
    sent.split(',').fold(true, |proven, part| is_known(own, part.trim()) & proven)
}

fn is_known(own: &[String], secret: &str) -> bool {
    own.iter().fold(false, |known, own| equal(own, secret) | known)
}

/// Compares in a time that tells nothing about where they differ, nor how long the secret is.
fn equal(known: &str, sent: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"compare");
    hmac::verify(&key, sent.as_bytes(), hmac::sign(&key, known.as_bytes()).as_ref()).is_ok()
}
