//! Following a link: once, by whoever reads the mail.

use super::{Links, TRIES, Token};
use crate::auth::password::{self, Known};
use crate::domain::kernel::account::EmailAddress;
use crate::http::Failure;
use crate::store::StoreError;
use crate::store::accounts::account::{AccountRow, Proof};
use crate::store::accounts::link::{LinkRow, Purpose};
use crate::store::keys::AccountKey;

/// What somebody who follows a link brings along.
#[derive(Clone, Copy)]
enum With<'p> {
    /// The password of the sign-up that the link belongs to.
    ItsPassword(&'p str),
    /// The password to be set.
    NewPassword(&'p str),
}

impl Links<'_> {
    /// Follows a link that confirms an address: the password of its own sign-up counts from now on. It has
    /// to be given again, or a stranger could sign somebody up, wait for them to follow the mail, and
    /// then know the password of their account. The link is not used up by a wrong one.
    pub async fn confirm(&self, token: &str, password: &str) -> Result<(), Failure> {
        self.follow(token, With::ItsPassword(password)).await
    }

    /// Follows a link for a new password. It proves the mailbox, so it confirms the address too.
    pub async fn reset(&self, token: &str, password: &str) -> Result<(), Failure> {
        self.follow(token, With::NewPassword(password)).await
    }

    /// The link and the account's change are one transaction: of two who follow it at once, one does.
    async fn follow(&self, token: &str, with: With<'_>) -> Result<(), Failure> {
        let link = Token::parse(token).ok_or_else(gone)?.hash();
        let (purpose, pointer, kind) = match with {
            With::ItsPassword(_) => (Purpose::Confirm, "confirm_link", "account.confirmed"),
            With::NewPassword(_) => (Purpose::Reset, "reset_link", "account.password_reset"),
        };
        let (found, row) = self.standing(&link, purpose).await?;
        let hash = self.hash_of(&found, &row, with).await?;
        let (mut row, mut tries) = (row, 0);
        loop {
            tries += 1;
            let at = self.app.clock.now();
            let role = found.role.unwrap_or(row.role);
            let proof = Proof { password_hash: &hash, role, generation: row.generation, at };
            let writes = vec![
                self.store.use_link(&link),
                self.store.redeem_link(&found.account, pointer, &link, &proof),
                self.audit(&found.account, kind, Some(role), at, &link)?,
            ];
            match self.store.commit(self.app.ids.next(), writes).await {
                Err(StoreError::Conflict { .. }) if tries < TRIES => {
                    row = self.standing(&link, purpose).await?.1;
                }
                committed => return Ok(committed?),
            }
        }
    }

    /// A link that leads somewhere, and its account.
    async fn standing(&self, link: &str, purpose: Purpose) -> Result<(LinkRow, AccountRow), Failure> {
        let now = self.app.clock.now();
        let found = self.store.link(link).await?.filter(|row| row.is_good(purpose, now)).ok_or_else(gone)?;
        let row = self.store.account(&found.account).await?.ok_or_else(gone)?;
        let newest = if purpose == Purpose::Confirm { &row.confirm_link } else { &row.reset_link };
        if newest.as_deref() != Some(link) || row.disabled_at.is_some() {
            return Err(gone());
        }
        Ok((found, row))
    }

    async fn hash_of(&self, link: &LinkRow, row: &AccountRow, with: With<'_>) -> Result<String, Failure> {
        match with {
            With::ItsPassword(password) => {
                let hash = link.password_hash.clone().ok_or_else(gone)?;
                if !password::is_right(password, Known::Hash(hash.clone())).await? {
                    return Err(Failure::field("password", "is not the password of this sign-up"));
                }
                Ok(hash)
            }
            With::NewPassword(password) => {
                let address = self.address(&link.account, row);
                password::check_new(self.app, "password", password, address.as_ref())?;
                password::hash(password).await
            }
        }
    }

    /// The address of an account, opened.
    pub fn address(&self, account: &AccountKey, row: &AccountRow) -> Option<EmailAddress> {
        let opened =
            self.app.config.vault.open(&AccountRow::seal_context(account), &row.email_sealed).ok()?;
        EmailAddress::parse(std::str::from_utf8(&opened).ok()?)
    }
}

/// Never says whether the link was used, is too old, was replaced, or never was.
fn gone() -> Failure {
    Failure::invalid("This link does not work, or not any more. Ask for a new one.")
}
