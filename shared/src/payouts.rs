//! Payouts: from what is due to one transfer per booking, for ever.
//!
//! Work is done by professional. Who has bookings that may be paid stands in the due index; a *pass* takes
//! one professional up and lets go again:
//!
//! | step | written | what a crash after it leaves |
//! | --- | --- | --- |
//! | claim | the professional's row: fence, owner, lease | a lease that lapses |
//! | look | nothing: bookings, debt, approval, the account at Stripe | the same |
//! | plan | in one transaction: the bookings, their frozen transfers, their entries in the batch, what is kept back of a debt, under the claim's fence | transfers that the sweep makes |
//! | perform | each transfer's claim and its end | see [`crate::effects`] |
//! | release | when the professional is looked at again | a lease that lapses |
//!
//! A dry run is the same look and the same plan without a claim and without a write. Two runs at once meet
//! at the claim, and whoever was too slow at the fence.

mod batch;
mod circuit_breaker;
mod payee_snapshot;
mod payout_request;
mod queue;
mod run;
mod transfers;
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

pub use batch::work_on_batch;
pub use payout_request::{PayoutRequest, RunLimits};

/// What payouts need of the world.
#[derive(Clone, Copy)]
pub struct Payouts<'a> {
    pub store: &'a Store,
    pub stripe: &'a Stripe,
    pub effect_clients: EffectClients<'a>,
    pub calendar: PayoutCalendar,
    /// What a professional is paid at least in one batch, in minor units.
    pub minimum: &'a BTreeMap<Currency, i64>,
    /// What needs a second person's approval when it is more, in minor units.
    pub approval_above: &'a BTreeMap<Currency, i64>,
    /// A fresh random id.
    pub ids: &'a Ids,
}

/// What a run did, or would do.
#[derive(Debug, Default)]
pub struct RunResult {
    /// What it did with what was due.
    pub report: Report,
    /// What it decided, where it was asked to say so.
    pub plan: Plan,
    /// What a second person would have to approve.
    pub awaiting: BTreeMap<(ProfessionalId, Currency), i64>,
}

impl Payouts<'_> {
    /// Pays what is due.
    pub async fn run(&self, payout_request: &PayoutRequest) -> Result<RunResult, StoreError> {
        run::Run::new(*self, payout_request, true).all().await
    }

    /// Says what [`Payouts::run`] would do now, and changes nothing.
    pub async fn dry_run(&self, payout_request: &PayoutRequest) -> Result<RunResult, StoreError> {
        run::Run::new(*self, payout_request, false).all().await
    }

    /// Finishes what earlier runs left: transfers that were decided and not made, batches that are not over.
    pub async fn finish(&self, limits: RunLimits) -> Result<Report, StoreError> {
        transfers::finish(self, limits).await
    }

    fn now(&self) -> DateTime<Utc> {
        self.effect_clients.clock.now()
    }
}

/// Whether a run would find anything to do: a professional who is due, or what earlier runs left. It reads
/// what a run reads, and needs no Stripe.
pub async fn is_anybody_waiting(store: &Store, now: DateTime<Utc>) -> Result<bool, StoreError> {
    Ok(queue::is_anybody_due(store, now).await? || transfers::is_anything_left(store, now).await?)
}
