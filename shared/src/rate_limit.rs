//! How often somebody may ask: exact limits on the table.
//!
//! Every class of limit stands in [`class`]. A request is charged one token, or one of each of several
//! buckets, in one conditional write:
//!
//! ```text
//! match limiter.charge(&[Charge { class: &AUTH, subject: "ip:…" }], request_id, now).await {
//!     LimitDecision::Admitted(quota) => …    // serve, and send what remains
//!     LimitDecision::Refused(quota) => …     // 429 with Retry-After
//!     LimitDecision::Uncounted(class) => …       // as `class.unanswered` says
//! }
//! ```
//!
//! Usually that is one request to the table. A second one is needed when another process has charged
//! the bucket since this one last saw it; none when this process knows that the bucket is empty.

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

/// How long the table may take. It answers in under ten milliseconds; a limit that costs a request more
/// than this does its own harm.
const ANSWER_MS: u64 = 50;

/// How long it may take when a connection may have to be opened first, names and keys exchanged: as
/// long as the SDK itself waits for a connection.
const CONNECT_MS: u64 = 1_000;

/// After such a silence the connection may have been closed by either side, or the whole function may
/// have slept.
const CONNECTED_SECONDS: u64 = 20;

/// Rounds of one charge: two forms for each of eight shards, and some for rows held by others.
const MAX_ROUNDS: u32 = 24;

/// One token to be taken.
#[derive(Debug, Clone, Copy)]
pub struct LimitCharge<'a> {
    pub class: &'static Class,
    /// Whose. Where a class counts several kinds of subject, the text says which it is (`ip:192.0.2.1`,
    /// `account:…`): an account that is named like an address must not drain the address's bucket.
    pub subject: &'a str,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitDecision {
    /// Every charge was taken; the standing with the least remaining.
    Admitted(QuotaState),
    /// No charge was taken; the standing of the refusing class with the longest wait.
    Refused(QuotaState),
    /// The table did not answer in time. The class is one that is then closed, if any of them is.
    Uncounted(&'static Class),
}

/// How a bucket stands. Exact after a single charge to one row; of shards and of several charges it is
/// what this process knows, and others may have taken more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaState {
    pub class: &'static Class,
    /// How many more requests would be admitted now.
    pub remaining: u32,
    /// How long until the quota is whole again, in seconds begun.
    pub reset_seconds: u32,
    /// How long until a request is admitted, in seconds begun; 0 when this one was.
    pub retry_after_seconds: u32,
}

impl QuotaState {
    /// The standing after one token was given back.
    pub fn give_back(&mut self) {
        let interval = self.class.window_seconds / self.class.quota.max(1);
        self.remaining = self.remaining.saturating_add(1).min(self.class.quota);
        self.reset_seconds = self.reset_seconds.saturating_sub(interval);
    }
}

/// How long the table may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// When it answered a moment ago.
    pub answer_ms: u64,
    /// When it has not answered for a while, or never.
    pub connect_ms: u64,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { answer_ms: ANSWER_MS, connect_ms: CONNECT_MS }
    }
}

/// Counts requests. One for each process, shared by all its requests.
#[derive(Debug)]
pub struct Limiter {
    store: Option<Store>,
    deadlines: Deadlines,
    memory: Mutex<Memory>,
    answered_at_ms: AtomicI64,
}

impl Limiter {
    /// A limiter on that table; without one, nothing is ever answered.
    pub fn new(store: Option<Store>) -> Self {
        let (deadlines, memory) = (Deadlines::default(), Mutex::default());
        Self { store, deadlines, memory, answered_at_ms: AtomicI64::new(i64::MIN) }
    }

    /// The same with other deadlines.
    #[must_use]
    pub fn with_deadlines(self, deadlines: Deadlines) -> Self {
        Self { deadlines, ..self }
    }

