//! Issues links to a caller who gave only an address. Work and answer are the same with and without an account;
//! only the mail differs.

use chrono::{DateTime, Duration, Utc};

use super::{Links, TRIES, Token};
use crate::domain::accounts::account_mail::AccountMail;
use crate::domain::kernel::account::{EmailAddress, Role};
use crate::domain::kernel::message::Language;
use crate::http::Failure;
use crate::store::Write;
use crate::store::accounts::account::AccountRow;
use crate::store::accounts::link::{LinkRow, LinkStatus, Purpose};
use crate::store::keys::AccountKey;

/// Greylisting may delay a mail, and the recipient may read it the next morning.
const CONFIRM_HOURS: i64 = 24;

/// The person waits for the mail; a short lifetime limits what an intercepted mail is worth.
const RESET_HOURS: i64 = 1;

pub struct SignUp<'a> {
    pub address: &'a EmailAddress,
    pub role: Role,
    pub password_hash: String,
}

impl Links<'_> {
    /// Stores a sign-up and sends a confirmation link. If the address has a confirmed account, the mail says so
    /// and the account stays unchanged.
    pub async fn sign_up(&self, sign_up: &SignUp<'_>, language: Language) -> Result<(), Failure> {
        let account = AccountKey::email(sign_up.address);
        let decide = async || -> Result<_, Failure> {
            let token = Token::new()?;
            let known = self.store.account(&account).await?;
            let is_taken = known.as_ref().is_some_and(AccountRow::is_confirmed);
            let writes = self.sign_up_writes(&account, sign_up, known.as_ref(), &token.hash())?;
            Ok((writes, (token, is_taken)))
        };
        let (token, is_taken) = self.store.retry_on_conflict(&self.app.ids, TRIES, |_| decide()).await?;
        let mail = if is_taken {
            AccountMail::AlreadyThere { url: format!("{}/api/auth/sign-in", self.base_url) }
        } else {
            AccountMail::Confirm { url: format!("{}/api/auth/confirm#{}", self.base_url, token.text()) }
        };
        self.mail(&token, sign_up.address, &mail, language).await
    }

    fn sign_up_writes(
        &self,
        account: &AccountKey,
        sign_up: &SignUp<'_>,
        known: Option<&AccountRow>,
        link: &str,
    ) -> Result<Vec<Write>, Failure> {
        let now = self.app.clock.now();
        let role = sign_up.role;
        let audit = |kind| self.audit(account, kind, Some(role), now, link);
        if known.is_some_and(AccountRow::is_confirmed) {
            let notice = row(Purpose::Notice, account, now);
            let unknown = self.store.touch_unknown_account(account, link, notice.valid_until);
            return Ok(vec![
                self.store.add_link(link, &notice)?,
                unknown,
                audit("account.sign_up_repeated")?,
            ]);
        }
        let password_hash = Some(sign_up.password_hash.clone());
        let link_row = LinkRow { role: Some(role), password_hash, ..row(Purpose::Confirm, account, now) };
        let until = link_row.valid_until;
        let write = match known {
            Some(row) => self.store.renew_confirm_link(account, row, role, link, until),
            None => {
                self.store.add_account(account, &self.new_account(account, sign_up, link, now)?, until)?
            }
        };
        Ok(vec![self.store.add_link(link, &link_row)?, write, audit("account.signed_up")?])
    }

    fn new_account(
        &self,
        account: &AccountKey,
        sign_up: &SignUp<'_>,
        link: &str,
        now: DateTime<Utc>,
    ) -> Result<AccountRow, Failure> {
        let address = sign_up.address.as_str().as_bytes();
        let sealed = self.app.config.vault.seal(&AccountRow::seal_context(account), address);
        Ok(AccountRow {
            email_sealed: sealed.map_err(|error| Failure::Internal(error.to_string()))?,
            role: sign_up.role,
            company: self.company.id().clone(),
            generation: 0,
            password_hash: None,
            created_at: now,
            confirmed_at: None,
            disabled_at: None,
            confirm_link: Some(link.to_owned()),
            reset_link: None,
        })
    }

    /// Sends a link to set a new password, or a mail that says that there is no account.
    pub async fn forgot(
        &self,
        account: &AccountKey,
        address: &EmailAddress,
        language: Language,
    ) -> Result<(), Failure> {
        let decide = async || -> Result<_, Failure> {
            let token = Token::new()?;
            let known = self.store.account(account).await?.filter(|row| row.disabled_at.is_none());
            let purpose = if known.is_some() { Purpose::Reset } else { Purpose::Notice };
            let link = row(purpose, account, self.app.clock.now());
            let writes = vec![
                self.store.add_link(&token.hash(), &link)?,
                match &known {
                    Some(row) => self.store.renew_reset_link(account, row.generation, &token.hash()),
                    None => self.store.touch_unknown_account(account, &token.hash(), link.valid_until),
                },
            ];
            Ok((writes, (token, known.is_some())))
        };
        let (token, is_known) = self.store.retry_on_conflict(&self.app.ids, TRIES, |_| decide()).await?;
        let url = || format!("{}/api/auth/password/reset#{}", self.base_url, token.text());
        let mail = if is_known { AccountMail::Reset { url: url() } } else { AccountMail::NoAccount };
        self.mail(&token, address, &mail, language).await
    }
}

fn row(purpose: Purpose, account: &AccountKey, now: DateTime<Utc>) -> LinkRow {
    let hours = if purpose == Purpose::Confirm { CONFIRM_HOURS } else { RESET_HOURS };
    LinkRow {
        purpose,
        account: account.clone(),
        status: LinkStatus::Open,
        role: None,
        password_hash: None,
        created_at: now,
        valid_until: now + Duration::hours(hours),
    }
}
