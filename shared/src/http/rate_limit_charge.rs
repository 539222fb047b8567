//! How much a caller may still ask, and telling it so.
//!
//! The authorization layer notes on every request what it counts against, and charges it where the route has no
//! idempotency keys. Where it has, `idempotent` charges, and only the first of all requests with one key, so that
//! a retry uses up nothing. Where the account is known from the body only, the handler charges.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::response::Response;
use chrono::{DateTime, Utc};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::failure::Failure;
use crate::app::{App, SharedApp};
use crate::rate_limit::{Class, LimitCharge, LimitDecision, QuotaState, WhenUncounted};

/// What a request counts against, and how it stands.
#[derive(Debug, Clone, Default)]
pub struct RateLimitCharge {
    /// Where it came from, where the platform vouches for that.
    pub client_ip: Option<IpAddr>,
    due: Option<(&'static Class, String)>,
    noted: Arc<Mutex<Option<Noted>>>,
}

/// What an attempt on an account was charged.
#[derive(Debug, Clone)]
pub struct Charged([(&'static Class, String); 2]);

impl Charged {
    /// The charges, as they were made.
    pub fn charges(&self) -> [LimitCharge<'_>; 2] {
        let [one, other] = &self.0;
        [LimitCharge { class: one.0, subject: &one.1 }, LimitCharge { class: other.0, subject: &other.1 }]
    }
}

#[derive(Debug, Clone)]
enum Noted {
    QuotaState(QuotaState),
    Skipped,
}

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const REMAINING: HeaderName = HeaderName::from_static("x-rate-limit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-rate-limit-reset");

/// Says that nothing was counted, because the table did not answer in time.
const SKIPPED: HeaderName = HeaderName::from_static("x-rate-limit-skipped");

impl RateLimitCharge {
    /// That of a request from an address.
    pub fn of(client_ip: Option<IpAddr>) -> Self {
        Self { client_ip, ..Self::default() }
    }

    /// Notes what is to be charged, now or by whoever knows that the request is not a retry.
    #[must_use]
    pub fn owing(mut self, class: &'static Class, subject: String) -> Self {
        self.due = Some((class, subject));
        self
    }

    /// The address as a subject. Addresses the platform does not vouch for share one.
    pub fn address(&self) -> String {
        let address = self.client_ip.map_or_else(|| "unknown".to_owned(), subject_of);
        format!("ip:{address}")
    }

    /// Charges what was noted.
    pub async fn charge_due(&self, app: &App) -> Result<(), Failure> {
        match &self.due {
            Some((class, subject)) => self.charge(app, &[LimitCharge { class, subject }]).await,
            None => Ok(()),
        }
    }

    /// Charges what guards an account: a token of the address and one of the account, or neither. To be
    /// asked before anything about the account is looked at, and the same for accounts that are not there.
    /// What was charged can be given back where the account is proven.
    pub async fn charge_account(
        &self,
        app: &App,
        (of_address, of_account): (&'static Class, &'static Class),
        account: &str,
    ) -> Result<Charged, Failure> {
        let charged = Charged([(of_address, self.address()), (of_account, format!("account:{account}"))]);
        self.charge(app, &charged.charges()).await?;
        Ok(charged)
    }

    /// Notes that what was charged is given back, for the answer and for the next request of this process.
    pub fn record_refund(&self, app: &App, charged: &Charged) {
        app.limiter.record_refund(&charged.charges(), app.clock.now());
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Noted::QuotaState(standing)) = noted.as_mut() {
            standing.add_token();
        }
    }

    /// Charges several limits at once: all of them, or none.
    pub async fn charge(&self, app: &App, charges: &[LimitCharge<'_>]) -> Result<(), Failure> {
        let note = |noted| *self.noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(noted);
        match app.limiter.charge(charges, app.ids.next(), app.clock.now()).await {
            LimitDecision::Admitted(standing) => {
                note(Noted::QuotaState(standing));
                Ok(())
            }
            LimitDecision::Refused(standing) => {
                let retry_after_seconds = standing.retry_after_seconds;
                note(Noted::QuotaState(standing));
                Err(Failure::TooMany { retry_after_seconds })
            }
            LimitDecision::Uncounted(class) if class.unanswered == WhenUncounted::Open => {
                note(Noted::Skipped);
                Ok(())
            }
            LimitDecision::Uncounted(class) => Err(Failure::Unavailable {
                detail: "The table does not answer. Try again.",
                reason: format!("the limit {} cannot be counted, so the request is refused", class.name),
            }),
        }
    }

    /// Writes how it stands onto an answer.
    pub fn tell(&self, response: &mut Response, now: DateTime<Utc>) {
        match &*self.noted.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(Noted::QuotaState(standing)) => tell(response.headers_mut(), standing, now),
            Some(Noted::Skipped) => {
                response.headers_mut().insert(SKIPPED, HeaderValue::from_static("store_unanswered"));
            }
            None => {}
        }
    }
}

/// The fields of draft-ietf-httpapi-ratelimit-headers, and the two that older clients read.
fn tell(headers: &mut HeaderMap, standing: &QuotaState, now: DateTime<Utc>) {
    let QuotaState { class, remaining, reset_seconds, .. } = standing;
    let (name, quota, window) = (class.name, class.quota, class.window_seconds);
    let reset_at = now.timestamp() + i64::from(*reset_seconds);
    for (header, value) in [
        (POLICY, format!("\"{name}\";q={quota};w={window}")),
        (LIMIT, format!("\"{name}\";r={remaining};t={reset_seconds}")),
        (REMAINING, remaining.to_string()),
        (RESET, reset_at.to_string()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(header, value);
        }
    }
}

/// A whole IPv6 network of one subscriber counts as one address: it has more of them than any limit.
fn subject_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

impl FromRequestParts<SharedApp> for RateLimitCharge {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &SharedApp) -> Result<Self, Failure> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscriber_is_counted_once_whatever_address_of_its_network_it_uses() {
        let subject = |text: &str| RateLimitCharge::of(text.parse().ok()).address();
        assert_eq!(subject("203.0.113.7"), "ip:203.0.113.7");
        assert_eq!(subject("::ffff:203.0.113.7"), "ip:203.0.113.7");
        assert_eq!(subject("2001:db8:1:2::1"), subject("2001:db8:1:2:ffff::2"));
        assert_ne!(subject("2001:db8:1:2::1"), subject("2001:db8:1:3::1"));
        assert_eq!(subject("nowhere"), "ip:unknown");
    }
}
