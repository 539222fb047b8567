//! A job during which a person on call turns its switch off: what has not begun by then does not leave, and everything
//! leaves once after the switch is on again.

use std::sync::OnceLock;

use chrono::{DateTime, Duration, Utc};
use http::Method;
use serde_json::{Value, json};
use shared::domain::kernel::time;
use shared::domain::platform::effect::Effect;
use shared::domain::platform::switch::{SwitchName, governing_switch};
use stand_ins::outbox::Kind;

use super::defect::Defect;
use super::invariant::{Invariant, Moment, must};
use super::rows::{Row, Rows};
use super::scenario::{Scenario, WorkerFuture};
use super::scheduler::ClockJump;
use support::askers::ON_CALL_KEY;
use support::switches::SWITCHES;
use support::world::{World, secret_request};

/// When the switch is turned, compared with the job's workers, who follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SwitchTime {
    /// Before the job begins.
    Before,
    /// While the job's first worker is held up.
    Meanwhile,
    /// At any time: the workers do not follow each other, and only the end is known.
    Anytime,
}

pub(super) struct SwitchedJob<S> {
    pub(super) job: S,
    pub(super) switch: SwitchName,
    pub(super) turn: SwitchTime,
    pub(super) defects: &'static [Defect],
    /// When the workers begin.
    pub(super) begins_at: OnceLock<DateTime<Utc>>,
}

impl<S: Scenario> SwitchedJob<S> {
    pub(super) fn of(switch: SwitchName, turn: SwitchTime, job: S) -> Self {
        Self { job, switch, turn, defects: &[], begins_at: OnceLock::new() }
    }

    /// The worker who turns the switch.
    fn person(&self) -> usize {
        if self.turn == SwitchTime::Meanwhile { self.job.workers() } else { 0 }
    }

    /// How much has left of what the switch governs.
    fn left(&self, world: &World) -> usize {
        match self.switch {
            SwitchName::Payouts => world.transfers().len(),
            _ => [Kind::Push, Kind::Dm, Kind::Mail].map(|kind| world.sent(kind)).iter().sum(),
        }
    }

    async fn turn(switch: SwitchName, is_on: bool, world: &World) -> String {
        let path = format!("{SWITCHES}/{}", switch.as_str());
        let mut request = secret_request(Method::PUT, &path, ON_CALL_KEY);
        request.headers_mut().insert("content-type", "application/json".parse().unwrap());
        *request.body_mut() = json!({"is_on": is_on, "note": "Something is wrong."}).to_string().into();
        world.ask(request).await.status.to_string()
    }
}

impl<S: Scenario> Scenario for SwitchedJob<S> {
    fn name(&self) -> String {
        let defects = if self.defects.is_empty() { String::new() } else { format!("{:?} in ", self.defects) };
        format!("{defects}{} turned off ({:?}) in {}", self.switch.as_str(), self.turn, self.job.name())
    }

    fn workers(&self) -> usize {
        self.job.workers() + 1
    }

    async fn prepare(&self, world: &World) {
        self.job.prepare(world).await;
        // What left before has an earlier time than the switch.
        world.advance(Duration::seconds(1));
        self.begins_at.get_or_init(|| world.now());
    }

    fn run_worker(&self, worker: usize, process: World) -> WorkerFuture {
        let (person, switch) = (self.person(), self.switch);
        if worker == person {
            return Box::pin(async move { Self::turn(switch, false, &process).await });
        }
        self.job.run_worker(worker - usize::from(person == 0), process)
    }

    fn clock_jumps(&self) -> &'static [ClockJump] {
        self.job.clock_jumps()
    }

    fn pause(&self) -> ClockJump {
        self.job.pause()
    }

    fn invariants(&self) -> Vec<Box<dyn Invariant>> {
        let mut invariants = self.job.invariants();
        let (switch, begins_at) = (self.switch, self.begins_at.get().copied());
        let law = match self.turn {
            SwitchTime::Before => Some(NothingLeavesSwitchedOff { switch, before: None, under_way: 0 }),
            // One effect may be between the look at the switch and its claim when its worker is held up.
            SwitchTime::Meanwhile => {
                Some(NothingLeavesSwitchedOff { switch, before: begins_at, under_way: 1 })
            }
            SwitchTime::Anytime => None,
        };
        invariants.extend(law.map(|law| Box::new(law) as Box<dyn Invariant>));
        invariants
    }

    /// The jobs run while the switch is off, before it is turned on again.
    async fn again(&self, world: &World) {
        if turned_off_at(&Rows::read(&world.service.dynamo), self.switch).is_some() {
            // Past the claims of workers that have died, and past what a run remembers of the switches.
            world.advance(self.job.pause());
            let before = self.left(world);
            world.tick().await;
            world.pay_day().await;
            assert_eq!(self.left(world), before, "{}: left while it is switched off", self.name());
        }
        assert_eq!(Self::turn(self.switch, true, world).await, "200 OK");
        self.job.again(world).await;
    }

    async fn tick(&self, world: &World) -> u64 {
        self.job.tick(world).await
    }

    fn defects(&self) -> &'static [Defect] {
        self.defects
    }

    fn unseen_ranges(&self) -> &'static [&'static str] {
        if self.switch == SwitchName::Payouts { &[] } else { &["payouts#"] }
    }

    async fn at_rest(&self, world: &World, context: &str) {
        self.job.at_rest(world, context).await;
    }
}

/// When the deployment's switch was turned off, if it is off.
fn turned_off_at(rows: &Rows, switch: SwitchName) -> Option<DateTime<Utc>> {
    let row = rows.0.get(&("SWITCHES#ALL".to_owned(), "DEPLOYMENT".to_owned()))?;
    let state: &Value = &row.0["switches"]["M"][switch.as_str()]["M"];
    let is_off = state["is_on"]["BOOL"] == false;
    is_off.then(|| time::parse(state["at"]["S"].as_str().unwrap_or_default())).flatten()
}

/// While a switch is off, no effect that it governs is sent for the first time, but for those that were under way.
struct NothingLeavesSwitchedOff {
    switch: SwitchName,
    /// A switch that was turned off by this time held up no run.
    before: Option<DateTime<Utc>>,
    under_way: usize,
}

impl Invariant for NothingLeavesSwitchedOff {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        let off_at = turned_off_at(moment.after, self.switch);
        let Some(off_at) = off_at.filter(|at| self.before.is_none_or(|before| *at > before)) else {
            return Ok(());
        };
        let is_effect =
            |row: &&Row| row.text("sk").starts_with("ACTION#") && !row.text("first_sent_at").is_empty();
        let began = moment.after.0.values().filter(is_effect).filter(|row| {
            let effect: Effect = row.read();
            let is_governed = governing_switch(&effect.request) == Some(self.switch);
            is_governed && effect.first_sent_at.is_some_and(|at| at >= off_at)
        });
        let began: Vec<String> = began.map(ToString::to_string).collect();
        must(began.len() <= self.under_way, || {
            format!("left while {} is off: {began:?}", self.switch.as_str())
        })
    }
}
