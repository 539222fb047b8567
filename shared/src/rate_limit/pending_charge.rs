//! One charge that is not decided yet: the rows that may give its token, and their last known state.

use chrono::{DateTime, Utc};
use ring::digest::{Context, SHA256};
use uuid::Uuid;

use super::bucket::Bucket;
use super::memory::{Memory, RowId};
use super::{Class, LimitCharge, QuotaState};
use crate::store::Write;
use crate::store::platform::limit::{BucketRow as Found, TokenWrite, TokenWriteConflict, refund_write};

/// A row is kept this much longer than needed, to allow for clock skew.
const KEEP_SECONDS: i64 = 60;

/// A charge and its rows in the order of the attempts.
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
    /// The table has just returned it.
    is_changed: bool,
}

impl PendingCharge {
    /// The charges of a request. A duplicate counts once, because a transaction cannot write a row twice.
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

    /// Splits the quota exactly over the shards: the first ones get the remainder, and each gets at least one.
    fn new(charge: &LimitCharge<'_>, request: Uuid) -> Self {
        let Class { quota, window_seconds, shards, .. } = *charge.class;
        let quota = quota.max(1);
        let count = u32::from(shards).clamp(1, quota);
        let row = |shard: u32| {
            let quota = quota / count + u32::from(shard < quota % count);
            let shard = shard as u8;
            let bucket = Bucket::new(quota, window_seconds);
            Row { id: row_id(charge, shard), shard, bucket, tat: None, is_changed: false }
        };
        let mut rows: Vec<Row> = (0..count).map(row).collect();
        rows.rotate_left((request.as_u128() % u128::from(count)) as usize);
        Self { class: charge.class, paid: false, rows }
    }

    /// Loads the `tat`s that the process remembers.
    pub(super) fn recall(&mut self, memory: &Memory) {
        self.rows.iter_mut().for_each(|row| row.tat = memory.recall(&row.id));
    }

    /// Remembers the `tat`s that the table has just returned. They replace older ones, because rows may have
    /// expired.
    pub(super) fn remember(&mut self, memory: &mut Memory, now: DateTime<Utc>) {
        for row in self.rows.iter_mut().filter(|row| row.is_changed) {
            let tat = row.bucket.tat(row.tat, now);
            memory.remember(row.id, tat, row.bucket.full_at_ms(tat), now.timestamp_millis());
            row.is_changed = false;
        }
    }

    /// Whether no row has a token left.
    pub(super) fn is_empty(&self, now: DateTime<Utc>) -> bool {
        self.rows.iter().all(|row| row.bucket.write_form(row.tat, now).is_none())
    }

    /// The write that takes a token from the first row that may have one.
    pub(super) fn token_write(&self, request: Uuid, now: DateTime<Utc>) -> Option<TokenWrite> {
        self.rows.iter().find_map(|row| {
            let form = row.bucket.write_form(row.tat, now)?;
            let row = (self.class.name, &*hex::encode(row.id), row.shard);
            let expires_at = now.timestamp() + i64::from(self.class.window_seconds) + KEEP_SECONDS;
            Some(TokenWrite::new(row, request, form, expires_at))
        })
    }

    /// Records that the token was taken. A transaction does not return the row; the new `tat` is calculated then.
    pub(super) fn record_taken(&mut self, found: Option<&Found>, now: DateTime<Utc>) {
        self.paid = true;
        if let Some(row) = self.tried_row(now) {
            let counted = row.bucket.taken(row.tat, now);
            row.tat = Some(found.and_then(|found| found.tat).unwrap_or(counted));
            row.is_changed = true;
        }
    }

    /// The write that refunds the token; `None` with several rows, because it is unknown which one gave it.
    pub(super) fn refund(&self) -> Option<Write> {
        let [row] = &self.rows[..] else { return None };
        let interval = row.bucket.interval_parts();
        Some(refund_write((self.class.name, &*hex::encode(row.id), row.shard), interval))
    }

    /// Records that a token was refunded.
    pub(super) fn record_refund(&mut self) {
        if let [row] = &mut self.rows[..]
            && let Some(tat) = row.tat
        {
            row.tat = Some(tat - i128::from(row.bucket.interval_parts()));
            row.is_changed = true;
        }
    }

    /// Records that no token was taken. If the row's last request is this one, the charge was paid by an earlier
    /// write.
    pub(super) fn record_conflict(
        &mut self,
        conflict: TokenWriteConflict,
        request: Uuid,
        now: DateTime<Utc>,
    ) {
        let TokenWriteConflict::ConditionFailed(found) = conflict else { return };
        let own = request.hyphenated().to_string();
        self.paid = found.last_request.is_some_and(|last| last == own);
        if let Some(row) = self.tried_row(now) {
            row.tat = found.tat;
            row.is_changed = true;
        }
    }

    /// The state of the quota over all rows of the charge.
    pub(super) fn quota_state(&self, now: DateTime<Utc>) -> QuotaState {
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

    fn tried_row(&mut self, now: DateTime<Utc>) -> Option<&mut Row> {
        self.rows.iter_mut().find(|row| row.bucket.write_form(row.tat, now).is_some())
    }
}

/// Identifies a row without personal data. The class's numbers are hashed too, because a row's unit depends on its
/// quota: a changed class starts new rows instead of misreading old ones.
fn row_id(charge: &LimitCharge<'_>, shard: u8) -> RowId {
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
