//! One run: a world, its workers, and a sequence of moves.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, yield_now};

use super::gate::{Asked, Order, RequestGate, Ticket};
use super::invariant::{Invariant, Moment};
use super::print::{print_of_rows, print_of_sandbox};
use super::process::{Prepared, process};
use super::rows::Rows;
use super::scenario::Scenario;
use super::touch::Touch;
use support::world::World;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// A request is released.
    Go(Ticket, Order),
    /// A worker dies at its current position.
    Death(usize),
    Jump(ClockJump),
}

pub type ClockJump = chrono::Duration;

impl Move {
    /// The released request, if any.
    pub fn ticket(self) -> Option<Ticket> {
        if let Self::Go(ticket, _) = self { Some(ticket) } else { None }
    }

    pub fn actor(self) -> Option<usize> {
        self.ticket().map(|ticket| ticket.worker)
    }
}

/// A worker that is neither at the gate nor finished after this many runtime turns without a move counts as
/// asleep. An exchange over a loopback socket takes about twenty turns.
const TURNS_ASLEEP: u32 = 160;
/// The same limit for a worker at the gate whose other request may still return.
const TURNS_UNDER_WAY: u32 = 64;
/// How much time advances while a worker sleeps; client timeouts are hundreds of times as long.
const NAP: Duration = Duration::from_millis(25);
const MAX_NAPS: u32 = 400;

pub struct Scheduler {
    pub world: World,
    gate: RequestGate,
    workers: Vec<Option<JoinHandle<()>>>,
    rows: Rows,
    /// What the newest released request reads and writes.
    newest: Option<Touch>,
    /// The text of every move so far.
    described: Vec<String>,
    jumps: usize,
}

impl Scheduler {
    /// Copies the world and starts all workers up to the gate.
    pub async fn set(
        scenario: &impl Scenario,
        prepared: &Prepared,
        http: &reqwest::Client,
        seed: u64,
    ) -> Self {
        let world = prepared.world(http, seed).await;
        scenario.add_fault_rules(&world);
        let gate = RequestGate::default();
        let faults = gate.clone();
        world.service.sandbox.faults.intercept(Arc::new(move |_, _| faults.take_fault()));
        let mut workers = Vec::new();
        for worker in 0..scenario.workers() {
            let process = process(&world, http, &gate, worker, seed, scenario).await;
            let (run_worker, gate) = (scenario.run_worker(worker, process), gate.clone());
            workers.push(Some(tokio::spawn(async move {
                // The time of the worker's start is a choice too.
                drop(gate.pass(worker, Asked { touch: Touch::Nothing, words: "begins".to_owned() }).await);
                gate.finish(worker, run_worker.await);
            })));
        }
        let rows = Rows::read(&world.service.dynamo);
        let mut scheduler =
            Self { world, gate, workers, rows, newest: None, described: Vec::new(), jumps: 0 };
        tokio::time::pause();
        scheduler.settle(TURNS_UNDER_WAY).await;
        scheduler
    }

    /// The requests that can be released. Of concurrent range reads of one worker only the first is offered,
    /// because their order makes no difference to the worker.
    pub fn offered(&self) -> BTreeMap<Ticket, Asked> {
        let mut reading = None;
        let mut offered = self.gate.waiting();
        offered.retain(|ticket, asked| {
            let reads = matches!(asked.touch, Touch::Index | Touch::Partition(_));
            let later = reads && reading == Some(ticket.worker);
            if reads {
                reading = Some(ticket.worker);
            }
            !later
        });
        offered
    }

    pub fn alive(&self) -> Vec<usize> {
        let living = self.workers.iter().enumerate().filter(|(_, task)| task.is_some());
        living.map(|(worker, _)| worker).filter(|worker| self.gate.end(*worker).is_none()).collect()
    }

    /// Makes a move and waits until all workers wait again.
    pub async fn play(&mut self, choice: Move) {
        self.described.push(self.describe(choice));
        let mut turns = 1;
        match choice {
            Move::Go(ticket, order) => {
                // Its answer arrives over a socket, and the worker may still be seen at the gate meanwhile.
                let waiting = self.gate.waiting();
                self.newest = waiting.get(&ticket).map(|asked| asked.touch.clone());
                let others = waiting.keys().filter(|other| other.worker == ticket.worker).count() > 1;
                if others && waiting.get(&ticket).is_some_and(Asked::is_of_provider) {
                    turns = TURNS_UNDER_WAY;
                }
                self.gate.release(ticket, order);
            }
            Move::Death(worker) => {
                let task = self.workers[worker].take().expect("a dying worker was alive");
                task.abort();
                let _dead = task.await;
            }
            Move::Jump(clock_jump) => {
                self.jumps += 1;
                self.world.advance(clock_jump);
            }
        }
        self.settle(turns).await;
        if matches!(choice, Move::Go(_, order) if order != Order::Go) {
            // The SDK retries after a delay, also if the worker waits here with another request.
            tokio::time::advance(NAP).await;
            self.settle(turns).await;
        }
    }

