//! `Idempotency-Key` on requests: the first answer is stored and returned again, byte for byte.
//!
//! A handler starts with it:
//!
//! ```text
//! match idempotency::begin(…).await? {
//!     KeyState::Replay(answer) => answer,           // the first answer again
//!     KeyState::Busy | KeyState::Mismatch => …      // 409, 422
//!     KeyState::Run(claim) => { … claim.save_answer(answer) }
//! }
//! ```
//!
//! The claim is fenced by its owner: a worker whose lease has expired cannot overwrite the answer of the worker
//! that took over. A worker recognizes its own claim if the response to the claim was lost.

use chrono::{DateTime, Duration, Utc};
use ring::digest::{Context, SHA256};
use uuid::Uuid;

use crate::store::platform::idempotency::{KeyRow, StoredAnswer};
use crate::store::{Company, StoreError, Written};

/// How long an answer is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// 24 hours, as at Stripe: clients retry within minutes.
    Request,
    /// 35 days, for requests that move money: longer than a dispute about a duplicate payment can take.
    Money,
}

impl Retention {
    fn hours(self) -> i64 {
        match self {
            Self::Request => 24,
            Self::Money => 35 * 24,
        }
    }
}

/// Longer than a request may take; afterwards a retry may take over.
const LEASE_SECONDS: i64 = 60;

/// The longest accepted key, as at Stripe.
pub const MAX_KEY_CHARS: usize = 255;

/// The scope of a key. Every part is required, so that two different requests never share a key because a part
/// is missing.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    pub company: &'a Company,
    pub caller: &'a str,
    pub method: &'a str,
    pub path: &'a str,
    /// The path without the query.
    pub key: &'a str,
}

/// The state of a key when a request arrives.
#[derive(Debug)]
pub enum KeyState {
    /// The first request: execute it, then save the answer.
    Run(Claim),
    /// The request was answered before.
    Replay(StoredAnswer),
    /// The first request is still running.
    Busy,
    /// The key was used for a different request.
    Mismatch,
}

/// The right to execute a request and to save its answer.
#[derive(Debug)]
pub struct Claim {
    company: Company,
    hash: String,
    owner: String,
    operation: String,
}

/// Claims a key or returns its state. `request` contains the parts that must be equal for the key to be used
/// again.
pub async fn begin(
    scope: Scope<'_>,
    request: &[Vec<u8>],
    retention: Retention,
    owner: Uuid,
    now: DateTime<Utc>,
) -> Result<KeyState, StoreError> {
    let company_id = scope.company.id().as_str();
    let hash = digest(&[company_id, scope.caller, scope.method, scope.path, scope.key].map(str::as_bytes));
    let row = KeyRow {
        owner: owner.hyphenated().to_string(),
        operation: owner.simple().to_string(),
        fingerprint: digest(&request.iter().map(Vec::as_slice).collect::<Vec<_>>()),
        lease_until: now + Duration::seconds(LEASE_SECONDS),
        forgotten_at: now + Duration::hours(retention.hours()),
        answer: None,
    };
    let result = scope.company.claim_key(&hash, &row, now).await?;
    let claim = |held: KeyRow| {
        KeyState::Run(Claim {
            company: scope.company.clone(),
            hash,
            owner: held.owner,
            operation: held.operation,
        })
    };
    Ok(match result {
        Written::Accepted(held) => claim(held),
        Written::Refused(Some(held)) if held.owner == row.owner => claim(held),
        Written::Refused(Some(found)) if found.fingerprint != row.fingerprint => KeyState::Mismatch,
        Written::Refused(Some(KeyRow { answer: Some(answer), .. })) => KeyState::Replay(answer),
        Written::Refused(_) => KeyState::Busy,
    })
}

impl Claim {
    /// Saves the answer; `false` if another worker has taken over.
    pub async fn save_answer(&self, answer: &StoredAnswer) -> Result<bool, StoreError> {
        self.company.save_answer(&self.hash, &self.owner, answer).await
    }

    /// Releases the key: nothing was done, and a retry may start at once.
    pub async fn release(self, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.company.release_key(&self.hash, &self.owner, now).await
    }

    /// Identifies this request's operation, the same for every retry. Effects derive their operation from it,
    /// so that a retry after a crash finds the effect of the first attempt.
    pub fn operation_id(&self) -> &str {
        &self.operation
    }
}

/// SHA-256 over length-prefixed parts, so that two different lists never give the same input.
fn digest(parts: &[&[u8]]) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    hex::encode(context.finish())
}
