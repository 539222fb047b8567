//! A professional's account at Stripe, as events tell of it.

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

/// Whose an account at Stripe is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayeeOwner {
    /// The company that pays.
    pub company_id: CompanyId,
    /// The professional who is paid.
    pub professional_id: ProfessionalId,
}

/// A payout that a professional's bank did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedPayout {
    /// The event that told of it.
    pub event_id: String,
    pub at: DateTime<Utc>,
    /// How much stayed at Stripe.
    pub money: Money,
}

impl Inbox {
    /// Whose an account at Stripe is, where somebody registered it.
    pub async fn payee_owner(&self, account: &StripeAccountId) -> Result<Option<PayeeOwner>, StoreError> {
        self.store().get(Key::directory(account.as_str())).await
    }
}

impl Company {
    /// Notes whose an account is, so that events about it find its owner. Refused where it is somebody's
    /// already, so that nobody takes over another's events: ask [`Inbox::payee_owner`] first.
    pub fn register_payee(
        &self,
        account: &StripeAccountId,
        professional_id: &ProfessionalId,
    ) -> Result<Write, StoreError> {
        let owner = PayeeOwner { company_id: self.company.clone(), professional_id: professional_id.clone() };
        Ok(Write::put(Key::directory(account.as_str()), &owner)?.expect(Expect::Absent))
    }

    /// Notes how an account stands, by a word of Stripe's of `heard_at`, over the row that was read. Where
    /// that is new, the next payouts look at the professional again.
    pub fn record_account_status(
        &self,
        read: &PayeeRow,
        professional_id: &ProfessionalId,
        standing: &StripeAccountStatus,
        heard_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Write, StoreError> {
        let reported = Heard {
            account: standing.payee_account(read.account.as_ref()),
            account_heard_at: heard_at,
            disabled_reason: standing.disabled_reason.as_deref(),
        };
        let is_new = reported.account != read.account;
        let write = self.change_payee(read, professional_id).set_all(&reported)?;
        let write = write.expect(unchanged("account_heard_at", read.account_heard_at));
        Ok(if is_new { write.due_from(PAYOUTS, now) } else { write })
    }

    /// Notes that a bank did not take a professional's money, for whoever looks after payouts. The newest
    /// one stands in the row, and every one in the audit log.
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
        let newest = Failed { last_failed_payout: &failed.money, last_failed_payout_at: failed.at };
        if read.last_failed_payout_at.is_none_or(|known| known < failed.at) {
            let write = self.change_payee(read, professional_id).set_all(&newest)?;
            writes.push(write.expect(unchanged("last_failed_payout_at", read.last_failed_payout_at)));
        }
        Ok(writes)
    }

    /// A change of a payee over the row that was read. It counts as one, so that whoever read the row
    /// before looks again.
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

/// The attributes that a word about an account decides.
#[derive(Serialize)]
struct Heard<'a> {
    account: Option<PayeeAccount>,
    #[serde(with = "time")]
    account_heard_at: DateTime<Utc>,
    disabled_reason: Option<&'a str>,
}

/// The attributes that a failed payout decides.
#[derive(Serialize)]
struct Failed<'a> {
    last_failed_payout: &'a Money,
    #[serde(with = "time")]
    last_failed_payout_at: DateTime<Utc>,
}

/// A time is as it was read.
fn unchanged(name: &'static str, read: Option<DateTime<Utc>>) -> Expect {
    read.map_or(Expect::Missing(name), |at| Expect::Equals(name, text(time::format(at))))
}
