//! Running a scene: on a runtime made for it, and a storm for as many seeds as are asked for.

use tokio::runtime::Builder;

use super::explorer::{Reach, explore};
use super::gate::{Asked, Order};
use super::process::Prepared;
use super::scene::{Scene, rest};
use super::stage::{Move, Stage};
use super::storm::{Weather, storm};
use super::tally::Tally;

/// Everything on one thread, so that the order of things is the order they were let go in.
pub fn on_one_thread<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Explores a scene and prints what that took.
pub fn explored(scene: &impl Scene, reach: Reach) -> Tally {
    let tally = on_one_thread(explore(scene, reach));
    tally.print();
    tally
}

/// The workers one after the other, each request let go as `order` says.
pub fn in_a_row<S: Scene>(scene: &S, order: impl Fn(usize, &Asked) -> Order) {
    on_one_thread(async {
        let http = shared::providers::client::client().unwrap();
        let mut stage = Stage::set(scene, &Prepared::of(scene, &http, 0).await, &http, 0).await;
        let laws = scene.laws();
        while let Some((ticket, asked)) = stage.offered().into_iter().next() {
            stage.play(Move::Go(ticket, order(ticket.worker, &asked))).await;
            let judged = stage.judge(&laws, Some(ticket.worker));
            judged.unwrap_or_else(|problem| panic!("{problem}\n{}", stage.story()));
        }
        let told = stage.story();
        rest(scene, &laws, &stage.clear().await, &told).await;
    });
}

/// Lets a storm go over the scenes of many seeds.
pub fn season<S: Scene>(name: &str, seeds: u64, weather: Weather, scene_of: impl Fn(u64) -> S) -> Tally {
    let mut total = Tally::new(name.to_owned());
    on_one_thread(async {
        let http = shared::providers::client::client().unwrap();
        for seed in chosen(seeds) {
            total += storm(&scene_of(seed), &http, weather, seed).await.1;
        }
    });
    total.print();
    total
}

/// The same storm twice leaves the same trace, call by call.
pub fn repeats<S: Scene>(seeds: u64, weather: Weather, scene_of: impl Fn(u64) -> S) {
    on_one_thread(async {
        let http = shared::providers::client::client().unwrap();
        for seed in chosen(seeds) {
            let first = storm(&scene_of(seed), &http, weather, seed).await.0;
            let second = storm(&scene_of(seed), &http, weather, seed).await.0;
            let differs = first.iter().zip(&second).position(|(first, second)| first != second);
            assert_eq!(differs, None, "seed {seed}: {first:#?}\n{second:#?}");
            assert_eq!(first.len(), second.len(), "seed {seed}");
        }
    });
}

/// The seeds of this run: the usual number, a multiple of it, or the one that is asked for.
fn chosen(usual: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("JUSTONCE_HARNESS_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..usual * number("JUSTONCE_HARNESS_TIMES").unwrap_or(1),
    }
}
