//! Charges requests to rate limits and writes the rate limit headers.
//!
//! The authorization layer stores the due charge with every request. It charges at once if the route has no
//! idempotency keys. Otherwise `idempotent` charges the first request of each key, so that a retry is free. If
//! only the body names the account, the handler charges.

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

/// The rate limit that a request is charged to, and the result.
#[derive(Debug, Clone, Default)]
pub struct RateLimitCharge {
    /// The client's address; `None` if the platform does not guarantee one.
    pub client_ip: Option<IpAddr>,
    due: Option<(&'static Class, String)>,
    outcome: Arc<Mutex<Option<ChargeOutcome>>>,
}

/// The charges of a sign-in attempt: one for the address and one for the account.
#[derive(Debug, Clone)]
pub struct Charged([(&'static Class, String); 2]);

impl Charged {
    pub fn charges(&self) -> [LimitCharge<'_>; 2] {
        let [one, other] = &self.0;
        [LimitCharge { class: one.0, subject: &one.1 }, LimitCharge { class: other.0, subject: &other.1 }]
    }
}

#[derive(Debug, Clone)]
enum ChargeOutcome {
    QuotaState(QuotaState),
    Skipped,
}

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const REMAINING: HeaderName = HeaderName::from_static("x-rate-limit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-rate-limit-reset");

/// Sent if the request was not counted, because DynamoDB did not answer in time.
const SKIPPED: HeaderName = HeaderName::from_static("x-rate-limit-skipped");

impl RateLimitCharge {
    pub fn of(client_ip: Option<IpAddr>) -> Self {
        Self { client_ip, ..Self::default() }
    }

    /// Stores the due charge; [`Self::charge_due`] executes it.
    #[must_use]
    pub fn with_due(mut self, class: &'static Class, subject: String) -> Self {
        self.due = Some((class, subject));
        self
    }

    /// The address as a rate limit subject. Clients with an unknown address share one.
    pub fn address(&self) -> String {
        let address = self.client_ip.map_or_else(|| "unknown".to_owned(), subject_of);
        format!("ip:{address}")
    }

    /// Executes the charge stored by [`Self::with_due`].
    pub async fn charge_due(&self, app: &App) -> Result<(), Failure> {
        match &self.due {
            Some((class, subject)) => self.charge(app, &[LimitCharge { class, subject }]).await,
            None => Ok(()),
        }
    }

    /// Charges the limits that protect an account: one token of the address and one of the account, or neither.
    /// Must be called before the account is read, and also for accounts that do not exist. The charge can be
    /// refunded after the account is authenticated.
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

    /// Applies a refund to the headers of this answer and to the cached state of this process.
    pub fn record_refund(&self, app: &App, charged: &Charged) {
        app.limiter.record_refund(&charged.charges(), app.clock.now());
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ChargeOutcome::QuotaState(quota)) = outcome.as_mut() {
            quota.add_token();
        }
    }

    /// Charges several limits in one transaction: all or none.
    pub async fn charge(&self, app: &App, charges: &[LimitCharge<'_>]) -> Result<(), Failure> {
        let record = |outcome| *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        match app.limiter.charge(charges, app.ids.next(), app.clock.now()).await {
            LimitDecision::Admitted(quota) => {
                record(ChargeOutcome::QuotaState(quota));
                Ok(())
            }
            LimitDecision::Refused(quota) => {
                let retry_after_seconds = quota.retry_after_seconds;
                record(ChargeOutcome::QuotaState(quota));
                Err(Failure::TooMany { retry_after_seconds })
            }
            LimitDecision::Uncounted(class) if class.unanswered == WhenUncounted::Open => {
                record(ChargeOutcome::Skipped);
                Ok(())
            }
            LimitDecision::Uncounted(class) => Err(Failure::Unavailable {
                detail: "The table does not answer. Try again.",
                reason: format!("the limit {} cannot be counted, so the request is refused", class.name),
            }),
        }
    }

    /// Writes the rate limit headers.
    pub fn write_headers(&self, response: &mut Response, now: DateTime<Utc>) {
        match &*self.outcome.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(ChargeOutcome::QuotaState(quota)) => write_quota_headers(response.headers_mut(), quota, now),
            Some(ChargeOutcome::Skipped) => {
                response.headers_mut().insert(SKIPPED, HeaderValue::from_static("store_unanswered"));
            }
            None => {}
        }
    }
}

/// Writes the fields of draft-ietf-httpapi-ratelimit-headers, and two that older clients read.
fn write_quota_headers(headers: &mut HeaderMap, quota: &QuotaState, now: DateTime<Utc>) {
    let QuotaState { class, remaining, reset_seconds, .. } = quota;
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

/// A subscriber's whole IPv6 /64 network counts as one address, because it has more addresses than any limit.
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
