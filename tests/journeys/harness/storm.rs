//! Many items, several workers, and whatever chance brings: the order, deaths, trouble, jumps of the
//! clock. All of it follows from a seed.

use axum::http::StatusCode;
use local::embedded::{Failure, Intervention};
use local::fault::FaultKind;

use super::dice::Dice;
use super::gate::{Asked, Order, Ticket};
use super::process::Prepared;
use super::scene::{Scene, rest};
use super::stage::{Leap, Move, Stage};
use super::tally::Tally;
use super::touch::Touch;

/// How rough it gets. Chances are in a thousand, for each move.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    pub trouble: usize,
    pub death: usize,
    pub jump: usize,
    /// At most so many troubles in one run, so that no pause grows beyond an hour.
    pub most_troubles: usize,
    /// Whether the table is spared, so that trouble is left for the providers.
    pub spares_table: bool,
}

impl Weather {
    /// Twelve troubles at most, of which none comes by itself.
    pub const HARSH: Self = Self { trouble: 0, death: 0, jump: 0, most_troubles: 12, spares_table: false };
}

impl Default for Weather {
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

/// Runs a scene once, as its seed says.
pub async fn storm<S: Scene>(
    scene: &S,
    http: &reqwest::Client,
    weather: Weather,
    seed: u64,
) -> (Trace, Tally) {
    let laws = scene.laws();
    let mut tally = Tally::new(scene.name());
    (tally.runs, tally.ends) = (1, 1);
    let mut stage = Stage::set(scene, &Prepared::of(scene, http, seed).await, http, seed).await;
    let mut chance = Chance { dice: Dice::of(seed), weather, leaps: scene.leaps(), stubborn: None };
    let mut trace = Trace::new();
    let told = |stage: &Stage, problem: &str| {
        format!("{}, seed {seed}, call {}: {problem}\n{}", scene.name(), stage.moves(), stage.story())
    };
    while let Some(choice) = chance.choose(&stage, &mut tally) {
        stage.play(choice).await;
        tally.calls += 1;
        if let Err(problem) = stage.judge(&laws, choice.actor()) {
            panic!("{}", told(&stage, &problem));
        }
        trace.push((choice, stage.print()));
    }
    let told = told(&stage, "in the end");
    rest(scene, &laws, &stage.clear().await, &told).await;
    (trace, tally)
}

/// What chance does in one run.
struct Chance {
    dice: Dice,
    weather: Weather,
    leaps: &'static [Leap],
    /// Trouble that goes on at the same worker, and how much longer.
    stubborn: Option<(usize, Order, usize)>,
}

impl Chance {
    fn choose(&mut self, stage: &Stage, tally: &mut Tally) -> Option<Move> {
        let (alive, offered) = (stage.alive(), stage.offered());
        let (ticket, asked) = offered.iter().nth(self.dice.below(offered.len().max(1)))?;
        if self.dice.falls(self.weather.death) {
            tally.deaths += 1;
            return Some(Move::Death(self.dice.one_of(&alive)));
        }
        if self.dice.falls(self.weather.jump) {
            tally.jumps += 1;
            return Some(Move::Jump(self.dice.one_of(self.leaps)));
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
        if is_spared || tally.troubles >= self.weather.most_troubles || !self.dice.falls(self.weather.trouble)
        {
            return Order::Go;
        }
        if asked.is_of_stripe() && self.dice.falls(250) {
            return Order::Provider(self.dice.one_of(&AT_STRIPE));
        }
        if at_a_provider {
            return Order::Provider(self.dice.one_of(&AT_A_PROVIDER));
        }
        if asked.touch == Touch::Index && self.dice.falls(500) {
            return Order::Stale;
        }
        let order = Order::Table(self.dice.one_of(&AT_THE_TABLE));
        if self.dice.falls(500) {
            self.stubborn = Some((ticket.worker, order, ATTEMPTS - 1));
        }
        order
    }
}
