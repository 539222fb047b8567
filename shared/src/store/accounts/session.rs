//! Sessions, as rows. The id is never kept, only its hash, so that a copy of the table opens nothing.

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
    /// What its account may do.
    pub role: Role,
    /// The company it does that in.
    pub company: CompanyId,
    /// The generation of the account's sessions it belongs to; it counts no longer than that one does.
    pub generation: u64,
    /// What the environment said of a staff account when it signed in.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// When somebody signed in.
    #[serde(with = "crate::domain::kernel::time")]
    pub created_at: DateTime<Utc>,
    /// When it ends whatever happens.
    #[serde(with = "crate::domain::kernel::time")]
    pub absolute_until: DateTime<Utc>,
    /// When it ends if nobody uses it.
    #[serde(with = "crate::domain::kernel::time")]
    pub idle_until: DateTime<Utc>,
    /// When it was ended by hand.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub ended_at: Option<DateTime<Utc>>,
}

impl Store {
    /// One session by the hash of its id.
    pub async fn session(&self, id_hash: &str) -> Result<Option<SessionRow>, StoreError> {
        self.get(Key::session(id_hash)).await
    }

    /// A new session. Once it can count no more, DynamoDB may clear its row away.
    pub fn add_session(&self, id_hash: &str, row: &SessionRow) -> Result<Write, StoreError> {
        let write =
            Write::put(Key::session(id_hash), row)?.set(keys::TTL, number(row.absolute_until.timestamp()));
        Ok(write.expect(Expect::Absent))
    }

    /// Marks a session that is there as ended.
    pub fn end_session(&self, id_hash: &str, now: DateTime<Utc>) -> Write {
        Write::update(Key::session(id_hash)).set("ended_at", text(time::format(now))).expect(Expect::Present)
    }

    /// Commits that mark alone; where there is no such session nothing is to be ended.
    pub async fn commit_session_end(&self, id_hash: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        let _: Written<SessionRow> = self.change(self.end_session(id_hash, now)).await?;
        Ok(())
    }

    /// Lets a session live on from the end that was read. Refused where another request has just done
    /// the same, which is as good.
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
