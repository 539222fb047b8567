//! Explores every order in which the requests of a few workers can be executed.
//!
//! A run cannot be undone, so each branch starts anew and repeats the moves that lead to it. Two reductions limit
//! the growth without losing a state:
//!
//! - A state that was seen before is not explored again. A state is the table, the providers, the time, and what
//!   each worker has received so far; nothing else decides what can follow.
//! - Of two requests of different workers that commute, one order is enough. The omitted move *sleeps* at that
//!   state (Godefroid's sleep sets); if the state is reached on another way without the sleeping move, the move
//!   is made after all. In the end every offered move is known to lead to an explored state; otherwise counting
//!   the orders panics.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::gate::{Order, Ticket};
use super::invariant::Invariant;
use super::orders::{Label, Orders};
use super::process::Prepared;
use super::scenario::{Scenario, rest};
use super::scheduler::{Move, Scheduler};
use super::tally::Tally;

/// The limits of an exploration.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExploreLimits {
    /// The most workers that die. A dead worker never moves again, so it suffices to kill the remaining workers
    /// at every moment at which they are few enough.
    pub deaths: usize,
    /// The most clock jumps, each by one of the scenario's jumps.
    pub jumps: usize,
    /// How often a worker that could continue is interrupted; `None` means any number of times.
    pub interruptions: Option<usize>,
    /// Disables the reduction of commuting moves: slower, for comparison.
    pub wide_awake: bool,
}

/// Explores a scenario to its last state.
pub async fn explore<S: Scenario>(scenario: &S, limits: ExploreLimits) -> Tally {
    let http = shared::providers::client::client().unwrap();
    let prepared = Prepared::of(scenario, &http, 0).await;
    let (invariants, tally) = (scenario.invariants(), Tally::new(scenario.name()));
    let mut explorer = Explorer {
        scenario,
        prepared,
        limits,
        http,
        invariants,
        tally,
        first: None,
        seen: HashMap::new(),
        ended: HashSet::new(),
        orders: Orders::default(),
        branches: vec![Branch::default()],
    };
    while let Some(branch) = explorer.branches.pop() {
        explorer.run(branch).await;
    }
    let Explorer { mut tally, first, seen, mut orders, .. } = explorer;
    tally.states = seen.len();
    tally.interleavings = first.map_or(0.0, |first| orders.paths(first));
    tally
}

struct Explorer<'a, S> {
    scenario: &'a S,
    prepared: Prepared,
    limits: ExploreLimits,
    http: reqwest::Client,
    invariants: Vec<Box<dyn Invariant>>,
    tally: Tally,
    first: Option<u64>,
    /// Every explored state with its sleeping moves.
    seen: HashMap<u64, BTreeSet<Ticket>>,
    ended: HashSet<u64>,
    orders: Orders,
    branches: Vec<Branch>,
}

/// A way to a state and the next step.
#[derive(Default)]
struct Branch {
    way: Way,
    step: Option<Step>,
}

#[derive(Clone, Default)]
struct Way {
    moves: Vec<Move>,
    interruptions: usize,
}

#[derive(Clone)]
struct Step {
    /// The state at which the step was planned.
    from: u64,
    /// The move; `None` kills the remaining workers and brings the world to rest.
    choice: Option<Move>,
    /// The sleeping moves after it.
    asleep: BTreeSet<Ticket>,
}

