//! Rows of the links in mails. Only the token's hash is stored.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::kernel::account::Role;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::keys::AccountKey;
use crate::store::keys::{self, Key};
use crate::store::write::{Expect, Write, number, text};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Confirms an address, and sets the password of the sign-up that sent the link.
    Confirm,
    /// Sets a new password.
    Reset,
    /// The mail contains no usable link. The row exists so that this mail takes as long as the others.
    Notice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkStatus {
    Open,
    /// Redeemed; it cannot be used again.
    Used,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRow {
    pub purpose: Purpose,
    pub account: AccountKey,
    pub status: LinkStatus,
    /// The role that the sign-up requested.
    #[serde(default)]
    pub role: Option<Role>,
    /// The hash of the password that the sign-up chose. It is stored here and not in the account, so that only
    /// the person who reads the mail can put it into effect.
    #[serde(default)]
    pub password_hash: Option<String>,
    #[serde(with = "crate::domain::kernel::time")]
    pub created_at: DateTime<Utc>,
    #[serde(with = "crate::domain::kernel::time")]
    pub valid_until: DateTime<Utc>,
}

impl LinkRow {
    pub fn is_good(&self, purpose: Purpose, now: DateTime<Utc>) -> bool {
        self.purpose == purpose && self.status == LinkStatus::Open && now < self.valid_until
    }
}

impl Store {
    pub async fn link(&self, token_hash: &str) -> Result<Option<LinkRow>, StoreError> {
        self.get(Key::link(token_hash)).await
    }

    /// Creates a link. After it expires, DynamoDB may delete its row.
    pub fn add_link(&self, token_hash: &str, row: &LinkRow) -> Result<Write, StoreError> {
        let write =
            Write::put(Key::link(token_hash), row)?.set(keys::TTL, number(row.valid_until.timestamp()));
        Ok(write.expect(Expect::Absent))
    }

    /// Marks a link as used; the write is refused if it was used before.
    pub fn use_link(&self, token_hash: &str) -> Write {
        Write::update(Key::link(token_hash))
            .set("status", text("used"))
            .remove("password_hash")
            .expect(Expect::Equals("status", text("open")))
    }
}
