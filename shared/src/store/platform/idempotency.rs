//! Rows of idempotency keys.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::kernel::time;
use crate::store::Written;
use crate::store::company::Company;
use crate::store::error::StoreError;
use crate::store::keys::{self, Key};
use crate::store::write::{Expect, Write, number, text};

/// A request's key and its first answer, once there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRow {
    /// The worker that holds the claim.
    pub owner: String,
    /// Identifies the operation of the request. A worker that takes over an abandoned claim continues the same
    /// operation; a key that has expired and is used again gets a new one.
    pub operation: String,
    /// Digest of the request; the same key with another request is refused.
    pub fingerprint: String,
    /// When another worker may take over the claim.
    #[serde(with = "crate::domain::kernel::time")]
    pub lease_until: DateTime<Utc>,
    /// When the key expires.
    #[serde(with = "crate::domain::kernel::time")]
    pub forgotten_at: DateTime<Utc>,
    #[serde(default)]
    pub answer: Option<StoredAnswer>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAnswer {
    pub status: u16,
    pub content_type: String,
    pub body: String,
}

impl Company {
    /// Claims a key that is unused, expired or abandoned.
    pub async fn claim_key(
        &self,
        hash: &str,
        row: &KeyRow,
        now: DateTime<Utc>,
    ) -> Result<Written<KeyRow>, StoreError> {
        let put = |row: &KeyRow, expect: Vec<Expect>| -> Result<Write, StoreError> {
            let write = Write::update(Key::idempotency(&self.company, hash))
                .set_all(row)?
                .set(keys::TTL, number(row.forgotten_at.timestamp()));
            Ok(expect.into_iter().fold(write, Write::expect))
        };
        let first = self.store.change(put(row, vec![Expect::Absent])?).await?;
        let Written::Refused(Some(found)) = first else { return Ok(first) };
        let found: KeyRow = found;
        let forgotten = found.forgotten_at <= now;
        let abandoned =
            found.answer.is_none() && found.lease_until <= now && found.fingerprint == row.fingerprint;
        if found.owner == row.owner || !(forgotten || abandoned) {
            return Ok(Written::Refused(Some(found)));
        }
        let operation = if forgotten { row.operation.clone() } else { found.operation };
        let row = KeyRow { operation, ..row.clone() };
        let as_found = vec![
            Expect::Equals("owner", text(&found.owner)),
            Expect::Equals("lease_until", text(time::format(found.lease_until))),
        ];
        self.store.change(put(&row, as_found)?).await
    }

    /// Stores the first answer; `false` if another worker has taken over the key.
    pub async fn save_answer(
        &self,
        hash: &str,
        owner: &str,
        answer: &StoredAnswer,
    ) -> Result<bool, StoreError> {
        let answer = serde_dynamo::to_attribute_value(answer).map_err(StoreError::shape)?;
        let write = Write::update(Key::idempotency(&self.company, hash))
            .set("answer", answer)
            .expect(Expect::Equals("owner", text(owner)));
        Ok(matches!(self.store.change::<KeyRow>(write).await?, Written::Accepted(_)))
    }

    /// Releases a key without an answer, so that the request can be retried at once.
    pub async fn release_key(&self, hash: &str, owner: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        let write = Write::update(Key::idempotency(&self.company, hash))
            .set("lease_until", text(time::format(now)))
            .expect(Expect::Equals("owner", text(owner)));
        self.store.change::<KeyRow>(write).await.map(drop)
    }
}