impl<S: Scenario> Explorer<'_, S> {
    async fn run(&mut self, branch: Branch) {
        let mut scheduler = Scheduler::set(self.scenario, &self.prepared, &self.http, 0).await;
        self.tally.runs += 1;
        let Branch { mut way, mut step } = branch;
        for choice in &way.moves {
            scheduler.play(*choice).await;
        }
        scheduler.take_snapshot();
        let mut here = self.print(&scheduler, &way);
        let planned = step.as_ref().map_or(here, |step| step.from);
        assert_eq!(
            here,
            planned,
            "{}: the same moves led elsewhere\n{}",
            self.scenario.name(),
            scheduler.story()
        );
        self.first.get_or_insert(here);
        loop {
            let mut asleep = BTreeSet::new();
            if let Some(step) = step.take() {
                let Some(choice) = step.choice else { return self.rest(scheduler).await };
                self.play(&mut scheduler, &mut way, choice).await;
                here = self.print(&scheduler, &way);
                self.note(&step, choice, here);
                asleep = step.asleep;
            }
            let mut steps = self.steps(&scheduler, &way, here, asleep);
            let Some(next) = steps.pop() else { break };
            self.branches.extend(steps.into_iter().map(|step| Branch { way: way.clone(), step: Some(step) }));
            step = Some(next);
        }
        scheduler.clear().await;
    }

    async fn play(&mut self, scheduler: &mut Scheduler, way: &mut Way, choice: Move) {
        way.interruptions += usize::from(interrupts(scheduler, way, choice));
        way.moves.push(choice);
        scheduler.play(choice).await;
        self.tally.calls += 1;
        self.tally.jumps += usize::from(matches!(choice, Move::Jump(_)));
        if let Err(problem) = scheduler.check(&self.invariants, choice.actor()) {
            panic!("{}: {problem}\n{}", self.scenario.name(), scheduler.story());
        }
    }

    async fn rest(&mut self, scheduler: Scheduler) {
        self.tally.ends += 1;
        let alive = scheduler.alive();
        self.tally.deaths += alive.len();
        let context = format!("{}: in the end, {alive:?} dead:\n{}", self.scenario.name(), scheduler.story());
        rest(self.scenario, &self.invariants, &scheduler.clear().await, &context).await;
    }

    fn note(&mut self, step: &Step, choice: Move, to: u64) {
        let Some(label) = label(choice) else { return };
        self.orders.add_transition(step.from, label, to);
        for left_out in &step.asleep {
            self.orders.add_commuting(to, Label::Go(*left_out), step.from, label);
        }
    }

    /// The next steps from a state; the last one is executed first.
    fn steps(&mut self, scheduler: &Scheduler, way: &Way, here: u64, asleep: BTreeSet<Ticket>) -> Vec<Step> {
        let offered = scheduler.offered();
        let allowed = |ticket: &Ticket| {
            let most = self.limits.interruptions;
            most.is_none_or(|most| {
                way.interruptions < most || !interrupts(scheduler, way, Move::Go(*ticket, Order::Go))
            })
        };
        let allowed: BTreeSet<Ticket> = offered.keys().copied().filter(allowed).collect();
        let known = self.seen.get(&here).cloned();
        let awake = known.as_ref().unwrap_or(&allowed).difference(&asleep).copied();
        let awake: BTreeSet<Ticket> = awake.collect();
        let still = known.as_ref().map_or_else(|| asleep.clone(), |known| known & &asleep);
        self.seen.insert(here, still);
        let mut steps = Vec::new();
        if known.is_none() {
            steps = self.death_and_clock_steps(scheduler, here, &allowed);
        }
        let mut made = asleep;
        let mut goes = Vec::new();
        for ticket in awake {
            let commutes = |other: &&Ticket| {
                other.worker != ticket.worker && offered[*other].touch.commutes(&offered[&ticket].touch)
            };
            let sleeps = !self.limits.wide_awake && self.limits.interruptions.is_none();
            let asleep = made.iter().filter(commutes).filter(|_| sleeps).copied().collect();
            goes.push(Step { from: here, choice: Some(Move::Go(ticket, Order::Go)), asleep });
            made.insert(ticket);
        }
        steps.extend(goes.into_iter().rev());
        steps
    }

    /// Deaths and clock jumps, which are always possible.
    fn death_and_clock_steps(
        &mut self,
        scheduler: &Scheduler,
        here: u64,
        allowed: &BTreeSet<Ticket>,
    ) -> Vec<Step> {
        let alive = scheduler.alive();
        let step = |choice| Step { from: here, choice, asleep: BTreeSet::new() };
        let mut labels: Vec<_> = allowed.iter().copied().map(Label::Go).collect();
        let mut steps = Vec::new();
        if alive.len() <= self.limits.deaths && self.ended.insert(scheduler.print_of_world()) {
            steps.push(step(None));
        }
        if !alive.is_empty() && scheduler.jumps() < self.limits.jumps {
            steps.extend(
                self.scenario.clock_jumps().iter().map(|clock_jump| step(Some(Move::Jump(*clock_jump)))),
            );
            labels.extend(self.scenario.clock_jumps().iter().copied().map(Label::Jump));
        }
        self.orders.add_offered(here, labels);
        steps
    }

    fn print(&self, scheduler: &Scheduler, way: &Way) -> u64 {
        if self.limits.interruptions.is_none() {
            return scheduler.print();
        }
        let mut hasher = DefaultHasher::new();
        (scheduler.print(), way.interruptions, last_worker(way)).hash(&mut hasher);
        hasher.finish()
    }
}

/// The label of a move for counting orders; `None` for a death, which ends a run.
fn label(choice: Move) -> Option<Label> {
    match choice {
        Move::Go(ticket, _) => Some(Label::Go(ticket)),
        Move::Jump(clock_jump) => Some(Label::Jump(clock_jump)),
        Move::Death(_) => None,
    }
}

/// Whether the previous worker could have continued.
fn interrupts(scheduler: &Scheduler, way: &Way, choice: Move) -> bool {
    let (Move::Go(next, _), Some(last)) = (choice, last_worker(way)) else { return false };
    next.worker != last && scheduler.alive().contains(&last)
}

fn last_worker(way: &Way) -> Option<usize> {
    way.moves.iter().rev().find_map(|choice| choice.actor())
}
