//! Running a scenario: on a runtime made for it, and a random run for as many seeds as are asked for.

use shared::environment::read_variable;
use tokio::runtime::Builder;

use super::explorer::{ExploreLimits, explore};
use super::gate::{Asked, Order};
use super::process::Prepared;
use super::random_run::{FaultRates, random_run};
use super::scenario::{Scenario, rest};
use super::scheduler::{Move, Scheduler};
use super::tally::Tally;

/// Everything on one thread, so that the order of things is the order they were let go in.
pub fn on_one_thread<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Explores a scenario and prints what that took.
pub fn explored(scenario: &impl Scenario, limits: ExploreLimits) -> Tally {
    let tally = on_one_thread(explore(scenario, limits));
    tally.print();
    tally
}

/// The workers one after the other, each request let go as `order` says.
pub fn in_a_row<S: Scenario>(scenario: &S, order: impl Fn(usize, &Asked) -> Order) {
    on_one_thread(async {
        let http = shared::providers::client::client().unwrap();
        let mut scheduler = Scheduler::set(scenario, &Prepared::of(scenario, &http, 0).await, &http, 0).await;
        let invariants = scenario.invariants();
        while let Some((ticket, asked)) = scheduler.offered().into_iter().next() {
            scheduler.play(Move::Go(ticket, order(ticket.worker, &asked))).await;
            let judged = scheduler.judge(&invariants, Some(ticket.worker));
            judged.unwrap_or_else(|problem| panic!("{problem}\n{}", scheduler.story()));
        }
        let told = scheduler.story();
        rest(scenario, &invariants, &scheduler.clear().await, &told).await;
    });
}

/// Lets a random run go over the scenarios of many seeds.
pub fn campaign<S: Scenario>(
    name: &str,
    seeds: u64,
    weather: FaultRates,
    scene_of: impl Fn(u64) -> S,
) -> Tally {
    let mut total = Tally::new(name.to_owned());
    on_one_thread(async {
        let http = shared::providers::client::client().unwrap();
        for seed in chosen(seeds) {
            total += random_run(&scene_of(seed), &http, weather, seed).await.1;
        }
    });
    total.print();
    total
}

/// The same random run twice leaves the same trace, call by call.
pub fn repeats<S: Scenario>(seeds: u64, weather: FaultRates, scene_of: impl Fn(u64) -> S) {
    on_one_thread(async {
        let http = shared::providers::client::client().unwrap();
        for seed in chosen(seeds) {
            let first = random_run(&scene_of(seed), &http, weather, seed).await.0;
            let second = random_run(&scene_of(seed), &http, weather, seed).await.0;
            let differs = first.iter().zip(&second).position(|(first, second)| first != second);
            assert_eq!(differs, None, "seed {seed}: {first:#?}\n{second:#?}");
            assert_eq!(first.len(), second.len(), "seed {seed}");
        }
    });
}

/// The seeds of this run: the usual number, a multiple of it, or the one that is asked for.
fn chosen(usual: u64) -> std::ops::Range<u64> {
    let number = |name: &str| read_variable(name).and_then(|text| text.parse::<u64>().ok());
    match number("JUSTONCE_HARNESS_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..usual * number("JUSTONCE_HARNESS_TIMES").unwrap_or(1),
    }
}
