//! Every order in which the requests of a few workers can be executed.
//!
//! A run cannot be taken back, so each branch begins anew and plays the moves that lead to it. What
//! keeps this from growing without end: a state that was seen before (the table, the providers, the
//! time, and what each worker has heard so far) is not explored again, as nothing else decides what
//! can follow.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::gate::Order;
use super::law::Law;
use super::orders::Orders;
use super::scene::{Scene, rest};
use super::stage::{Move, Stage};
use super::tally::Tally;

/// How far an exploration goes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reach {
    /// Up to so many workers die, anywhere. Who is dead never moves again, so it is enough to let those
    /// die that are left, at every moment at which they are few enough.
    pub deaths: usize,
    /// So many times the clock jumps past every claim, anywhere.
    pub jumps: usize,
    /// How often a worker that could go on is interrupted; where nothing is said, any number of times.
    pub interruptions: Option<usize>,
}

/// Explores a scene to its last state.
pub async fn explore<S: Scene>(scene: &S, reach: Reach) -> Tally {
    let http = shared::providers::client::client().unwrap();
    let (laws, tally) = (scene.laws(), Tally::new(scene.name()));
    let mut explorer = Explorer {
        scene,
        reach,
        http,
        laws,
        tally,
        seen: HashSet::new(),
        ended: HashSet::new(),
        orders: Orders::default(),
        branches: vec![Branch::default()],
    };
    while let Some(branch) = explorer.branches.pop() {
        explorer.run(branch).await;
    }
    let Explorer { mut tally, seen, orders, .. } = explorer;
    tally.states = seen.len();
    tally.interleavings = orders.count();
    tally
}

struct Explorer<'a, S> {
    scene: &'a S,
    reach: Reach,
    http: reqwest::Client,
    laws: Vec<Box<dyn Law>>,
    tally: Tally,
    seen: HashSet<u64>,
    ended: HashSet<u64>,
    orders: Orders,
    branches: Vec<Branch>,
}

/// A way to a state, the state as it was found then, and the step to be taken from there.
#[derive(Default)]
struct Branch {
    way: Way,
    step: Option<(u64, Step)>,
}

#[derive(Clone, Default)]
struct Way {
    moves: Vec<Move>,
    interruptions: usize,
}

#[derive(Clone, Copy)]
enum Step {
    Play(Move),
    /// Whoever is left dies, and the world comes to rest.
    Rest,
}

impl<S: Scene> Explorer<'_, S> {
    async fn run(&mut self, branch: Branch) {
        let mut stage = Stage::set(self.scene, &self.http, 0).await;
        self.tally.runs += 1;
        for choice in &branch.way.moves {
            stage.play(*choice).await;
        }
        stage.look();
        let (mut way, mut step) = (branch.way, None);
        if let Some((from, first)) = branch.step {
            let here = self.print(&stage, &way);
            assert_eq!(here, from, "{}: the same moves led elsewhere\n{}", self.scene.name(), stage.story());
            step = Some((from, first));
        }
        loop {
            match step {
                Some((_, Step::Rest)) => return self.rest(stage).await,
                Some((from, Step::Play(choice))) => {
                    self.play(&mut stage, &mut way, choice).await;
                    self.orders.leads(from, self.print(&stage, &way));
                }
                None => {}
            }
            let here = self.print(&stage, &way);
            let mut steps = if self.seen.insert(here) { self.steps(&stage, &way) } else { Vec::new() };
            let Some(next) = steps.pop() else { break };
            let others = steps.into_iter().map(|step| Branch { way: way.clone(), step: Some((here, step)) });
            self.branches.extend(others);
            step = Some((here, next));
        }
        stage.clear().await;
    }

    async fn play(&mut self, stage: &mut Stage, way: &mut Way, choice: Move) {
        way.interruptions += usize::from(interrupts(stage, way, choice));
        way.moves.push(choice);
        stage.play(choice).await;
        self.tally.calls += 1;
        let actor = if let Move::Go(ticket, _) = choice { Some(ticket.worker) } else { None };
        if let Err(problem) = stage.judge(&self.laws, actor) {
            panic!("{}: {problem}\n{}", self.scene.name(), stage.story());
        }
    }

    async fn rest(&mut self, stage: Stage) {
        self.tally.ends += 1;
        let alive = stage.alive();
        self.tally.deaths += alive.len();
        let told = format!("{}: in the end, {alive:?} dead:\n{}", self.scene.name(), stage.story());
        rest(self.scene, &self.laws, &stage.clear().await, &told).await;
    }

    /// What can follow; the last of them is taken first.
    fn steps(&mut self, stage: &Stage, way: &Way) -> Vec<Step> {
        let alive = stage.alive();
        let mut steps = Vec::new();
        if alive.len() <= self.reach.deaths && self.ended.insert(stage.print_of_world()) {
            steps.push(Step::Rest);
        }
        if !alive.is_empty() && stage.jumps() < self.reach.jumps {
            steps.push(Step::Play(Move::Jump));
        }
        let goes = stage.tickets().into_iter().rev().map(|ticket| Move::Go(ticket, Order::Go));
        let most = self.reach.interruptions;
        let allowed = goes.filter(|choice| {
            most.is_none_or(|most| way.interruptions < most || !interrupts(stage, way, *choice))
        });
        steps.extend(allowed.map(Step::Play));
        steps
    }

    fn print(&self, stage: &Stage, way: &Way) -> u64 {
        if self.reach.interruptions.is_none() {
            return stage.print();
        }
        let mut hasher = DefaultHasher::new();
        (stage.print(), way.interruptions, last_worker(way)).hash(&mut hasher);
        hasher.finish()
    }
}

/// Whether another worker could have gone on.
fn interrupts(stage: &Stage, way: &Way, choice: Move) -> bool {
    let (Move::Go(next, _), Some(last)) = (choice, last_worker(way)) else { return false };
    next.worker != last && stage.alive().contains(&last)
}

fn last_worker(way: &Way) -> Option<usize> {
    way.moves.iter().rev().find_map(|choice| if let Move::Go(ticket, _) = choice { Some(ticket.worker) } else { None })
}
