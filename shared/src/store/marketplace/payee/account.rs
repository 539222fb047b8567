//! A professional's account at Stripe, as events report it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::PayeeRow;
use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::money::Money;
use crate::domain::kernel::party::{ProfessionalId, StripeAccountId};
use crate::domain::kernel::time;
use crate::domain::marketplace::payout::{PayeeAccount, StripeAccountStatus};
use crate::domain::platform::action::Source;
use crate::store::company::{AuditEntry, Company};
use crate::store::due::PAYOUTS;
use crate::store::error::StoreError;
use crate::store::keys::Key;
use crate::store::platform::inbox::Inbox;
use crate::store::write::{Expect, Write, number, text};

/// The owner of an account at Stripe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayeeOwner {
    pub company_id: CompanyId,
    pub professional_id: ProfessionalId,
}

/// A payout that a professional's bank rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedPayout {
    pub event_id: String,
    pub at: DateTime<Utc>,
    pub money: Money,
}

impl Inbox {
    /// The owner of a registered account at Stripe.
    pub async fn payee_owner(&self, account: &StripeAccountId) -> Result<Option<PayeeOwner>, StoreError> {
        self.store().get(Key::directory(account.as_str())).await
    }
}

impl Company {
    /// Registers an account in the directory, so that its events can be applied. The write is refused if the
    /// account is registered already, so that no one can take over another's events; check
    /// [`Inbox::payee_owner`] first.
    pub fn register_payee(
        &self,
        account: &StripeAccountId,
        professional_id: &ProfessionalId,
    ) -> Result<Write, StoreError> {
        let owner = PayeeOwner { company_id: self.company.clone(), professional_id: professional_id.clone() };
        Ok(Write::put(Key::directory(account.as_str()), &owner)?.expect(Expect::Absent))
    }

    /// Records an account's status as of `reported_at`, if the row is unchanged. A changed account makes the
    /// professional due for the next payouts.
    pub fn record_account_status(
        &self,
        read: &PayeeRow,
        professional_id: &ProfessionalId,
        status: &StripeAccountStatus,
        reported_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Write, StoreError> {
        let reported = AccountAttributes {
            account: status.payee_account(read.account.as_ref()),
            account_reported_at: reported_at,
            disabled_reason: status.disabled_reason.as_deref(),
        };
        let is_new = reported.account != read.account;
        let write = self.change_payee(read, professional_id).set_all(&reported)?;
        let write = write.expect(unchanged("account_reported_at", read.account_reported_at));
        Ok(if is_new { write.due_from(PAYOUTS, now) } else { write })
    }

    /// Records that a bank rejected a professional's payout: the newest one in the row, and every one in the audit
    /// log.
    pub fn record_failed_payout(
        &self,
        read: &PayeeRow,
        professional_id: &ProfessionalId,
        failed: &FailedPayout,
        now: DateTime<Utc>,
    ) -> Result<Vec<Write>, StoreError> {
        let entry = AuditEntry {
            at: now,
            kind: "payee.payout_failed".to_owned(),
            subject: professional_id.to_string(),
            cause: failed.event_id.clone(),
            source: Some(Source::Webhook),
            detail: serde_json::to_string(&failed.money).ok(),
        };
        let mut writes = vec![self.audit_listed(&entry, &failed.event_id)?];
        let newest =
            FailedPayoutAttributes { last_failed_payout: &failed.money, last_failed_payout_at: failed.at };
        if read.last_failed_payout_at.is_none_or(|known| known < failed.at) {
            let write = self.change_payee(read, professional_id).set_all(&newest)?;
            writes.push(write.expect(unchanged("last_failed_payout_at", read.last_failed_payout_at)));
        }
        Ok(writes)
    }

    /// A change of a payee if its version is unchanged. It increments the version, so that a worker that read the
    /// row before reads it again.
    fn change_payee(&self, read: &PayeeRow, professional_id: &ProfessionalId) -> Write {
        let write = Write::update(Key::payee(&self.company, professional_id))
            .set("professional_id", text(professional_id.as_str()))
            .count("version", 1);
        match read.version {
            0 => write,
            version => write.expect(Expect::Equals("version", number(version))),
        }
    }
}

/// The attributes that an account's status sets.
#[derive(Serialize)]
struct AccountAttributes<'a> {
    account: Option<PayeeAccount>,
    #[serde(with = "time")]
    account_reported_at: DateTime<Utc>,
    disabled_reason: Option<&'a str>,
}

/// The attributes that a failed payout sets.
#[derive(Serialize)]
struct FailedPayoutAttributes<'a> {
    last_failed_payout: &'a Money,
    #[serde(with = "time")]
    last_failed_payout_at: DateTime<Utc>,
}

/// The condition that a time attribute is unchanged.
fn unchanged(name: &'static str, read: Option<DateTime<Utc>>) -> Expect {
    read.map_or(Expect::Missing(name), |at| Expect::Equals(name, text(time::format(at))))
}
