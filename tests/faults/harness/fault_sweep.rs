//! Runs the workers one after the other, once for each kind of fault and each request at which it can occur.
//!
//! The first run has no fault; its requests are the places of the faults. Every further run repeats it up to the
//! place, injects the fault, checks the invariants after every call, and brings the world to rest.
//!
//! Deaths are merged. The workers' next step depends on the world and on what they have received, and a dead
//! worker takes the latter with it: so a death after a request is the death before the next one, and of deaths
//! between which nothing changed one is enough. A death after a worker's last request is the run without a fault,
//! because the callers repeat their requests in any case. Each kind is counted at each of its places all the same.

use std::collections::{BTreeMap, HashSet};

use super::campaign::on_one_thread;
use super::course::{Course, Injection, Injector};
use super::fault::{FAULTS_AT_PROVIDERS, FAULTS_AT_TABLE, Fault};
use super::gate::Order;
use super::invariant::Invariant;
use super::process::Prepared;
use super::rows::Rows;
use super::scenario::{Scenario, rest};
use super::scheduler::{Move, Scheduler};
use super::tally::Tally;

/// Injects every fault of the table and of the process, at every request.
pub fn sweep_faults(scenario: &impl Scenario) -> Tally {
    sweep(scenario, &[FAULTS_AT_TABLE.as_slice(), &FAULTS_AT_PROVIDERS].concat())
}

/// Injects these faults, each at every request at which it can occur; each must have such a request.
pub fn sweep(scenario: &impl Scenario, faults: &[Fault]) -> Tally {
    on_one_thread(async {
        let mut sweeper = Sweeper::new(scenario).await;
        let course = sweeper.run(&[], Records::Worlds).await;
        for fault in faults {
            let places = course.places(*fault);
            assert!(!places.is_empty(), "{}: no request for {fault:?}", scenario.name());
            for place in places {
                let injection = Injection { fault: *fault, place };
                if sweeper.is_new(&course, injection) {
                    sweeper.run(&[injection], Records::Nothing).await;
                }
            }
        }
        sweeper.finish()
    })
}

/// Kills the first worker at every request, and the second, which runs after the first one's claims have lapsed,
/// at every request of its recovery.
pub fn sweep_second_deaths<S: Scenario>(scenario: &S) -> Tally {
    on_one_thread(async {
        let mut sweeper = Sweeper::new(scenario).await;
        let course = sweeper.run(&[], Records::Worlds).await;
        for first in course.deaths(0) {
            if sweeper.is_new(&course, first) {
                let recovery = sweeper.run(&[first], Records::Worlds).await;
                for second in recovery.deaths(1) {
                    if sweeper.is_new(&recovery, second) {
                        sweeper.run(&[first, second], Records::Nothing).await;
                    }
                }
            }
        }
        sweeper.finish()
    })
}

/// Whether the worlds between the requests of a run are needed for further runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Records {
    Worlds,
    Nothing,
}

struct Sweeper<'a, S> {
    scenario: &'a S,
    http: reqwest::Client,
    prepared: Prepared,
    invariants: Vec<Box<dyn Invariant>>,
    tally: Tally,
    /// How many places each kind of fault has had.
    places: BTreeMap<String, usize>,
    /// Every world that a death has left, with the dead worker.
    left: HashSet<(usize, Option<u64>)>,
    /// The effects of the run without a fault.
    usual: Option<Effects>,
    /// How many runs left an effect in doubt.
    in_doubt: usize,
}

impl<'a, S: Scenario> Sweeper<'a, S> {
    async fn new(scenario: &'a S) -> Self {
        let http = shared::providers::client::client().unwrap();
        let prepared = Prepared::of(scenario, &http, 0).await;
        let (invariants, tally) = (scenario.invariants(), Tally::new(scenario.name()));
        let (places, left) = (BTreeMap::new(), HashSet::new());
        Self { scenario, http, prepared, invariants, tally, places, left, usual: None, in_doubt: 0 }
    }

