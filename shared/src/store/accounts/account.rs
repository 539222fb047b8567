//! Account rows: password sign-in and the validity of sessions.
//!
//! `generation` is both the version of a row and the generation of its sessions: every change of a password
//! increments it and so ends all sessions.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::kernel::account::Role;
use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::time;
use crate::store::error::StoreError;
use crate::store::keys::{self, AccountKey, Key};
use crate::store::write::{Expect, Write, number, text};
use crate::store::{Store, Written};

/// An account whose address was never confirmed is deleted this long after its last link expired.
const UNCONFIRMED_DAYS: i64 = 1;

/// An account of a mail address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRow {
    /// The address, sealed with [`AccountRow::seal_context`].
    pub email_sealed: String,
    pub role: Role,
    pub company: CompanyId,
    /// Incremented with every change of the password, and to end all sessions.
    pub generation: u64,
    /// The Argon2id hash of its password; absent until the address is confirmed.
    #[serde(default)]
    pub password_hash: Option<String>,
    #[serde(with = "crate::domain::kernel::time")]
    pub created_at: DateTime<Utc>,
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub confirmed_at: Option<DateTime<Utc>>,
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub disabled_at: Option<DateTime<Utc>>,
    /// The hash of the only link token that can confirm it.
    #[serde(default)]
    pub confirm_link: Option<String>,
    /// The hash of the only link token that can set its password.
    #[serde(default)]
    pub reset_link: Option<String>,
}

impl AccountRow {
    /// The context that an account's address is sealed with.
    pub fn seal_context(account: &AccountKey) -> String {
        format!("account:{account}")
    }

    /// Whether a link that was mailed to the address has been used.
    pub fn is_confirmed(&self) -> bool {
        self.confirmed_at.is_some()
    }
}

/// A new password that was authorized by a link or by the old password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof<'a> {
    pub password_hash: &'a str,
    pub role: Role,
    pub generation: u64,
    pub at: DateTime<Utc>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AccountState {
    generation: u64,
    disabled_at: Option<String>,
}

impl Store {
    /// The valid generation of an account's sessions; `None` if the account is deleted or disabled.
    pub async fn generation(&self, account: &AccountKey) -> Result<Option<u64>, StoreError> {
        let found: Option<AccountState> = self.get(Key::account(account)).await?;
        let state = match found {
            None if account.requires_row() => None,
            found => Some(found.unwrap_or_default()),
        };
        Ok(state.filter(|state| state.disabled_at.is_none()).map(|state| state.generation))
    }

    /// Ends every session of an account by incrementing its generation. Repeating the request is harmless.
    pub async fn end_generation(&self, account: &AccountKey) -> Result<(), StoreError> {
        let mut write = Write::update(Key::account(account)).count("generation", 1);
        if account.requires_row() {
            write = write.expect(Expect::Present);
        }
        let _: Written<AccountState> = self.change(write).await?;
        Ok(())
    }

    pub async fn account(&self, account: &AccountKey) -> Result<Option<AccountRow>, StoreError> {
        self.get(Key::account(account)).await
    }

    /// Creates an account, which cannot sign in until `row.confirm_link` is used.
    pub fn add_account(
        &self,
        account: &AccountKey,
        row: &AccountRow,
        link_until: DateTime<Utc>,
    ) -> Result<Write, StoreError> {
        let write = Write::put(Key::account(account), row)?.set(keys::TTL, cleared_at(link_until));
        Ok(write.expect(Expect::Absent))
    }

    /// Another sign-up for an unconfirmed address: its link replaces the earlier one.
    pub fn renew_confirm_link(
        &self,
        account: &AccountKey,
        row: &AccountRow,
        role: Role,
        link: &str,
        link_until: DateTime<Utc>,
    ) -> Write {
        self.unchanged(account, row.generation)
            .set("confirm_link", text(link))
            .set("role", text(role.as_str()))
            .set(keys::TTL, cleared_at(link_until))
    }

    /// Replaces the link that can set a new password.
    pub fn renew_reset_link(&self, account: &AccountKey, generation: u64, link: &str) -> Write {
        self.unchanged(account, generation).set("reset_link", text(link))
    }

    /// Redeems a link: confirms the address, sets the password and invalidates every link. The write is refused
    /// if the link was replaced.
    pub fn redeem_link(
        &self,
        account: &AccountKey,
        pointer: &'static str,
        link: &str,
        proof: &Proof<'_>,
    ) -> Write {
        self.set_password(account, proof)
            .set("confirmed_at", text(time::format(proof.at)))
            .set("role", text(proof.role.as_str()))
            .remove(keys::TTL)
            .expect(Expect::Equals(pointer, text(link)))
    }

    /// Sets a new password, ends every session and invalidates every link.
    pub fn set_password(&self, account: &AccountKey, proof: &Proof<'_>) -> Write {
        self.unchanged(account, proof.generation)
            .set("password_hash", text(proof.password_hash))
            .set("generation", number(proof.generation + 1))
            .remove("confirm_link")
            .remove("reset_link")
    }

    /// Replaces the hash by that of the normalized spelling of the same password. Sessions and links stay valid.
    /// A concurrent change of the password wins.
    pub async fn renew_password_hash(
        &self,
        account: &AccountKey,
        generation: u64,
        old: &str,
        new: &str,
    ) -> Result<(), StoreError> {
        let write = self
            .unchanged(account, generation)
            .set("password_hash", text(new))
            .expect(Expect::Equals("password_hash", text(old)));
        let _: Written<AccountState> = self.change(write).await?;
        Ok(())
    }

    /// The write that replaces [`Store::renew_reset_link`] or [`Store::add_account`] if there is no account, or
    /// one that must not change. It makes the response time equal for every address.
    pub fn touch_unknown_account(&self, account: &AccountKey, link: &str, until: DateTime<Utc>) -> Write {
        Write::update(Key::unknown_account(account))
            .set("link", text(link))
            .set(keys::TTL, number(until.timestamp()))
    }

    fn unchanged(&self, account: &AccountKey, generation: u64) -> Write {
        Write::update(Key::account(account)).expect(Expect::Equals("generation", number(generation)))
    }
}

fn cleared_at(link_until: DateTime<Utc>) -> aws_sdk_dynamodb::types::AttributeValue {
    number((link_until + Duration::days(UNCONFIRMED_DAYS)).timestamp())
}
