//! A payout day: professionals with paid and completed jobs, and the workers that handle them.

use std::sync::OnceLock;

use chrono::Duration;
use shared::domain::marketplace::booking::BookingStatus;
use shared::domain::marketplace::ledger::LedgerAccount;
use shared::domain::marketplace::payout::BatchRecord;

use super::booked::Booked;
use super::callers::{pay_by_hand, person_of_the_company};
use super::invariant::Invariant;
use super::invariants::of_money;
use super::outside::{Happening, deliver_webhooks, mark_delivered, nth};
use super::payout_end;
use super::rows::{Row, Rows};
use super::scenario::{Scenario, WorkerFuture};
use super::scheduler::ClockJump;
use support::browser::Browser;
use support::payees::{Job, PAYOUTS};
use support::world::{COMPANY, REMINDERS, World};

/// The work of one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Tick,
    /// The sweep of every five minutes, which finishes incomplete work.
    Sweep,
    /// A person starts a run by hand.
    ByHand,
    AtStripe(Happening),
}

/// Professionals with paid and completed jobs on a payout day, and the workers that handle them.
#[derive(Debug, Clone)]
pub(super) struct Payouts {
    /// The number of jobs per professional.
    pub jobs: Vec<usize>,
    /// The prices of the jobs in order, without a fee; otherwise each costs 100 dollars with the usual fee.
    pub prices: &'static [i64],
    /// The debt of the first professional.
    pub debt: i64,
    /// Whether the first job has an open dispute.
    pub disputed: bool,
    /// Whether every open dispute is won before incomplete work is finished.
    pub wins: bool,
    /// The platform's balance, if Stripe named no charges to fund the transfers.
    pub balance: Option<i64>,
    pub clock_jumps: &'static [ClockJump],
    /// The time before incomplete work is finished.
    pub pause: ClockJump,
    pub acts: Vec<Act>,
    /// The browser of the person who starts runs by hand.
    pub person: OnceLock<Browser>,
}

const BYSTANDER: &str = "biz_beta";

/// Longer than any backoff.
const PAUSE: ClockJump = Duration::minutes(61);
/// Past the expiry of every claim, a payee's included.
pub(super) const CLAIMS: ClockJump = Duration::minutes(7);
/// Keys are no longer reused, but Stripe still stores them.
pub(super) const STALE: ClockJump = Duration::minutes(23 * 60 + 30);
/// Stripe no longer stores the keys.
pub(super) const FORGOTTEN: ClockJump = Duration::hours(25);

impl Payouts {
    pub(super) fn of(jobs: &[usize], acts: &[Act]) -> Self {
        let (jobs, acts) = (jobs.to_vec(), acts.to_vec());
        Self {
            jobs,
            prices: &[],
            debt: 0,
            disputed: false,
            wins: false,
            balance: None,
            clock_jumps: &[CLAIMS],
            pause: PAUSE,
            acts,
            person: OnceLock::new(),
        }
    }

    pub(super) fn in_clock_jumps(self, clock_jumps: &'static [ClockJump]) -> Self {
        Self { clock_jumps, ..self }
    }

    /// Every batch has ended, and every share was paid or waits for a bank or for Stripe.
    pub(super) async fn check_paid(&self, world: &World, context: &str) {
        let rows = Rows::read(&world.service.dynamo);
        let open = open_batches(&rows).next();
        assert!(open.is_none(), "{context}\na batch has not ended: {open:?}");
        for booked in rows.bookings() {
            let booking = booked.booking.as_ref().unwrap();
            let owed = LedgerAccount::Owed(booking.terms.professional_id.clone());
            let owed = shared::domain::marketplace::ledger::position(booking)
                .get(&owed)
                .copied()
                .unwrap_or_default();
            // A reversed amount is owed again; a person decides how it is paid.
            let fits = booking.status == BookingStatus::PaidOut && -owed <= booking.amounts.reversed;
            assert!(fits || is_blocked(&booked, &rows), "{context}\nnot paid: {}", booked.projected);
        }
        payout_end::check_amounts(self, world, context).await;
    }

    /// Adds a professional of another company, whom only the schedule pays.
    async fn add_bystander(&self, world: &World) {
        world.add_company(BYSTANDER, "user_beta", true);
        if !self.acts.contains(&Act::Sweep) {
            world.open_case(BYSTANDER, "mem_beta").await;
        }
        if !self.acts.contains(&Act::Tick) {
            world.add_payee(BYSTANDER, "user_b", "usd").await;
            world.add_job(&Job { company: BYSTANDER, ..Job::of(world, "user_b") }).await;
        }
    }
}

impl Scenario for Payouts {
    fn name(&self) -> String {
        let Self { jobs, prices, debt, disputed, acts, .. } = self;
        let disputed = if *disputed { ", the first one disputed" } else { "" };
        format!("payouts, jobs {jobs:?} {prices:?}, debt {debt}{disputed}, {acts:?}")
    }

    fn workers(&self) -> usize {
        self.acts.len()
    }

