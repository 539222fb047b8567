//! A worker: a process of its own over the same table and the same providers.

use std::sync::atomic::{AtomicU64, Ordering};

use local::embedded::EmbeddedDynamo;
use local::service::{PATIENCE, Parts, Service, TABLE};
use serde_json::Value;
use shared::domain::kernel::clock::Clock;
use shared::domain::kernel::ids::Ids;
use stand_ins::sandbox::Sandbox;
use uuid::Uuid;

use super::defect::Defect;
use super::gate::RequestGate;
use super::scenario::Scenario;
use super::seeded_random::mixed;
use super::ways::{WayToTable, way_to_providers};
use support::world::World;

/// What the ids of the first worker begin with; the next ones count on.
const MARK: usize = 0xa000;

/// The number of the process that is no worker.
const WORLD: usize = 0xfff;

/// A world as a scenario prepared it, to be copied for each run.
pub struct Prepared {
    sandbox: Sandbox,
    rows: Vec<Value>,
}

impl Prepared {
    pub async fn of(scenario: &impl Scenario, http: &reqwest::Client, seed: u64) -> Self {
        let dynamo = EmbeddedDynamo::memory();
        let parts = straight(&dynamo, http, seed);
        let world = World::of(dynamo, |_| None, parts).await;
        scenario.prepare(&world).await;
        Self { rows: world.service.dynamo.rows(TABLE), sandbox: world.service.sandbox.copy() }
    }

    /// A copy of it, with the process that finishes what workers leave.
    pub async fn world(&self, http: &reqwest::Client, seed: u64) -> World {
        let dynamo = EmbeddedDynamo::memory();
        let (sandbox, parts) = (self.sandbox.copy(), straight(&dynamo, http, seed));
        let service = Service::start_of(sandbox, dynamo, |_| None, parts).await.unwrap();
        service.dynamo.put_rows(TABLE, &self.rows);
        World { service }
    }
}

/// Ways that lead through no gate.
fn straight(dynamo: &EmbeddedDynamo, http: &reqwest::Client, seed: u64) -> Parts {
    Parts::straight(dynamo.client(), http.clone(), ids(WORLD, seed), PATIENCE)
}

/// Starts a worker whose every way out leads through the gate.
pub async fn process(
    world: &World,
    http: &reqwest::Client,
    gate: &RequestGate,
    worker: usize,
    seed: u64,
    defects: &'static [Defect],
) -> World {
    let Service { sandbox, dynamo, .. } = &world.service;
    let way = WayToTable { dynamo: dynamo.clone(), gate: gate.clone(), worker, defects };
    let (providers, looked) = (gate.clone(), gate.clone());
    let parts = Parts {
        table: dynamo.client_through(way),
        http: http.clone(),
        ids: ids(worker, seed),
        deadlines: PATIENCE,
        around_providers: Box::new(move |stand_ins| way_to_providers(providers, worker, defects, stand_ins)),
        deadlines_of_callers: None,
        around_clock: Box::new(move |clock| Clock::from_fn(move || looked.looked(worker, clock.now()))),
    };
    let service = Service::start_of(sandbox.clone(), dynamo.clone(), |_| None, parts).await.unwrap();
    World { service }
}

/// Ids that tell whose they are, the same ones in every run of one seed.
fn ids(worker: usize, seed: u64) -> Ids {
    let next = AtomicU64::new(seed << 32);
    let mark = ((MARK + worker) as u128) << 112;
    Ids::from_fn(move || Uuid::from_u128(mark | u128::from(mixed(next.fetch_add(1, Ordering::Relaxed)))))
}

/// Whether an owner's name is one of this worker's ids.
pub fn is_of(worker: usize, owner: &str) -> bool {
    owner.starts_with(&format!("{:x}", MARK + worker))
}
