//! One charge on its way to a token: the rows it may take it from, and what is known of them.

use chrono::{DateTime, Utc};
use ring::digest::{Context, SHA256};
use uuid::Uuid;

use super::bucket::Bucket;
use super::memory::{Memory, RowId};
use super::{Class, LimitCharge, QuotaState};
use crate::store::Write;
use crate::store::platform::limit::{BucketRow as Found, TokenWrite, TokenWriteConflict, give_back};

/// How long a row outlives the last time at which it can matter, so that clocks need not agree.
const KEEP_SECONDS: i64 = 60;

/// A charge and its rows, in the order in which they are tried.
#[derive(Debug)]
pub(super) struct PendingCharge {
    pub(super) class: &'static Class,
    pub(super) paid: bool,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    id: RowId,
    shard: u8,
    bucket: Bucket,
    tat: Option<i128>,
    /// The table has just told it.
    is_changed: bool,
}

impl PendingCharge {
    /// The charges of a request. What is charged twice counts once: a transaction takes no row twice.
    pub(super) fn all(charges: &[LimitCharge<'_>], request: Uuid) -> Vec<Self> {
        let mut pending: Vec<Self> = Vec::new();
        for charge in charges {
            let charge = Self::new(charge, request);
            if !pending.iter().any(|known| known.rows[0].id == charge.rows[0].id) {
                pending.push(charge);
            }
        }
        pending
    }

    /// The quota is split exactly: the first shards bear what does not divide. No shard goes empty.
    fn new(charge: &LimitCharge<'_>, request: Uuid) -> Self {
        let Class { quota, window_seconds, shards, .. } = *charge.class;
        let quota = quota.max(1);
        let count = u32::from(shards).clamp(1, quota);
        let row = |shard: u32| {
            let quota = quota / count + u32::from(shard < quota % count);
            let shard = shard as u8;
            let bucket = Bucket::new(quota, window_seconds);
            Row { id: id(charge, shard), shard, bucket, tat: None, is_changed: false }
        };
        let mut rows: Vec<Row> = (0..count).map(row).collect();
        rows.rotate_left((request.as_u128() % u128::from(count)) as usize);
        Self { class: charge.class, paid: false, rows }
    }

    /// Takes over what the process knows.
    pub(super) fn recall(&mut self, memory: &Memory) {
        self.rows.iter_mut().for_each(|row| row.tat = memory.recall(&row.id));
    }

    /// Hands over what the table has just told, which is better than what the process knew: rows may
    /// have been cleared away.
    pub(super) fn note(&mut self, memory: &mut Memory, now: DateTime<Utc>) {
        for row in self.rows.iter_mut().filter(|row| row.is_changed) {
            let tat = row.bucket.tat(row.tat, now);
            memory.note(row.id, tat, row.bucket.whole_at_ms(tat), now.timestamp_millis());
            row.is_changed = false;
        }
    }

    /// Whether no row has a token left.
    pub(super) fn is_empty(&self, now: DateTime<Utc>) -> bool {
        self.rows.iter().all(|row| row.bucket.step(row.tat, now).is_none())
    }

    /// The write that takes a token from the first row that may have one.
    pub(super) fn token_write(&self, request: Uuid, now: DateTime<Utc>) -> Option<TokenWrite> {
        self.rows.iter().find_map(|row| {
            let step = row.bucket.step(row.tat, now)?;
            let row = (self.class.name, &*hex::encode(row.id), row.shard);
            let expires_at = now.timestamp() + i64::from(self.class.window_seconds) + KEEP_SECONDS;
            Some(TokenWrite::new(row, request, step, expires_at))
        })
    }

    /// The token was taken. A transaction does not tell what it left; then what was known counts on.
    pub(super) fn took(&mut self, found: Option<&Found>, now: DateTime<Utc>) {
        self.paid = true;
        if let Some(row) = self.tried(now) {
            let counted = row.bucket.taken(row.tat, now);
            row.tat = Some(found.and_then(|found| found.tat).unwrap_or(counted));
            row.is_changed = true;
        }
    }

    /// The write that gives a token back. Of several rows nobody knows which one gave it.
    pub(super) fn refund(&self) -> Option<Write> {
        let [row] = &self.rows[..] else { return None };
        let interval = row.bucket.interval_parts();
        Some(give_back((self.class.name, &*hex::encode(row.id), row.shard), interval))
    }

    /// A token was given back.
    pub(super) fn refunded(&mut self) {
        if let [row] = &mut self.rows[..]
            && let Some(tat) = row.tat
        {
            row.tat = Some(tat - i128::from(row.bucket.interval_parts()));
            row.is_changed = true;
        }
    }

    /// Nothing was taken. A row that bears this request's name had been taken from before.
    pub(super) fn learn(&mut self, met: TokenWriteConflict, request: Uuid, now: DateTime<Utc>) {
        let TokenWriteConflict::Stands(found) = met else { return };
        let own = request.hyphenated().to_string();
        self.paid = found.last_request.is_some_and(|last| last == own);
        if let Some(row) = self.tried(now) {
            row.tat = found.tat;
            row.is_changed = true;
        }
    }

    /// How the charge stands: all its rows together.
    pub(super) fn standing(&self, now: DateTime<Utc>) -> QuotaState {
        let each = |of: fn(&Bucket, Option<i128>, DateTime<Utc>) -> u32| {
            self.rows.iter().map(move |row| of(&row.bucket, row.tat, now))
        };
        let wait = if self.paid { None } else { each(Bucket::wait_seconds).min() };
        QuotaState {
            class: self.class,
            remaining: each(Bucket::remaining).fold(0, u32::saturating_add),
            reset_seconds: each(Bucket::reset_seconds).max().unwrap_or(0),
            retry_after_seconds: wait.unwrap_or(0),
        }
    }

    fn tried(&mut self, now: DateTime<Utc>) -> Option<&mut Row> {
        self.rows.iter_mut().find(|row| row.bucket.step(row.tat, now).is_some())
    }
}

/// Names a row without telling whose it is. The class's numbers are part of the name: a row counts in
/// parts of its own quota, so a changed class begins new rows instead of misreading old ones.
fn id(charge: &LimitCharge<'_>, shard: u8) -> RowId {
    let Class { name, quota, window_seconds, shards, .. } = charge.class;
    let mut context = Context::new(&SHA256);
    for part in [name.as_bytes(), charge.subject.as_bytes()] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    context.update(&quota.to_be_bytes());
    context.update(&window_seconds.to_be_bytes());
    context.update(&[*shards, shard]);
    let mut id = [0; 32];
    id.copy_from_slice(context.finish().as_ref());
    id
}
