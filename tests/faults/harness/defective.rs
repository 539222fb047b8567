//! A scenario whose workers have defects, and the problem that a run of it shows.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::defect::Defect;
use super::invariant::Invariant;
use super::scenario::{Scenario, WorkerFuture};
use super::scheduler::ClockJump;
use support::world::World;

/// A scenario whose workers have defects.
pub(super) struct Defective<S>(pub(super) S, pub(super) &'static [Defect]);

impl<S: Scenario> Scenario for Defective<S> {
    fn name(&self) -> String {
        format!("{:?} in {}", self.1, self.0.name())
    }

    fn workers(&self) -> usize {
        self.0.workers()
    }

    async fn prepare(&self, world: &World) {
        self.0.prepare(world).await;
    }

    fn run_worker(&self, worker: usize, process: World) -> WorkerFuture {
        self.0.run_worker(worker, process)
    }

    fn invariants(&self) -> Vec<Box<dyn Invariant>> {
        self.0.invariants()
    }

    async fn again(&self, world: &World) {
        self.0.again(world).await;
    }

    async fn tick(&self, world: &World) -> u64 {
        self.0.tick(world).await
    }

    fn defects(&self) -> &'static [Defect] {
        self.1
    }

    fn clock_jumps(&self) -> &'static [ClockJump] {
        self.0.clock_jumps()
    }

    fn pause(&self) -> ClockJump {
        self.0.pause()
    }

    fn further_pauses(&self) -> &'static [ClockJump] {
        self.0.further_pauses()
    }

    fn add_fault_rules(&self, world: &World) {
        self.0.add_fault_rules(world);
    }

    fn unseen_ranges(&self) -> &'static [&'static str] {
        self.0.unseen_ranges()
    }

    async fn at_rest(&self, world: &World, context: &str) {
        self.0.at_rest(world, context).await;
    }
}

/// The text with which the attempt fails.
pub(super) fn problem(attempt: impl FnOnce()) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(attempt)).err()?;
    let text = panic.downcast_ref::<String>().cloned();
    Some(text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default())
}

pub(super) fn assert_problem(name: &str, problem: Option<String>, words: &str) {
    let problem = problem.unwrap_or_else(|| panic!("{name}: nothing was found"));
    assert!(problem.contains(words), "{name}: found, but by something else:\n{problem}");
    eprintln!("{name}: found, {words}");
}