    /// Takes a token for each charge, or none at all. `request` names the request: a charge it has made
    /// already is not made again. Without charges a request is free.
    pub async fn charge(
        &self,
        charges: &[LimitCharge<'_>],
        request: Uuid,
        now: DateTime<Utc>,
    ) -> LimitDecision {
        let mut pending = PendingCharge::all(charges, request);
        self.recall(&mut pending);
        if let Some(verdict) = verdict(&pending, now) {
            return verdict;
        }
        let Some(store) = &self.store else { return unanswered(&pending) };
        let patience = self.patience(now);
        let taken = tokio::time::timeout(patience, self.take(store, &mut pending, request, now)).await;
        let error = match taken {
            Ok(Ok(verdict)) => return verdict,
            Ok(Err(error)) => error,
            Err(_) => StoreError::Unavailable(format!("no answer within {} ms", patience.as_millis())),
        };
        let verdict = unanswered(&pending);
        if let LimitDecision::Uncounted(class) = verdict {
            tracing::warn!(class = class.name, error = %error, "a request could not be counted");
        }
        verdict
    }

    /// The writes that give back what was charged, for a transaction in which it turns out that nothing was
    /// guessed. Only for classes of one row.
    pub fn refund(charges: &[LimitCharge<'_>]) -> Vec<Write> {
        PendingCharge::all(charges, Uuid::nil()).iter().filter_map(PendingCharge::refund).collect()
    }

    /// Notes that such writes were made.
    pub fn record_refund(&self, charges: &[LimitCharge<'_>], now: DateTime<Utc>) {
        let mut pending = PendingCharge::all(charges, Uuid::nil());
        self.recall(&mut pending);
        pending.iter_mut().for_each(PendingCharge::refunded);
        self.note(&mut pending, now);
    }

    async fn take(
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
            let took = store.take(token_writes, round).await?;
            self.answered_at_ms.store(now.timestamp_millis(), Ordering::Relaxed);
            let mut held = false;
            match took {
                TokenWriteOutcome::All(found) => {
                    open.iter_mut().for_each(|charge| charge.took(found.as_ref(), now))
                }
                TokenWriteOutcome::Nothing(met) => {
                    held = met.iter().any(|met| matches!(met, TokenWriteConflict::Held));
                    open.iter_mut().zip(met).for_each(|(charge, met)| charge.learn(met, request, now));
                }
            }
            self.note(pending, now);
            if let Some(verdict) = verdict(pending, now) {
                return Ok(verdict);
            }
            if held {
                tokio::time::sleep(pause(request, round)).await;
            }
        }
        Err(StoreError::Unavailable("the buckets were held by others".to_owned()))
    }

    fn patience(&self, now: DateTime<Utc>) -> Duration {
        let silence_ms = now.timestamp_millis().abs_diff(self.answered_at_ms.load(Ordering::Relaxed));
        let connected = silence_ms <= CONNECTED_SECONDS * 1_000;
        let Deadlines { answer_ms, connect_ms } = self.deadlines;
        Duration::from_millis(if connected { answer_ms } else { connect_ms })
    }

    fn recall(&self, pending: &mut [PendingCharge]) {
        let memory = self.memory();
        pending.iter_mut().for_each(|charge| charge.recall(&memory));
    }

    fn note(&self, pending: &mut [PendingCharge], now: DateTime<Utc>) {
        let mut memory = self.memory();
        pending.iter_mut().for_each(|charge| charge.note(&mut memory, now));
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is already decided: every charge is taken, or one cannot be.
fn verdict(pending: &[PendingCharge], now: DateTime<Utc>) -> Option<LimitDecision> {
    if pending.iter().all(|charge| charge.paid) {
        let standings = pending.iter().map(|charge| charge.standing(now));
        let least = standings.min_by_key(|standing| standing.remaining);
        return Some(LimitDecision::Admitted(least.unwrap_or(UNCHARGED)));
    }
    let empty = pending.iter().filter(|charge| !charge.paid && charge.is_empty(now));
    let longest =
        empty.map(|charge| charge.standing(now)).max_by_key(|standing| standing.retry_after_seconds);
    longest.map(LimitDecision::Refused)
}

fn unanswered(pending: &[PendingCharge]) -> LimitDecision {
    let closed = pending.iter().find(|charge| charge.class.unanswered == WhenUncounted::Closed);
    LimitDecision::Uncounted(closed.or(pending.first()).map_or(&FREE, |charge| charge.class))
}

/// A little while, different from request to request, so that those who met do not meet again.
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
