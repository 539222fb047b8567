//! The schedule: a direct invocation by EventBridge Scheduler, or the secret over HTTP.

use axum::extract::FromRequestParts;
use chrono::{DateTime, Utc};
use http::header::AUTHORIZATION;
use http::request::Parts;
use ring::hmac;

use crate::app::SharedApp;
use crate::http::Failure;
use crate::http::extension::Trigger;

/// A caller that may start jobs.
#[derive(Debug, Clone)]
pub struct Scheduler {
    /// The planned time, where the scheduler tells it.
    pub scheduled_at: Option<DateTime<Utc>>,
}

const SHUT: Failure = Failure::Unproven("The scheduler's secret is missing or wrong.");

impl FromRequestParts<SharedApp> for Scheduler {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Failure> {
        // The platform's own invocation: only its adapter can make this type.
        if let Some(Trigger(event)) = parts.extensions.get::<Trigger>() {
            return Ok(Self { scheduled_at: event.scheduled_at });
        }
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or(SHUT)?;
        let (scheme, secret) = header.split_once(' ').ok_or(SHUT)?;
        let proven =
            app.config.cron_secrets.iter().fold(false, |proven, known| equal(known, secret.trim()) | proven);
        if !scheme.eq_ignore_ascii_case("bearer") || !proven {
            return Err(SHUT);
        }
        Ok(Self { scheduled_at: None })
    }
}

/// Compares in a time that tells nothing about where they differ, nor how long the secret is.
fn equal(known: &str, sent: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"compare");
    hmac::verify(&key, sent.as_bytes(), hmac::sign(&key, known.as_bytes()).as_ref()).is_ok()
}
