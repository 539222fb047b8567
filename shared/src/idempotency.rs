//! `Idempotency-Key` on requests: the first answer is kept and given again, byte for byte.
//!
//! A handler opens with it, so that the retry is seen on the first screen:
//!
//! ```text
//! match idempotency::begin(…).await? {
//!     Begun::Replay(answer) => answer,       // the first answer again
//!     Begun::Busy | Begun::Mismatch => …     // 409, 422
//!     Begun::Run(claim) => { … claim.keep(answer) }
//! }
//! ```
//!
//! The claim is fenced by its owner: a worker that was too slow cannot overwrite the answer of the
//! one that took over. It recognises its own claim when the answer to it was lost.

use chrono::{DateTime, Duration, Utc};
use ring::digest::{Context, SHA256};
use uuid::Uuid;

use crate::store::platform::idempotency::{KeyRow, StoredAnswer};
use crate::store::{Company, StoreError, Written};

/// How long an answer is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// As long as Stripe keeps keys: a client that retries does so within minutes.
    Request,
    /// Where money moved: longer than a payment can be disputed over a forgotten retry.
    Money,
}

impl Keep {
    fn hours(self) -> i64 {
        match self {
            Self::Request => 24,
            Self::Money => 35 * 24,
        }
    }
}

/// Longer than a request may take; after it, a retry may take over.
const LEASE_SECONDS: i64 = 60;

/// The longest key that is accepted, as at Stripe.
pub const MAX_KEY_CHARS: usize = 255;

/// Who asks for what: the scope a key counts in. Every part is required, so that two requests can
/// never share a key by leaving something out.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    pub company: &'a Company,
    pub caller: &'a str,
    pub method: &'a str,
    /// The path, without query.
    pub path: &'a str,
    /// The key as sent.
    pub key: &'a str,
}

/// Where a request stands.
#[derive(Debug)]
pub enum KeyState {
    /// It is the first: do it, then keep the answer.
    Run(Claim),
    /// It was answered before.
    Replay(StoredAnswer),
    /// The first one is still running.
    Busy,
    /// The key was used for another request.
    Mismatch,
}

/// The right to do the work and to keep its answer.
#[derive(Debug)]
pub struct Claim {
    company: Company,
    hash: String,
    owner: String,
    operation: String,
}

/// Claims a key or finds what became of it. `request` is what has to be the same for the key to be
/// used again, part by part.
pub async fn begin(
    scope: Scope<'_>,
    request: &[Vec<u8>],
    keep: Keep,
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
        forgotten_at: now + Duration::hours(keep.hours()),
        answer: None,
    };
    let met = scope.company.claim_key(&hash, &row, now).await?;
    let claim = |held: KeyRow| {
        KeyState::Run(Claim {
            company: scope.company.clone(),
            hash,
            owner: held.owner,
            operation: held.operation,
        })
    };
    Ok(match met {
        Written::Accepted(held) => claim(held),
        Written::Refused(Some(held)) if held.owner == row.owner => claim(held),
        Written::Refused(Some(found)) if found.fingerprint != row.fingerprint => KeyState::Mismatch,
        Written::Refused(Some(KeyRow { answer: Some(answer), .. })) => KeyState::Replay(answer),
        Written::Refused(_) => KeyState::Busy,
    })
}

impl Claim {
    /// Keeps the answer; `false` when another worker had taken over.
    pub async fn keep(&self, answer: &StoredAnswer) -> Result<bool, StoreError> {
        self.company.save_answer(&self.hash, &self.owner, answer).await
    }

    /// Gives the key up: nothing was done, a retry may begin at once.
    pub async fn release(self, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.company.release_key(&self.hash, &self.owner, now).await
    }

    /// Names what this request does, the same for every retry of it: effects take their operation
    /// from here, so that a retry after a crash meets the effect of the first try.
    pub fn operation_id(&self) -> &str {
        &self.operation
    }
}

/// SHA-256 over length-prefixed parts, so that no two lists of parts run into each other.
fn digest(parts: &[&[u8]]) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    hex::encode(context.finish())
}
