//! Runs a scenario on its own runtime, or a random run for many seeds.

use shared::environment::read_variable;
use tokio::runtime::Builder;

use super::explorer::{ExploreLimits, explore};
use super::random_run::{FaultRates, random_run};
use super::scenario::Scenario;
use super::tally::Tally;

/// Runs everything on one thread, so that the order of requests is the order in which they are released.
pub fn on_one_thread<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Explores a scenario and prints the figures.
pub fn explored(scenario: &impl Scenario, limits: ExploreLimits) -> Tally {
    let tally = on_one_thread(explore(scenario, limits));
    tally.print();
    tally
}

/// Runs the scenarios of many seeds at random.
pub fn campaign<S: Scenario>(
    name: &str,
    seeds: u64,
    rates: FaultRates,
    scene_of: impl Fn(u64) -> S,
) -> Tally {
    let mut total = Tally::new(name.to_owned());
    on_one_thread(async {
        let http = shared::providers::client::client().unwrap();
        for seed in chosen(seeds) {
            total += random_run(&scene_of(seed), &http, rates, seed).await.1;
        }
    });
    total.print();
    total
}

/// Checks that a random run repeated gives the same trace, call by call.
pub fn repeats<S: Scenario>(seeds: u64, rates: FaultRates, scene_of: impl Fn(u64) -> S) {
    on_one_thread(async {
        let http = shared::providers::client::client().unwrap();
        for seed in chosen(seeds) {
            let first = random_run(&scene_of(seed), &http, rates, seed).await.0;
            let second = random_run(&scene_of(seed), &http, rates, seed).await.0;
            let differs = first.iter().zip(&second).position(|(first, second)| first != second);
            assert_eq!(differs, None, "seed {seed}: {first:#?}\n{second:#?}");
            assert_eq!(first.len(), second.len(), "seed {seed}");
        }
    });
}

/// The seeds of this run: the usual number, a multiple of it, or a given one.
fn chosen(usual: u64) -> std::ops::Range<u64> {
    let number = |name: &str| read_variable(name).and_then(|text| text.parse::<u64>().ok());
    match number("JUSTONCE_HARNESS_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..usual * number("JUSTONCE_HARNESS_TIMES").unwrap_or(1),
    }
}
