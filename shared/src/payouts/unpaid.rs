//! Professionals who were due for payouts that have passed, and who are not paid.
//!
//! A run sets the next time of everybody it has decided about, also of those who wait for their own account or for
//! an approval. So whoever is still due for an earlier run was left by it: a provider did not answer, a limit was
//! reached, or there was no run at all.

use chrono::{DateTime, Duration, Utc};

use super::queue;
use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::party::ProfessionalId;
use crate::domain::marketplace::calendar::PayoutCalendar;
use crate::domain::platform::job::{PAYOUTS_JOB, PAYOUTS_LAST_TICK_MINUTES};
use crate::store::due::DueRow;
use crate::store::marketplace::payee::PayeeRow;
use crate::store::platform::job::JobStates;
use crate::store::{Company, Store, StoreError};

/// As many professionals as one request reads.
const MAX_READ: usize = 100;

/// A professional who was due and is not paid.
#[derive(Debug, Clone)]
pub struct UnpaidProfessional {
    pub professional_id: ProfessionalId,
    pub row: PayeeRow,
}

/// The rows of all companies' unpaid professionals.
pub async fn unpaid(
    store: &Store,
    calendar: &PayoutCalendar,
    states: &JobStates,
    now: DateTime<Utc>,
) -> Result<Vec<DueRow>, StoreError> {
    let planned = states.last_planned(PAYOUTS_JOB).filter(|at| *at <= now);
    // After a payout day without any run, whoever was due at its last tick is unpaid.
    let last_tick = Duration::minutes(PAYOUTS_LAST_TICK_MINUTES);
    let missed = calendar.last_day_before(now).map(|batch| (calendar.starts_at(batch), last_tick));
    let missed = missed.filter(|(starts_at, _)| planned.is_none_or(|planned| planned < *starts_at));
    let missed = missed.map(|(starts_at, last_tick)| starts_at + last_tick);
    let Some(due_by) = planned.into_iter().chain(missed).max() else { return Ok(Vec::new()) };
    let left = queue::left_by_company(store, due_by).await?;
    Ok(left.into_values().flatten().collect())
}

/// The unpaid professionals of one company, up to a hundred, and whether there are more.
pub async fn unpaid_of(
    company: &Company,
    rows: &[DueRow],
) -> Result<(Vec<UnpaidProfessional>, bool), StoreError> {
    let is_own = |row: &&DueRow| row.key.company().as_ref() == Some::<&CompanyId>(company.id());
    let own: Vec<&DueRow> = rows.iter().filter(is_own).collect();
    let mut unpaid = Vec::new();
    for row in own.iter().take(MAX_READ) {
        let Some(professional_id) = row.key.professional_id() else { continue };
        let payee = company.payee(&professional_id).await?;
        // The index lags behind; only the row itself says whether it is due.
        if payee.due_at.is_some_and(|at| at <= row.due_at) {
            unpaid.push(UnpaidProfessional { professional_id, row: payee });
        }
    }
    Ok((unpaid, own.len() > MAX_READ))
}
