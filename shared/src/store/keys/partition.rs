//! The names of the table's partitions, and the prefixes of sort keys.

use crate::domain::kernel::id::{CaseId, CompanyId, UserId};
use crate::domain::kernel::party::{BookingId, ProfessionalId};
use crate::domain::marketplace::payout::BatchId;
use crate::domain::platform::effect::Subject;

pub(in crate::store) const SWITCHES_PK: &str = "SWITCHES#ALL";

pub(in crate::store) const WEBHOOKS_PK: &str = "WEBHOOKS#ALL";

/// In place of a company, for what belongs to the whole deployment. No company has this id.
pub(in crate::store) const DEPLOYMENT: &str = "DEPLOYMENT";

pub(in crate::store) const ACTION_PREFIX: &str = "ACTION#";

pub(in crate::store) const HOUR_PREFIX: &str = "HOUR#";

pub(in crate::store) const ENTRY_PREFIX: &str = "ENTRY#";

pub(in crate::store) fn case_pk(company: &CompanyId, case: CaseId) -> String {
    format!("CASE#{company}#{case}")
}

pub(in crate::store) fn subject_pk(company: &CompanyId, subject: Subject) -> String {
    match subject {
        Subject::Case(case) => case_pk(company, case),
        Subject::Booking(booking) => format!("BOOKING#{company}#{booking}"),
    }
}

pub(in crate::store) fn audit_pk(company: &CompanyId) -> String {
    format!("AUDIT#{company}")
}

pub(in crate::store) fn ledger_pk(company: &CompanyId, booking: BookingId) -> String {
    format!("LEDGER#{company}#{booking}")
}

pub(in crate::store) fn payee_pk(company: &CompanyId, professional: &ProfessionalId) -> String {
    format!("PAYEE#{company}#{professional}")
}

pub(in crate::store) fn balances_pk(company: &CompanyId) -> String {
    format!("BALANCE#{company}")
}

pub(in crate::store) fn batches_pk(company: &CompanyId) -> String {
    format!("BATCHES#{company}")
}

pub(in crate::store) fn batch_pk(company: &CompanyId, batch: BatchId) -> String {
    format!("BATCH#{company}#{batch}")
}

pub(in crate::store) fn member_pk(company: &CompanyId, user: &UserId) -> String {
    format!("MEMBER#{company}#{user}")
}

pub(in crate::store) fn purchase_prefix(product_id: &str) -> String {
    format!("PURCHASE#{product_id}#")
}

pub(in crate::store) fn kpi_pk(company: &CompanyId) -> String {
    format!("KPI#{company}")
}