    /// Checks the invariants for the changes of the newest move. A request that only reads changes nothing.
    pub fn check(&mut self, invariants: &[Box<dyn Invariant>], actor: Option<usize>) -> Result<(), String> {
        let touch = self.newest.take();
        if touch.as_ref().is_some_and(|touch| !touch.changes()) {
            return Ok(());
        }
        let mut after = None;
        if touch.is_none_or(|touch| touch.writes_rows()) {
            after = Some(Rows::read(&self.world.service.dynamo));
        }
        let moment = Moment::after_call(&self.rows, after.as_ref().unwrap_or(&self.rows), actor, &self.world);
        invariants.iter().try_for_each(|invariant| invariant.after_call(&moment))?;
        drop(moment);
        self.rows = after.unwrap_or(std::mem::take(&mut self.rows));
        Ok(())
    }

    /// Takes a new snapshot of the table before the next move.
    pub fn take_snapshot(&mut self) {
        self.rows = Rows::read(&self.world.service.dynamo);
    }

    /// The fingerprint of the last snapshot, the providers and the time.
    pub fn print_of_world(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (print_of_rows(&self.rows), print_of_sandbox(&self.world.service.sandbox)).hash(&mut hasher);
        hasher.finish()
    }

    /// The fingerprint of the world and of every worker's position and knowledge.
    pub fn print(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.print_of_world(), self.jumps).hash(&mut hasher);
        for (worker, task) in self.workers.iter().enumerate() {
            (task.is_some(), self.gate.print(worker)).hash(&mut hasher);
        }
        hasher.finish()
    }

    pub fn jumps(&self) -> usize {
        self.jumps
    }

    pub fn moves(&self) -> usize {
        self.described.len()
    }

    /// The moves so far, to understand a failure.
    pub fn story(&self) -> String {
        let lines = self.described.iter().enumerate().map(|(call, text)| format!("{:4}  {text}\n", call + 1));
        lines.collect()
    }

    /// Ends the run by killing the remaining workers; returns the world.
    pub async fn clear(mut self) -> World {
        for task in self.workers.iter_mut().filter_map(Option::take) {
            task.abort();
            let _dead = task.await;
        }
        self.world.service.sandbox.faults.stop_intercepting();
        tokio::time::resume();
        self.world
    }

    fn describe(&self, choice: Move) -> String {
        let Move::Go(ticket, order) = choice else { return format!("{choice:?}") };
        let waiting = self.gate.waiting();
        let words = waiting.get(&ticket).map_or("no request waits", |asked| &asked.words);
        let fault = if order == Order::Go { String::new() } else { format!("  [{order:?}]") };
        format!("worker {} request {}: {words}{fault}", ticket.worker, ticket.number)
    }

    /// Runs the runtime until all workers are at the gate or have finished. Time stands still unless a worker
    /// sleeps.
    async fn settle(&mut self, turns_after: u32) {
        let (mut moves, mut turns, mut naps) = (self.gate.moves(), 0, 0);
        loop {
            // An always-ready task keeps the runtime from advancing time by itself and lets it poll its sockets.
            yield_now().await;
            turns += 1;
            if self.gate.moves() != moves {
                (moves, turns) = (self.gate.moves(), 0);
            }
            if turns >= turns_after && self.gate.at_rest(&self.alive()) {
                return;
            }
            if turns >= TURNS_ASLEEP {
                self.nobody_panicked(&self.alive());
                naps += 1;
                assert!(naps < MAX_NAPS, "no worker moves any more:\n{}", self.story());
                tokio::time::advance(NAP).await;
                turns = 0;
            }
        }
    }

    fn nobody_panicked(&self, alive: &[usize]) {
        for worker in alive {
            let over = self.workers[*worker].as_ref().is_some_and(JoinHandle::is_finished);
            assert!(!over || self.gate.end(*worker).is_some(), "worker {worker} panicked:\n{}", self.story());
        }
    }
}
