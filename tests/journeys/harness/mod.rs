//! The fault harness: a job at work, every request of every worker stopped at a gate, and a hand that
//! lets them go one at a time.
//!
//! A job brings a [`scene::Scene`]: a prepared world, workers with their deeds, and the laws that must
//! hold after every call and at rest. Two engines put it to the test:
//!
//! - [`explorer::explore`] takes two or three workers through *every* order of their requests, with as
//!   many deaths and jumps of the clock in between as it is told;
//! - [`storm::storm`] takes many items through one order that chance chose, with errors, lost answers,
//!   throttles, deaths and jumps. A seed says what chance does; a failing run prints it.
//!
//! Every worker is a process of its own ([`process`]): the real routers, the real SDK, the providers
//! over real HTTP. Nothing in it knows of the gate, which stands where the outside begins. Runs are
//! repeatable, because one request is under way at a time on one thread, ids are counted, and time
//! stands still unless it is moved.
//!
//! `JUSTONCE_HARNESS_TIMES=100 cargo test -p tests --test journeys harness` runs a hundred times as many
//! seeds; `JUSTONCE_HARNESS_SEED=17` runs that one seed alone. `-- --nocapture` shows the figures.

mod dice;
mod explorer;
mod gate;
mod law;
mod laws;
mod orders;
mod print;
mod process;
mod rows;
mod scene;
mod season;
mod stage;
mod storm;
mod tally;
mod touch;
mod ways;

mod reminders;
mod webhooks;