    /// Counts a fault of a known course; a death is not new if another one has left the same world.
    fn is_new(&mut self, course: &Course, injection: Injection) -> bool {
        let Injection { fault, place } = injection;
        *self.places.entry(format!("{fault:?}")).or_default() += 1;
        !fault.is_death() || self.left.insert((place.worker, course.world_before(place)))
    }

    async fn run(&mut self, injections: &[Injection], records: Records) -> Course {
        let mut scheduler = Scheduler::set(self.scenario, &self.prepared, &self.http, 0).await;
        let (mut course, mut injector) = (Course::default(), Injector::of(injections));
        while let Some(choice) = injector.choose(&scheduler, &course) {
            if let Some(ticket) = choice.ticket() {
                let world = if records == Records::Worlds { scheduler.print_of_world() } else { 0 };
                course.add(ticket.worker, scheduler.offered()[&ticket].clone(), world);
            }
            self.play(&mut scheduler, choice, injections).await;
            if matches!(choice, Move::Death(_)) && !scheduler.alive().is_empty() {
                // The next worker begins after the claims of the dead one have lapsed.
                self.play(&mut scheduler, Move::Jump(self.scenario.clock_jumps()[0]), injections).await;
            }
        }
        let context = self.context(&scheduler, injections);
        assert!(injector.is_done(), "{context}\nthe fault did not occur");
        (self.tally.runs, self.tally.ends) = (self.tally.runs + 1, self.tally.ends + 1);
        let world = scheduler.clear().await;
        rest(self.scenario, &self.invariants, &world, &context).await;
        self.check_effects(&Rows::read(&world.service.dynamo), injections, &context);
        course
    }

    async fn play(&mut self, scheduler: &mut Scheduler, choice: Move, injections: &[Injection]) {
        scheduler.play(choice).await;
        match choice {
            Move::Go(_, order) => {
                self.tally.calls += 1;
                self.tally.faults += usize::from(order != Order::Go);
            }
            Move::Death(_) => self.tally.deaths += 1,
            Move::Jump(_) => self.tally.jumps += 1,
        }
        if let Err(problem) = scheduler.check(&self.invariants, choice.actor()) {
            panic!("{}\n{problem}", self.context(scheduler, injections));
        }
    }

    /// The faults and every call so far, to understand a failure.
    fn context(&self, scheduler: &Scheduler, injections: &[Injection]) -> String {
        format!("{}, {injections:?}:\n{}", self.scenario.name(), scheduler.story())
    }

    /// Faults leave no more effects in doubt than they may, and none refused unless a provider refuses.
    fn check_effects(&mut self, rows: &Rows, injections: &[Injection], context: &str) {
        let found = Effects::of(rows);
        let usual = *self.usual.get_or_insert(found);
        self.in_doubt += usize::from(found.in_doubt > 0);
        let faults = || injections.iter().map(|injection| injection.fault);
        let doubts: usize = faults().map(Fault::most_doubts).sum();
        if !faults().any(Fault::is_refusal) {
            assert!(found.in_doubt <= doubts, "{context}\n{found:?}, at most {doubts} in doubt");
        }
        if !faults().any(Fault::may_refuse) {
            assert!(found.refused <= usual.refused, "{context}\n{found:?}, usually {usual:?}");
        }
    }

    fn finish(self) -> Tally {
        self.tally.print();
        eprintln!("  {:?}, {} runs left an effect in doubt", self.places, self.in_doubt);
        self.tally
    }
}

/// How many effects ended in doubt, and how many were refused.
#[derive(Debug, Clone, Copy)]
struct Effects {
    in_doubt: usize,
    refused: usize,
}

impl Effects {
    fn of(rows: &Rows) -> Self {
        let effects = || rows.0.values().filter(|row| row.text("sk").starts_with("ACTION#"));
        let count = |status| effects().filter(|row| row.text("status") == status).count();
        Self { in_doubt: count("unknown"), refused: count("rejected") }
    }
}
