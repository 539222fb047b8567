//! The fault harness: a job at work, every request of every worker stopped at a gate, and a hand that
//! lets them go one at a time.
//!
//! A job brings a [`scenario::Scenario`]: a prepared world, workers with their work, and the invariants that must
//! hold after every call and at rest. Two engines put it to the test:
//!
//! - [`explorer::explore`] takes two or three workers through *every* order of their requests, with as
//!   many deaths and jumps of the clock in between as it is told;
//! - [`random_run::random_run`] takes many items through one order that chance chose, with errors, lost answers,
//!   throttles, deaths and jumps. A seed says what chance does; a failing run prints it.
//!
//! Every worker is a process of its own ([`process`]): the real routers, the real SDK, the providers
//! over real HTTP. Nothing in it knows of the gate, which stands where the outside begins. Runs are
//! repeatable, because one request is under way at a time on one thread, ids are counted, and time
//! stands still unless it is moved.
//!
//! Beside them [`refusals`] lets every provider refuse every call of a job for good, one call at a time, and
//! [`restores`] gives back an older copy of the table.
//!
//! What is not a choice: how often somebody asks is counted past the gate (those rows have proofs of
//! their own, and decide nothing here); of the ranges that one worker reads at once the first is read
//! first; and who sleeps wakes when nobody else of its process can move, or after trouble at once. Three
//! workers are explored with a bound on interruptions where a job is long; two without one.
//!
//! `JUSTONCE_HARNESS_TIMES=100 cargo test -p tests --test faults harness` runs a hundred times as many
//! seeds, and with `-- --ignored` the explorations that take minutes or hours;
//! `JUSTONCE_HARNESS_SEED=17` runs that one seed alone. `-- --nocapture` shows the figures, a line for
//! each scenario, which adds up with
//! `awk '/^harness /{for(i=2;i<11;i++){split($i,f,"=");s[f[1]]+=f[2]}}END{for(n in s)print n,s[n]}'`.
//!
//! A failure tells the scenario, the seed or the order, the number of the call, and every call before it.

mod booked;
mod campaign;
mod defect;
mod explorer;
mod gate;
mod invariant;
mod invariants;
mod orders;
mod outside;
mod payout_scenario;
mod print;
mod process;
mod random_run;
mod rows;
mod scenario;
mod scheduler;
mod seeded_random;
mod tally;
mod touch;
mod ways;
mod wire;

mod declines;
mod defects;
mod payouts;
mod reconciliation;
mod refusal_defects;
mod refusals;
mod reminders;
mod restores;
mod stripe_events;
mod webhooks;
