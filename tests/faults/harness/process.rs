//! A worker: its own process over the shared table and providers.

use std::sync::atomic::{AtomicU64, Ordering};

use local::embedded::EmbeddedDynamo;
use local::service::{PATIENCE, Parts, Service, TABLE};
use serde_json::Value;
use shared::domain::kernel::clock::Clock;
use shared::domain::kernel::ids::Ids;
use stand_ins::sandbox::Sandbox;
use uuid::Uuid;

use super::gate::RequestGate;
use super::scenario::Scenario;
use super::seeded_random::mixed;
use super::ways::{TableConnection, provider_connection};
use support::world::World;

/// The prefix of the first worker's ids; the next workers count on.
const MARK: usize = 0xa000;

/// The number of the process that is not a worker.
const WORLD: usize = 0xfff;

/// A prepared world, to be copied for each run.
pub struct Prepared {
    sandbox: Sandbox,
    rows: Vec<Value>,
}

impl Prepared {
    pub async fn of(scenario: &impl Scenario, http: &reqwest::Client, seed: u64) -> Self {
        let dynamo = EmbeddedDynamo::memory();
        let parts = direct_parts(&dynamo, http, seed);
        let world = World::of(dynamo, |_| None, parts).await;
        scenario.prepare(&world).await;
        Self { rows: world.service.dynamo.rows(TABLE), sandbox: world.service.sandbox.copy() }
    }

    /// A copy with the process that finishes the workers' rest.
    pub async fn world(&self, http: &reqwest::Client, seed: u64) -> World {
        let dynamo = EmbeddedDynamo::memory();
        let (sandbox, parts) = (self.sandbox.copy(), direct_parts(&dynamo, http, seed));
        let service = Service::start_of(sandbox, dynamo, |_| None, parts).await.unwrap();
        service.dynamo.put_rows(TABLE, &self.rows);
        World { service }
    }
}

/// Connections without a gate.
fn direct_parts(dynamo: &EmbeddedDynamo, http: &reqwest::Client, seed: u64) -> Parts {
    Parts::straight(dynamo.client(), http.clone(), ids(WORLD, seed), PATIENCE)
}

/// Starts a worker whose connections all pass the gate.
pub async fn process(
    world: &World,
    http: &reqwest::Client,
    gate: &RequestGate,
    worker: usize,
    seed: u64,
    scenario: &impl Scenario,
) -> World {
    let Service { sandbox, dynamo, .. } = &world.service;
    let (defects, unseen) = (scenario.defects(), scenario.unseen_ranges());
    let way = TableConnection { dynamo: dynamo.clone(), gate: gate.clone(), worker, defects, unseen };
    let (providers, looked) = (gate.clone(), gate.clone());
    let parts = Parts {
        table: dynamo.client_through(way),
        http: http.clone(),
        ids: ids(worker, seed),
        deadlines: PATIENCE,
        around_providers: Box::new(move |stand_ins| {
            provider_connection(providers, worker, defects, stand_ins)
        }),
        deadlines_of_callers: None,
        around_clock: Box::new(move |clock| Clock::from_fn(move || looked.clock_read(worker, clock.now()))),
    };
    let service = Service::start_of(sandbox.clone(), dynamo.clone(), |_| None, parts).await.unwrap();
    World { service }
}

/// Ids that identify the worker and are the same in every run of a seed.
fn ids(worker: usize, seed: u64) -> Ids {
    let next = AtomicU64::new(seed << 32);
    let mark = ((MARK + worker) as u128) << 112;
    Ids::from_fn(move || Uuid::from_u128(mark | u128::from(mixed(next.fetch_add(1, Ordering::Relaxed)))))
}

/// Whether an owner's name is one of this worker's ids.
pub fn is_of(worker: usize, owner: &str) -> bool {
    owner.starts_with(&format!("{:x}", MARK + worker))
}
