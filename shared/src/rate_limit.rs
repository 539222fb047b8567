//! Exact rate limits, stored in the table.
//!
//! Every class of limit is defined in [`class`]. A request is charged one token, or one of each of several
//! buckets, in one conditional write:
//!
//! ```text
//! match limiter.charge(&[Charge { class: &AUTH, subject: "ip:…" }], request_id, now).await {
//!     LimitDecision::Admitted(quota) => …    // serve, and send the remaining quota
//!     LimitDecision::Refused(quota) => …     // 429 with Retry-After
//!     LimitDecision::Uncounted(class) => …       // as `class.unanswered` says
//! }
//! ```
//!
//! Usually this takes one request to the table. A second one is needed if another process has charged the
//! bucket since this one last saw it, and none if this process knows that the bucket is empty.

mod bucket;
pub mod class;
mod memory;
mod pending_charge;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use class::{CLASSES, Class, LimitSubject, WhenUncounted};

use crate::store::platform::limit::{TokenWrite, TokenWriteConflict, TokenWriteOutcome};
use crate::store::{Store, StoreError, Write};
use memory::Memory;
use pending_charge::PendingCharge;

/// The timeout of a write. The table answers in under ten milliseconds; a longer wait would do more harm than
/// the limit prevents.
const ANSWER_MS: u64 = 50;

/// The timeout if a connection may have to be opened first, with DNS and TLS: the SDK's own connection timeout.
const CONNECT_MS: u64 = 1_000;

/// After this time without a request the connection may be closed, or the function may have been suspended.
const CONNECTED_SECONDS: u64 = 20;

/// Attempts of one charge: two forms for each of eight shards, and some for rows held by other transactions.
const MAX_ROUNDS: u32 = 24;

/// One token to take.
#[derive(Debug, Clone, Copy)]
pub struct LimitCharge<'a> {
    pub class: &'static Class,
    /// The subject. If a class counts several kinds of subject, a prefix names the kind (`ip:192.0.2.1`,
    /// `account:…`), so that an account named like an address does not drain the address's bucket.
    pub subject: &'a str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitDecision {
    /// Every charge was taken; with the state of the quota that has the least remaining.
    Admitted(QuotaState),
    /// No charge was taken; with the state of the exhausted quota that has the longest wait.
    Refused(QuotaState),
    /// The table did not answer in time. The class is one that is [`WhenUncounted::Closed`], if any is.
    Uncounted(&'static Class),
}

/// The state of a quota. Exact after a single charge to one row. For shards and for several charges it is what
/// this process knows; other processes may have taken more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaState {
    pub class: &'static Class,
    /// The requests that would be admitted now.
    pub remaining: u32,
    /// The time until the quota is full again, in seconds, rounded up.
    pub reset_seconds: u32,
    /// The time until a request is admitted, in seconds, rounded up; 0 if this one was.
    pub retry_after_seconds: u32,
}

impl QuotaState {
    /// Adds one refunded token.
    pub fn add_token(&mut self) {
        let interval = self.class.window_seconds / self.class.quota.max(1);
        self.remaining = self.remaining.saturating_add(1).min(self.class.quota);
        self.reset_seconds = self.reset_seconds.saturating_sub(interval);
    }
}

/// The timeouts of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// If the table answered recently.
    pub answer_ms: u64,
    /// If it has not answered for a while.
    pub connect_ms: u64,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { answer_ms: ANSWER_MS, connect_ms: CONNECT_MS }
    }
}

/// Counts requests; one per process, shared by all its requests.
#[derive(Debug)]
pub struct Limiter {
    store: Option<Store>,
    deadlines: Deadlines,
    memory: Mutex<Memory>,
    answered_at_ms: AtomicI64,
}

impl Limiter {
    /// A limiter on this table; without a table every request is uncounted.
    pub fn new(store: Option<Store>) -> Self {
        let (deadlines, memory) = (Deadlines::default(), Mutex::default());
        Self { store, deadlines, memory, answered_at_ms: AtomicI64::new(i64::MIN) }
    }

    #[must_use]
    pub fn with_deadlines(self, deadlines: Deadlines) -> Self {
        Self { deadlines, ..self }
    }