    async fn prepare(&self, world: &World) {
        let mut prices = self.prices.iter().enumerate();
        for (number, jobs) in self.jobs.iter().enumerate() {
            let professional = format!("user_{number}");
            world.add_payee(COMPANY, &professional, "usd").await;
            for _ in 0..*jobs {
                let names_charge = self.balance.is_none();
                let mut job = Job { names_charge, ..Job::of(world, &professional) };
                if let Some((hours, price)) = prices.next() {
                    // The debt takes the earliest shares.
                    let completed_at = job.completed_at + Duration::hours(hours as i64 - 12);
                    job = Job { fee: 0, completed_at, price: *price, ..job };
                }
                world.add_job(&job).await;
            }
        }
        if self.debt > 0 {
            world.add_debt("user_0", self.debt).await;
        }
        if let Some(balance) = self.balance {
            world.service.sandbox.stripe.set_balance("usd", balance);
        }
        self.add_bystander(world).await;
        if self.acts.contains(&Act::ByHand) {
            let _person = self.person.set(person_of_the_company(world).await);
        }
        mark_delivered(world);
        if self.disputed {
            world.service.sandbox.stripe.open_dispute(&nth(world, 0).0);
            deliver_webhooks(world).await;
        }
    }

    fn run_worker(&self, worker: usize, process: World) -> WorkerFuture {
        let (act, person) = (self.acts[worker], self.person.get().cloned().unwrap_or_default());
        Box::pin(async move { act.run(&process, &person).await })
    }

    fn clock_jumps(&self) -> &'static [ClockJump] {
        self.clock_jumps
    }

    fn pause(&self) -> ClockJump {
        self.pause
    }

    fn invariants(&self) -> Vec<Box<dyn Invariant>> {
        of_money()
    }

    async fn again(&self, world: &World) {
        deliver_webhooks(world).await;
        if self.wins {
            Happening::Won(0).apply(world);
            deliver_webhooks(world).await;
        }
    }

    async fn tick(&self, world: &World) -> u64 {
        if let Some(balance) = self.balance {
            world.service.sandbox.stripe.set_balance("usd", balance * 100);
        }
        finish(world).await
    }

    async fn at_rest(&self, world: &World, context: &str) {
        self.check_paid(world, context).await;
        payout_end::check_batches(self, world, context);
    }
}

/// Runs the sweep and the payouts, the latter on the next payout morning unless a professional is payable before;
/// returns how much was due or is still waiting.
pub(super) async fn finish(world: &World) -> u64 {
    let swept = world.tick().await["due"].as_u64().unwrap();
    let rows = Rows::read(&world.service.dynamo);
    let due = rows.of("PAYEE#").any(|row| row.is_due(world.now()));
    let waits = rows.bookings().any(|booked| is_to_be_paid(&booked, &rows));
    let calendar = &world.service.app.config.marketplace.calendar;
    if (due || waits) && (!due || calendar.batch_at(world.now()).is_none()) {
        world.next_payout_morning();
    }
    let paid = world.pay_day().await["due"].as_u64().unwrap();
    deliver_webhooks(world).await;
    let rows = Rows::read(&world.service.dynamo);
    let open = open_batches(&rows).count();
    let left = rows.bookings().filter(|booked| is_to_be_paid(booked, &rows)).count();
    swept + paid + (open + left) as u64
}

fn open_batches(rows: &Rows) -> impl Iterator<Item = &Row> {
    rows.of("BATCHES#").filter(|row| !row.read::<BatchRecord>().status.has_ended())
}

/// Whether the booking is still to be paid.
fn is_to_be_paid(booked: &Booked<'_>, rows: &Rows) -> bool {
    let is_open = booked.transfers().any(|(effect, _)| !effect.status.is_final());
    let waits = booked.booking.as_ref().is_some_and(|booking| booking.stage == BookingStatus::Completed);
    is_open || (waits && !is_blocked(booked, rows))
}

/// Whether a booking waits for a bank's decision or for an account restricted by Stripe.
fn is_blocked(booked: &Booked<'_>, rows: &Rows) -> bool {
    let Some(booking) = &booked.booking else { return true };
    let pk = format!("PAYEE#{}#{}", booked.row.company_id, booking.terms.professional_id);
    let payee =
        rows.0.get(&(pk, "PAYEE".to_owned())).map(Row::read::<shared::store::marketplace::payee::PayeeRow>);
    let account = payee.and_then(|payee| payee.account);
    booking.dispute_open || account.is_none_or(|account| !account.payouts_enabled)
}

impl Act {
    /// Executes it and returns the status of the answer.
    async fn run(self, world: &World, person: &Browser) -> String {
        match self {
            Self::Tick => world.service.fire("payouts", PAYOUTS, world.now()).await.status().to_string(),
            Self::Sweep => world.service.fire("reminders", REMINDERS, world.now()).await.status().to_string(),
            Self::ByHand => pay_by_hand(world, person).await,
            Self::AtStripe(happening) => happening.run(world).await,
        }
    }
}
