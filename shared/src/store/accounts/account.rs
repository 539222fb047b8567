//! Accounts, as rows: who may sign in with a password, and whose sessions count.
//!
//! `generation` is both the version of a row and the generation of its sessions: whatever changes a
//! password moves it on, and so ends them.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::kernel::account::Role;
use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::time;
use crate::store::error::StoreError;
use crate::store::keys::{self, AccountKey, Key};
use crate::store::write::{Expect, Write, number, text};
use crate::store::{Store, Written};

/// An account whose address was never confirmed is cleared away this long after its last link ended.
const UNCONFIRMED_DAYS: i64 = 1;

/// An account of a mail address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRow {
    /// The address, sealed for [`AccountRow::place`].
    pub email_sealed: String,
    /// What it may do.
    pub role: Role,
    /// The company it belongs to.
    pub company: CompanyId,
    /// Counts every change of what proves it.
    pub generation: u64,
    /// The Argon2id hash of its password; absent until the address is confirmed.
    #[serde(default)]
    pub password_hash: Option<String>,
    /// When somebody first signed up.
    #[serde(with = "crate::domain::kernel::time")]
    pub created_at: DateTime<Utc>,
    /// When the address was confirmed.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub confirmed_at: Option<DateTime<Utc>>,
    /// When an operator shut it.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub disabled_at: Option<DateTime<Utc>>,
    /// The one link that can confirm it now.
    #[serde(default)]
    pub confirm_link: Option<String>,
    /// The one link that can set its password now.
    #[serde(default)]
    pub reset_link: Option<String>,
}

impl AccountRow {
    /// Where the address of an account opens.
    pub fn place(account: &AccountKey) -> String {
        format!("account:{account}")
    }

    /// Whether somebody has proven to read the mails of this address.
    pub fn is_confirmed(&self) -> bool {
        self.confirmed_at.is_some()
    }
}

/// What a proof changes about an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof<'a> {
    pub password_hash: &'a str,
    /// What the account may do from now on.
    pub role: Role,
    /// The generation that was read.
    pub generation: u64,
    pub at: DateTime<Utc>,
}

/// What a session needs to know of its account.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AccountState {
    generation: u64,
    disabled_at: Option<String>,
}

impl Store {
    /// Which generation of an account's sessions counts; `None` where the account is gone or disabled.
    pub async fn generation(&self, account: &AccountKey) -> Result<Option<u64>, StoreError> {
        let found: Option<AccountState> = self.get(Key::account(account)).await?;
        let standing = match found {
            None if account.lives_in_its_row() => None,
            found => Some(found.unwrap_or_default()),
        };
        Ok(standing.filter(|standing| standing.disabled_at.is_none()).map(|standing| standing.generation))
    }

    /// Ends every session of an account by moving on to the next generation. A repeated request moves
    /// on twice, which ends no more than once does.
    pub async fn end_generation(&self, account: &AccountKey) -> Result<(), StoreError> {
        let mut write = Write::update(Key::account(account)).count("generation", 1);
        if account.lives_in_its_row() {
            write = write.expect(Expect::Present);
        }
        let _: Written<AccountState> = self.change(write).await?;
        Ok(())
    }

    /// One account of a mail address.
    pub async fn account(&self, account: &AccountKey) -> Result<Option<AccountRow>, StoreError> {
        self.get(Key::account(account)).await
    }

    /// A new account, which is nothing until `row.confirm_link` is used.
    pub fn add_account(
        &self,
        account: &AccountKey,
        row: &AccountRow,
        link_until: DateTime<Utc>,
    ) -> Result<Write, StoreError> {
        let write = Write::put(Key::account(account), row)?.set(keys::TTL, cleared_at(link_until));
        Ok(write.expect(Expect::Absent))
    }

    /// Another sign-up for an address that nobody has confirmed yet: its link is the one that counts.
    pub fn sign_up_again(
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

    /// Another link for a new password: it is the one that counts.
    pub fn renew_reset_link(&self, account: &AccountKey, generation: u64, link: &str) -> Write {
        self.unchanged(account, generation).set("reset_link", text(link))
    }

    /// A link was followed: the address is confirmed, the password set, and every link used up. Refused
    /// where the link is not the one that counts.
    pub fn follow_link(
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

    /// A new password: every session ends and every link is void.
    pub fn set_password(&self, account: &AccountKey, proof: &Proof<'_>) -> Write {
        self.unchanged(account, proof.generation)
            .set("password_hash", text(proof.password_hash))
            .set("generation", number(proof.generation + 1))
            .remove("confirm_link")
            .remove("reset_link")
    }

    /// The hash of the same password in its normalised spelling: sessions and links stay as they are.
    /// A change of the password meanwhile wins.
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

    /// The write that stands in for [`Store::renew_reset_link`] or [`Store::add_account`] where there is
    /// no account, or one that is not touched: so that asking costs the same for every address.
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