    /// Takes a token for each charge, or none at all. `request` identifies the request, so that a repeated
    /// charge is not made twice. Without charges a request is admitted.
    pub async fn charge(
        &self,
        charges: &[LimitCharge<'_>],
        request: Uuid,
        now: DateTime<Utc>,
    ) -> LimitDecision {
        let mut pending = PendingCharge::all(charges, request);
        self.recall(&mut pending);
        if let Some(decision) = decide(&pending, now) {
            return decision;
        }
        let Some(store) = &self.store else { return uncounted(&pending) };
        let timeout = self.timeout(now);
        let taken = tokio::time::timeout(timeout, self.take_tokens(store, &mut pending, request, now)).await;
        let error = match taken {
            Ok(Ok(decision)) => return decision,
            Ok(Err(error)) => error,
            Err(_) => StoreError::Unavailable(format!("no answer within {} ms", timeout.as_millis())),
        };
        let decision = uncounted(&pending);
        if let LimitDecision::Uncounted(class) = decision {
            tracing::warn!(class = class.name, error = %error, "a request could not be counted");
        }
        decision
    }

    /// The writes that refund charges, for a transaction that shows that the request was no guess. Only for
    /// classes with one shard.
    pub fn refund(charges: &[LimitCharge<'_>]) -> Vec<Write> {
        PendingCharge::all(charges, Uuid::nil()).iter().filter_map(PendingCharge::refund).collect()
    }

    /// Records in this process that refund writes were committed.
    pub fn record_refund(&self, charges: &[LimitCharge<'_>], now: DateTime<Utc>) {
        let mut pending = PendingCharge::all(charges, Uuid::nil());
        self.recall(&mut pending);
        pending.iter_mut().for_each(PendingCharge::record_refund);
        self.remember(&mut pending, now);
    }

    async fn take_tokens(
        &self,
        store: &Store,
        pending: &mut [PendingCharge],
        request: Uuid,
        now: DateTime<Utc>,
    ) -> Result<LimitDecision, StoreError> {
        for round in 0..MAX_ROUNDS {
            let mut open: Vec<&mut PendingCharge> =
                pending.iter_mut().filter(|charge| !charge.paid).collect();
            let token_writes: Vec<TokenWrite> =
                open.iter().filter_map(|charge| charge.token_write(request, now)).collect();
            let outcome = store.take_tokens(token_writes, round).await?;
            self.answered_at_ms.store(now.timestamp_millis(), Ordering::Relaxed);
            let mut held = false;
            match outcome {
                TokenWriteOutcome::All(found) => {
                    open.iter_mut().for_each(|charge| charge.record_taken(found.as_ref(), now))
                }
                TokenWriteOutcome::Nothing(conflicts) => {
                    held = conflicts.iter().any(|conflict| matches!(conflict, TokenWriteConflict::RowLocked));
                    open.iter_mut()
                        .zip(conflicts)
                        .for_each(|(charge, conflict)| charge.record_conflict(conflict, request, now));
                }
            }
            self.remember(pending, now);
            if let Some(decision) = decide(pending, now) {
                return Ok(decision);
            }
            if held {
                tokio::time::sleep(pause(request, round)).await;
            }
        }
        Err(StoreError::Unavailable("the buckets were held by others".to_owned()))
    }

    fn timeout(&self, now: DateTime<Utc>) -> Duration {
        let silence_ms = now.timestamp_millis().abs_diff(self.answered_at_ms.load(Ordering::Relaxed));
        let connected = silence_ms <= CONNECTED_SECONDS * 1_000;
        let Deadlines { answer_ms, connect_ms } = self.deadlines;
        Duration::from_millis(if connected { answer_ms } else { connect_ms })
    }

    fn recall(&self, pending: &mut [PendingCharge]) {
        let memory = self.memory();
        pending.iter_mut().for_each(|charge| charge.recall(&memory));
    }

    fn remember(&self, pending: &mut [PendingCharge], now: DateTime<Utc>) {
        let mut memory = self.memory();
        pending.iter_mut().for_each(|charge| charge.remember(&mut memory, now));
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The decision, once every charge is taken or one cannot be taken.
fn decide(pending: &[PendingCharge], now: DateTime<Utc>) -> Option<LimitDecision> {
    if pending.iter().all(|charge| charge.paid) {
        let quotas = pending.iter().map(|charge| charge.quota_state(now));
        let least = quotas.min_by_key(|quota| quota.remaining);
        return Some(LimitDecision::Admitted(least.unwrap_or(UNCHARGED)));
    }
    let empty = pending.iter().filter(|charge| !charge.paid && charge.is_empty(now));
    let longest = empty.map(|charge| charge.quota_state(now)).max_by_key(|quota| quota.retry_after_seconds);
    longest.map(LimitDecision::Refused)
}

fn uncounted(pending: &[PendingCharge]) -> LimitDecision {
    let closed = pending.iter().find(|charge| charge.class.unanswered == WhenUncounted::Closed);
    LimitDecision::Uncounted(closed.or(pending.first()).map_or(&FREE, |charge| charge.class))
}

/// One to four milliseconds, different for each request, so that requests that collided do not collide again.
fn pause(request: Uuid, round: u32) -> Duration {
    Duration::from_millis(1 + (request.as_u128() >> round) as u64 % 4)
}

/// The class of a request without charges.
static FREE: Class = Class {
    name: "free",
    quota: u32::MAX,
    window_seconds: 1,
    subject: LimitSubject::Caller,
    shards: 1,
    unanswered: WhenUncounted::Open,
    reason: "Nothing is counted.",
};

const UNCHARGED: QuotaState =
    QuotaState { class: &FREE, remaining: u32::MAX, reset_seconds: 0, retry_after_seconds: 0 };
