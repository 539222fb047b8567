//! Redeems a link once, by the person who received the mail.

use super::{Links, TRIES, Token};
use crate::auth::password::{self, Known};
use crate::domain::kernel::account::EmailAddress;
use crate::http::Failure;
use crate::store::accounts::account::{AccountRow, Proof};
use crate::store::accounts::link::{LinkRow, Purpose};
use crate::store::keys::AccountKey;

/// The password sent with a link.
#[derive(Clone, Copy)]
enum LinkPassword<'p> {
    /// The password that was chosen at the sign-up of this link.
    SignUpPassword(&'p str),
    /// The password that replaces the old one.
    NewPassword(&'p str),
}

impl Links<'_> {
    /// Confirms an address; from now on the password of this sign-up is valid. The caller must repeat that
    /// password: otherwise a stranger could sign somebody else up, wait until they click the link, and then know
    /// the password of their account. A wrong password does not use up the link.
    pub async fn confirm(&self, token: &str, password: &str) -> Result<(), Failure> {
        self.redeem(token, LinkPassword::SignUpPassword(password)).await
    }

    /// Sets a new password. The link proves access to the mailbox, so it confirms the address too.
    pub async fn reset(&self, token: &str, password: &str) -> Result<(), Failure> {
        self.redeem(token, LinkPassword::NewPassword(password)).await
    }

    /// Uses the link and changes the account in one transaction, so that only one of two concurrent requests
    /// succeeds.
    async fn redeem(&self, token: &str, password: LinkPassword<'_>) -> Result<(), Failure> {
        let link = Token::parse(token).ok_or_else(gone)?.hash();
        let (purpose, pointer, kind) = match password {
            LinkPassword::SignUpPassword(_) => (Purpose::Confirm, "confirm_link", "account.confirmed"),
            LinkPassword::NewPassword(_) => (Purpose::Reset, "reset_link", "account.password_reset"),
        };
        let (found, row) = self.load_link(&link, purpose).await?;
        let hash = self.password_hash(&found, &row, password).await?;
        let (store, ids) = (&self.store, &self.app.ids);
        let (link, found, first, hash) = (&link, &found, &row, &hash);
        let redeemed = store.retry_on_conflict(ids, TRIES, |attempt| async move {
            let newest = match attempt {
                0 => None,
                _ => Some(self.load_link(link, purpose).await?.1),
            };
            let row = newest.as_ref().unwrap_or(first);
            let at = self.app.clock.now();
            let role = found.role.unwrap_or(row.role);
            let proof = Proof { password_hash: hash, role, generation: row.generation, at };
            let writes = vec![
                self.store.use_link(link),
                self.store.redeem_link(&found.account, pointer, link, &proof),
                self.audit(&found.account, kind, Some(role), at, link)?,
            ];
            Ok::<_, Failure>((writes, ()))
        });
        redeemed.await
    }

    /// Loads an open link and its account; fails like an unknown link in every other case.
    async fn load_link(&self, link: &str, purpose: Purpose) -> Result<(LinkRow, AccountRow), Failure> {
        let now = self.app.clock.now();
        let found = self.store.link(link).await?.filter(|row| row.is_good(purpose, now)).ok_or_else(gone)?;
        let row = self.store.account(&found.account).await?.ok_or_else(gone)?;
        let newest = if purpose == Purpose::Confirm { &row.confirm_link } else { &row.reset_link };
        if newest.as_deref() != Some(link) || row.disabled_at.is_some() {
            return Err(gone());
        }
        Ok((found, row))
    }

    async fn password_hash(
        &self,
        link: &LinkRow,
        row: &AccountRow,
        password: LinkPassword<'_>,
    ) -> Result<String, Failure> {
        match password {
            LinkPassword::SignUpPassword(password) => {
                let hash = link.password_hash.clone().ok_or_else(gone)?;
                if !password::is_right(password, Known::Hash(hash.clone())).await? {
                    return Err(Failure::field("password", "is not the password of this sign-up"));
                }
                Ok(hash)
            }
            LinkPassword::NewPassword(password) => {
                let address = self.address(&link.account, row);
                password::check_new(self.app, "password", password, address.as_ref())?;
                password::hash(password).await
            }
        }
    }

    /// The decrypted address of an account.
    pub fn address(&self, account: &AccountKey, row: &AccountRow) -> Option<EmailAddress> {
        let opened =
            self.app.config.vault.open(&AccountRow::seal_context(account), &row.email_sealed).ok()?;
        EmailAddress::parse(std::str::from_utf8(&opened).ok()?)
    }
}

/// The same answer whether the link was used, has expired, was replaced or never existed.
fn gone() -> Failure {
    Failure::invalid("This link is not valid, or not valid any more. Request a new one.")
}
