//! Random runs: many items, several workers, and a random order with deaths, faults and clock jumps, all derived
//! from a seed.

use axum::http::StatusCode;
use local::embedded::{Failure, Intervention};
use stand_ins::fault::FaultKind;

use super::gate::{Asked, Order, Ticket};
use super::process::Prepared;
use super::scenario::{Scenario, rest};
use super::scheduler::{ClockJump, Move, Scheduler};
use super::seeded_random::SeededRandom;
use super::tally::Tally;
use super::touch::Touch;

/// The rates of faults, in thousandths per move.
#[derive(Debug, Clone, Copy)]
pub struct FaultRates {
    pub fault: usize,
    pub death: usize,
    pub jump: usize,
    /// The most faults in one run, so that no backoff exceeds an hour.
    pub most_faults: usize,
    /// Whether faults happen at the providers only.
    pub spares_table: bool,
}

impl FaultRates {
    /// At most twelve faults; all rates are zero by default.
    pub const HARSH: Self = Self { fault: 0, death: 0, jump: 0, most_faults: 12, spares_table: false };
}

impl Default for FaultRates {
    fn default() -> Self {
        Self { fault: 60, death: 8, jump: 8, most_faults: 6, spares_table: false }
    }
}

/// The SDK's attempts per request: a fault repeated this often reaches the code behind it.
const ATTEMPTS: usize = 3;

const AT_THE_TABLE: [Intervention; 6] = [
    Intervention::FailBefore(Failure::Throttled),
    Intervention::FailBefore(Failure::Internal),
    Intervention::FailBefore(Failure::Conflict),
    Intervention::FailAfter(Failure::Internal),
    Intervention::DropBefore,
    Intervention::LoseAnswer,
];

const AT_A_PROVIDER: [FaultKind; 6] = [
    FaultKind::Status(StatusCode::INTERNAL_SERVER_ERROR),
    FaultKind::Status(StatusCode::SERVICE_UNAVAILABLE),
    FaultKind::Status(StatusCode::TOO_MANY_REQUESTS),
    FaultKind::DropBefore,
    FaultKind::DropAfter,
    FaultKind::ErrorAfter(StatusCode::INTERNAL_SERVER_ERROR),
];

/// Faults that Stripe also stores under the key and repeats for a day.
const AT_STRIPE: [FaultKind; 2] = [
    FaultKind::Stored(StatusCode::INTERNAL_SERVER_ERROR),
    FaultKind::StoredAfter(StatusCode::INTERNAL_SERVER_ERROR),
];

/// Every move of a run with the fingerprint afterwards.
pub type Trace = Vec<(Move, u64)>;

/// Runs a scenario once with a seed.
pub async fn random_run<S: Scenario>(
    scenario: &S,
    http: &reqwest::Client,
    rates: FaultRates,
    seed: u64,
) -> (Trace, Tally) {
    let invariants = scenario.invariants();
    let mut tally = Tally::new(scenario.name());
    (tally.runs, tally.ends) = (1, 1);
    let mut scheduler = Scheduler::set(scenario, &Prepared::of(scenario, http, seed).await, http, seed).await;
    let mut chance = RandomChoices {
        random: SeededRandom::of(seed),
        rates,
        clock_jumps: scenario.clock_jumps(),
        stubborn: None,
    };
    let mut trace = Trace::new();
    let context = |scheduler: &Scheduler, problem: &str| {
        format!(
            "{}, seed {seed}, call {}: {problem}\n{}",
            scenario.name(),
            scheduler.moves(),
            scheduler.story()
        )
    };
    while let Some(choice) = chance.choose(&scheduler, &mut tally) {
        scheduler.play(choice).await;
        tally.calls += 1;
        if let Err(problem) = scheduler.check(&invariants, choice.actor()) {
            panic!("{}", context(&scheduler, &problem));
        }
        trace.push((choice, scheduler.print()));
    }
    let context = context(&scheduler, "in the end");
    rest(scenario, &invariants, &scheduler.clear().await, &context).await;
    (trace, tally)
}

/// The random choices of one run.
struct RandomChoices {
    random: SeededRandom,
    rates: FaultRates,
    clock_jumps: &'static [ClockJump],
    /// A repeated fault at one worker, and its remaining count.
    stubborn: Option<(usize, Order, usize)>,
}

impl RandomChoices {
    fn choose(&mut self, scheduler: &Scheduler, tally: &mut Tally) -> Option<Move> {
        let (alive, offered) = (scheduler.alive(), scheduler.offered());
        let (ticket, asked) = offered.iter().nth(self.random.below(offered.len().max(1)))?;
        if self.random.happens(self.rates.death) {
            tally.deaths += 1;
            return Some(Move::Death(self.random.one_of(&alive)));
        }
        if self.random.happens(self.rates.jump) {
            tally.jumps += 1;
            return Some(Move::Jump(self.random.one_of(self.clock_jumps)));
        }
        let order = self.order(*ticket, asked, tally);
        tally.faults += usize::from(order != Order::Go);
        Some(Move::Go(*ticket, order))
    }

    fn order(&mut self, ticket: Ticket, asked: &Asked, tally: &Tally) -> Order {
        let at_a_provider = asked.is_of_provider();
        if let Some((worker, order, left)) = self.stubborn
            && (worker, false) == (ticket.worker, at_a_provider)
        {
            self.stubborn = (left > 1).then_some((worker, order, left - 1));
            return order;
        }
        let is_spared = self.rates.spares_table && !at_a_provider;
        if is_spared || tally.faults >= self.rates.most_faults || !self.random.happens(self.rates.fault) {
            return Order::Go;
        }
        if asked.is_of_stripe() && self.random.happens(250) {
            return Order::Provider(self.random.one_of(&AT_STRIPE));
        }
        if at_a_provider {
            return Order::Provider(self.random.one_of(&AT_A_PROVIDER));
        }
        if asked.touch == Touch::Index && self.random.happens(500) {
            return Order::Stale;
        }
        let order = Order::Table(self.random.one_of(&AT_THE_TABLE));
        if self.random.happens(500) {
            self.stubborn = Some((ticket.worker, order, ATTEMPTS - 1));
        }
        order
    }
}
