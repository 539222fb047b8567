//! Payouts: every payable booking leads to at most one successful transfer, ever.
//!
//! Work is done per professional. Professionals with payable bookings are listed in the due index. One *turn*
//! processes one professional:
//!
//! | step | what is written | what a crash after it leaves |
//! | --- | --- | --- |
//! | claim | the professional's row: fencing token, owner, lease | a lease that expires |
//! | load | nothing; reads bookings, debt, approval and the account at Stripe | a lease that expires |
//! | plan | in one transaction: the bookings, their frozen transfers, their entries in the batch and the reserved part of a debt, conditional on the claim's fencing token | transfers that the sweep performs |
//! | perform | each transfer's claim and outcome | see [`crate::effects`] |
//! | release | the time of the professional's next turn | a lease that expires |
//!
//! A dry run loads and plans in the same way, without a claim and without a write. Of two concurrent runs only
//! one gets the claim, and the fencing token rejects the writes of a run whose lease has expired.

mod batch;
mod circuit_breaker;
mod next_check;
mod payee_snapshot;
mod payout_request;
mod queue;
mod run;
mod transfers;
mod unpaid;
mod write;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::domain::kernel::ids::Ids;
use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::ProfessionalId;
use crate::domain::marketplace::calendar::PayoutCalendar;
use crate::domain::marketplace::payout::Plan;
use crate::domain::platform::job::Report;
use crate::effects::EffectClients;
use crate::providers::stripe::client::Stripe;
use crate::store::{Store, StoreError};

pub use payout_request::{PayoutRequest, RunLimits};
pub use unpaid::{UnpaidProfessional, unpaid, unpaid_of};

/// The clients and settings that payouts need.
#[derive(Clone, Copy)]
pub struct Payouts<'a> {
    pub store: &'a Store,
    pub stripe: &'a Stripe,
    pub effect_clients: EffectClients<'a>,
    pub calendar: PayoutCalendar,
    /// The smallest amount paid to a professional in one batch, in minor units.
    pub minimum: &'a BTreeMap<Currency, i64>,
    /// Larger amounts need a second person's approval, in minor units.
    pub approval_above: &'a BTreeMap<Currency, i64>,
    pub ids: &'a Ids,
}

/// The result of a run or a dry run.
#[derive(Debug, Default)]
pub struct RunResult {
    pub report: Report,
    /// The decisions, if `include_plan` was set.
    pub plan: Plan,
    /// The amounts that wait for a second person's approval, in minor units.
    pub awaiting: BTreeMap<(ProfessionalId, Currency), i64>,
}

impl Payouts<'_> {
    /// Pays every professional who is due.
    pub async fn run(&self, payout_request: &PayoutRequest) -> Result<RunResult, StoreError> {
        run::Run::new(*self, payout_request, true).execute().await
    }

    /// Returns what [`Payouts::run`] would do now, and changes nothing.
    pub async fn dry_run(&self, payout_request: &PayoutRequest) -> Result<RunResult, StoreError> {
        run::Run::new(*self, payout_request, false).execute().await
    }

    /// Finishes the work of earlier runs: transfers that were planned and not made, batches that are not
    /// completed.
    pub async fn finish(&self, limits: RunLimits) -> Result<Report, StoreError> {
        transfers::finish(self, limits).await
    }

    fn now(&self) -> DateTime<Utc> {
        self.effect_clients.clock.now()
    }
}

/// Whether a run would find work: a due professional, or unfinished rows of earlier runs. It reads the same queues
/// as a run, and needs no Stripe key.
pub async fn has_pending_work(store: &Store, now: DateTime<Utc>) -> Result<bool, StoreError> {
    Ok(queue::is_any_payee_due(store, now).await? || transfers::has_unfinished_rows(store, now).await?)
}
