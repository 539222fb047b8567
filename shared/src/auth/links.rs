//! Links that confirm an email address: created, sent by mail, and redeemed once.

mod issue;
mod redeem;

use chrono::{DateTime, Utc};

use super::session::not_configured;
use crate::app::App;
use crate::domain::accounts::account_mail::AccountMail;
use crate::domain::kernel::account::{EmailAddress, Role};
use crate::domain::kernel::message::Language;
use crate::http::{Failure, Random};
use crate::providers::resend::Resend;
use crate::store::company::AuditEntry;
use crate::store::keys::AccountKey;
use crate::store::{Company, Store, StoreError, Write};
use crate::vault::VaultError;

pub use issue::SignUp;

/// A concurrent request may change the same account; after two conflicts the third one is returned as an error.
const TRIES: u32 = 3;

/// Accounts of email addresses; exists only if all their settings are configured.
pub struct Links<'a> {
    app: &'a App,
    store: &'a Store,
    company: Company,
    resend: &'a Resend,
    base_url: &'a str,
}

/// The token of a link: 256 bits, because the link lies in a mailbox for hours.
pub type Token = Random<32>;

const MAIL_NOT_CONFIGURED: Failure =
    Failure::NotConfigured { service: "Mail", variable: "RESEND_API_KEY or EMAIL_FROM" };

impl<'a> Links<'a> {
    /// Fails with 503 before any other work if a setting is missing, so that the answer depends on no account.
    pub fn of(app: &'a App) -> Result<Self, Failure> {
        let company =
            app.config.platform_company.as_ref().ok_or_else(|| not_configured("PLATFORM_COMPANY_ID"))?;
        let base_url =
            app.config.public_base_url.as_deref().ok_or_else(|| not_configured("PUBLIC_BASE_URL"))?;
        let resend = app.resend.as_ref().ok_or(MAIL_NOT_CONFIGURED)?;
        if !app.config.vault.is_configured() {
            return Err(VaultError::Unconfigured.into());
        }
        let store = app.store()?;
        Ok(Self { app, store, company: store.company(company), resend, base_url })
    }

    /// Sends the mail with the link's hash as idempotency key, so that a repeated send is one mail. Nothing is
    /// sent to a suppressed address, and the answer is the same, so that it does not reveal which addresses we
    /// know.
    async fn mail(
        &self,
        token: &Token,
        to: &EmailAddress,
        mail: &AccountMail,
        language: Language,
    ) -> Result<(), Failure> {
        let hash = self.app.config.vault.hash_address(to.as_str());
        if let Some(found) = self.store.address_suppression(&hash).await? {
            tracing::info!(reason = found.reason.effect_reason(), "an account mail was not sent");
            return Ok(());
        }
        let key = format!("link:{}", token.hash());
        let sent = self.resend.send(&key, to.as_str(), &mail.write(language)).await;
        let Err(error) = sent else { return Ok(()) };
        if error.is_refusal() {
            self.report_refusal(token, error.reason()).await;
            return Err(Failure::field("email", "no mail can be sent there"));
        }
        Err(Failure::Unavailable {
            detail: "The mail could not be sent. Try again.",
            reason: error.reason().to_owned(),
        })
    }

    /// Counts the refusal for operators, because the caller cannot change our sender or our key. The answer is
    /// the same for every address, whether or not it has an account.
    async fn report_refusal(&self, token: &Token, reason: &str) {
        tracing::warn!(reason, "an account mail was refused");
        let reported = self.store.report_refused_mail(&token.hash(), self.app.clock.now()).await;
        if let Err(error) = reported {
            tracing::error!(%error, "a refused account mail was not counted");
        }
    }

    /// The write of an audit entry about an account. It holds no address and no link.
    pub fn audit(
        &self,
        account: &AccountKey,
        kind: &str,
        role: Option<Role>,
        at: DateTime<Utc>,
        unique: &str,
    ) -> Result<Write, StoreError> {
        let entry = AuditEntry {
            at,
            kind: kind.to_owned(),
            subject: account.to_string(),
            cause: account.to_string(),
            source: None,
            detail: role.map(|role| format!("{{\"role\":\"{}\"}}", role.as_str())),
        };
        self.company.audit(&entry, unique)
    }
}
