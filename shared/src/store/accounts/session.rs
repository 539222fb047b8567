//! Session rows. Only the id's hash is stored, so that a copy of the table gives no access.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::kernel::account::Role;
use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::time;
use crate::store::error::StoreError;
use crate::store::keys::AccountKey;
use crate::store::keys::{self, Key};
use crate::store::write::{Expect, Write, number, text};
use crate::store::{Store, Written};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    pub account: AccountKey,
    pub role: Role,
    pub company: CompanyId,
    /// The account's generation at sign-in; the session is valid only while both are equal.
    pub generation: u64,
    /// The fingerprint of a staff account's configuration at sign-in.
    #[serde(default)]
    pub fingerprint: Option<String>,
    #[serde(with = "crate::domain::kernel::time")]
    pub created_at: DateTime<Utc>,
    /// The latest end, whether it is used or not.
    #[serde(with = "crate::domain::kernel::time")]
    pub absolute_until: DateTime<Utc>,
    /// The end if it is not used.
    #[serde(with = "crate::domain::kernel::time")]
    pub idle_until: DateTime<Utc>,
    /// Set by a sign-out.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub ended_at: Option<DateTime<Utc>>,
}

impl Store {
    pub async fn session(&self, id_hash: &str) -> Result<Option<SessionRow>, StoreError> {
        self.get(Key::session(id_hash)).await
    }

    /// Creates a session. After it expires, DynamoDB may delete its row.
    pub fn add_session(&self, id_hash: &str, row: &SessionRow) -> Result<Write, StoreError> {
        let write =
            Write::put(Key::session(id_hash), row)?.set(keys::TTL, number(row.absolute_until.timestamp()));
        Ok(write.expect(Expect::Absent))
    }

    /// Marks an existing session as ended.
    pub fn end_session(&self, id_hash: &str, now: DateTime<Utc>) -> Write {
        Write::update(Key::session(id_hash)).set("ended_at", text(time::format(now))).expect(Expect::Present)
    }

    /// Ends a session; a missing one is no error.
    pub async fn commit_session_end(&self, id_hash: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        let _: Written<SessionRow> = self.change(self.end_session(id_hash, now)).await?;
        Ok(())
    }

    /// Extends a session's idle time. The write is refused if another request has just extended it, which has the
    /// same effect.
    pub async fn extend_session(
        &self,
        id_hash: &str,
        read_until: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let write = Write::update(Key::session(id_hash))
            .set("idle_until", text(time::format(until)))
            .expect(Expect::Equals("idle_until", text(time::format(read_until))));
        let _: Written<SessionRow> = self.change(write).await?;
        Ok(())
    }
}
