//! Links of mails, as rows. The token is never kept, only its hash.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::kernel::account::Role;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::keys::AccountKey;
use crate::store::keys::{self, Key};
use crate::store::write::{Expect, Write, number, text};

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Confirms an address, and with it the password of the very sign-up that sent the link.
    Confirm,
    /// Sets a new password.
    Reset,
    /// Nothing: the mail only told something. The row stands there so that telling it costs the same.
    Notice,
}

/// Whether a link was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkStatus {
    Open,
    /// Yes, and it leads nowhere now.
    Used,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRow {
    /// What it is for.
    pub purpose: Purpose,
    pub account: AccountKey,
    /// Whether it was followed.
    pub status: LinkStatus,
    /// What the sign-up wanted to be.
    #[serde(default)]
    pub role: Option<Role>,
    /// The hash of the password that the sign-up chose. It lies here and not at the account, so that
    /// nobody's password counts but that of whoever reads the mail.
    #[serde(default)]
    pub password_hash: Option<String>,
    /// When the mail went out.
    #[serde(with = "crate::domain::kernel::time")]
    pub created_at: DateTime<Utc>,
    /// Until when it can be followed.
    #[serde(with = "crate::domain::kernel::time")]
    pub valid_until: DateTime<Utc>,
}

impl LinkRow {
    /// Whether it can be followed for a purpose.
    pub fn is_good(&self, purpose: Purpose, now: DateTime<Utc>) -> bool {
        self.purpose == purpose && self.status == LinkStatus::Open && now < self.valid_until
    }
}

impl Store {
    /// One link by the hash of its token.
    pub async fn link(&self, token_hash: &str) -> Result<Option<LinkRow>, StoreError> {
        self.get(Key::link(token_hash)).await
    }

    /// A new link. Once it leads nowhere, DynamoDB may clear its row away.
    pub fn add_link(&self, token_hash: &str, row: &LinkRow) -> Result<Write, StoreError> {
        let write =
            Write::put(Key::link(token_hash), row)?.set(keys::TTL, number(row.valid_until.timestamp()));
        Ok(write.expect(Expect::Absent))
    }

    /// Uses a link up; refused where it was used before.
    pub fn use_link(&self, token_hash: &str) -> Write {
        Write::update(Key::link(token_hash))
            .set("status", text("used"))
            .remove("password_hash")
            .expect(Expect::Equals("status", text("open")))
    }
}
