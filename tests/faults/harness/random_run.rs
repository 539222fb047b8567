//! Many items, several workers, and whatever chance brings: the order, deaths, trouble, jumps of the
//! clock. All of it follows from a seed.

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

/// How rough it gets. Chances are in a thousand, for each move.
#[derive(Debug, Clone, Copy)]
pub struct FaultRates {
    pub trouble: usize,
    pub death: usize,
    pub jump: usize,
    /// At most so many troubles in one run, so that no pause grows beyond an hour.
    pub most_troubles: usize,
    /// Whether the table is spared, so that trouble is left for the providers.
    pub spares_table: bool,
}

impl FaultRates {
    /// Twelve troubles at most, of which none comes by itself.
    pub const HARSH: Self = Self { trouble: 0, death: 0, jump: 0, most_troubles: 12, spares_table: false };
}

impl Default for FaultRates {
    fn default() -> Self {
        Self { trouble: 60, death: 8, jump: 8, most_troubles: 6, spares_table: false }
    }
}

/// Attempts of the SDK at one request: trouble this long reaches the code behind it.
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

/// What Stripe besides keeps under the key, and repeats for a day.
const AT_STRIPE: [FaultKind; 2] = [
    FaultKind::Stored(StatusCode::INTERNAL_SERVER_ERROR),
    FaultKind::StoredAfter(StatusCode::INTERNAL_SERVER_ERROR),
];

/// Every move of a run, and the fingerprint of everything after it.
pub type Trace = Vec<(Move, u64)>;

/// Runs a scenario once, as its seed says.
pub async fn random_run<S: Scenario>(
    scenario: &S,
    http: &reqwest::Client,
    weather: FaultRates,
    seed: u64,
) -> (Trace, Tally) {
    let invariants = scenario.invariants();
    let mut tally = Tally::new(scenario.name());
    (tally.runs, tally.ends) = (1, 1);
    let mut scheduler = Scheduler::set(scenario, &Prepared::of(scenario, http, seed).await, http, seed).await;
    let mut chance = Chance {
        random: SeededRandom::of(seed),
        weather,
        clock_jumps: scenario.clock_jumps(),
        stubborn: None,
    };
    let mut trace = Trace::new();
    let told = |scheduler: &Scheduler, problem: &str| {
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
        if let Err(problem) = scheduler.judge(&invariants, choice.actor()) {
            panic!("{}", told(&scheduler, &problem));
        }
        trace.push((choice, scheduler.print()));
    }
    let told = told(&scheduler, "in the end");
    rest(scenario, &invariants, &scheduler.clear().await, &told).await;
    (trace, tally)
}

/// What chance does in one run.
struct Chance {
    random: SeededRandom,
    weather: FaultRates,
    clock_jumps: &'static [ClockJump],
    /// Trouble that goes on at the same worker, and how much longer.
    stubborn: Option<(usize, Order, usize)>,
}

impl Chance {
    fn choose(&mut self, scheduler: &Scheduler, tally: &mut Tally) -> Option<Move> {
        let (alive, offered) = (scheduler.alive(), scheduler.offered());
        let (ticket, asked) = offered.iter().nth(self.random.below(offered.len().max(1)))?;
        if self.random.falls(self.weather.death) {
            tally.deaths += 1;
            return Some(Move::Death(self.random.one_of(&alive)));
        }
        if self.random.falls(self.weather.jump) {
            tally.jumps += 1;
            return Some(Move::Jump(self.random.one_of(self.clock_jumps)));
        }
        let order = self.order(*ticket, asked, tally);
        tally.troubles += usize::from(order != Order::Go);
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
        let is_spared = self.weather.spares_table && !at_a_provider;
        if is_spared
            || tally.troubles >= self.weather.most_troubles
            || !self.random.falls(self.weather.trouble)
        {
            return Order::Go;
        }
        if asked.is_of_stripe() && self.random.falls(250) {
            return Order::Provider(self.random.one_of(&AT_STRIPE));
        }
        if at_a_provider {
            return Order::Provider(self.random.one_of(&AT_A_PROVIDER));
        }
        if asked.touch == Touch::Index && self.random.falls(500) {
            return Order::Stale;
        }
        let order = Order::Table(self.random.one_of(&AT_THE_TABLE));
        if self.random.falls(500) {
            self.stubborn = Some((ticket.worker, order, ATTEMPTS - 1));
        }
        order
    }
}
