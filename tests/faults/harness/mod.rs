//! The fault harness: runs a job, stops every request of every worker at a gate, and releases the requests one at
//! a time.
//!
//! A job defines a [`scenario::Scenario`]: a prepared world, workers, and the invariants that must hold after
//! every call and at rest. Three engines run it:
//!
//! - [`explorer::explore`] executes the requests of two or three workers in *every* order, with up to a given
//!   number of deaths and clock jumps in between;
//! - [`random_run::random_run`] processes many items in one random order, with errors, lost answers, throttles,
//!   deaths and jumps. The seed decides everything; a failing run prints it;
//! - [`fault_sweep::sweep`] runs the workers one after the other, once for each kind of fault ([`fault::Fault`]) and
//!   each request at which it can occur: deaths, errors, lost answers, refusals, and a worker that is held up while
//!   the others run.
//!
//! Every worker is its own process ([`process`]) with the real routers, the real SDK, and the providers over real
//! HTTP. The gate is outside of the worker's code. Runs are repeatable, because one request runs at a time on one
//! thread, ids are counted, and time moves only on request.
//!
//! The tests of the sweeps are in [`fault_sweeps`] and [`refusals`]. [`restores`] restores an older copy of the table.
//!
//! Not explored: rate limit rows bypass the gate, because they have their own proofs and decide nothing here; of
//! the ranges that one worker reads concurrently the first is read first; and a sleeping worker wakes when no
//! other worker of its process can move, or at once after a fault. Three workers of a long job are explored with a limit
//! on interruptions; two without one.
//!
//! `JUSTONCE_HARNESS_TIMES=100 cargo test -p tests --test faults harness` runs a hundred times as many
//! seeds, and with `-- --ignored` the explorations that take minutes or hours;
//! `JUSTONCE_HARNESS_SEED=17` runs that one seed alone. `-- --nocapture` shows the figures, a line for
//! each scenario, which adds up with
//! `awk '/^harness /{for(i=2;i<11;i++){split($i,f,"=");s[f[1]]+=f[2]}}END{for(n in s)print n,s[n]}'`.
//!
//! A failure prints the scenario, the seed or the order, the number of the call, and every call before it.

mod booked;
mod booking_requests;
mod callers;
mod campaign;
mod course;
mod defect;
mod defective;
mod explorer;
mod fault;
mod fault_sweep;
mod gate;
mod invariant;
mod invariants;
mod orders;
mod outside;
mod payout_end;
mod payout_scenario;
mod print;
mod process;
mod random_run;
mod reminder_end;
mod reminder_scenario;
mod rows;
mod scenario;
mod scheduler;
mod seeded_random;
mod switch_scenario;
mod tally;
mod touch;
mod waiting_defects;
mod ways;
mod wire;

mod declines;
mod defects;
mod fault_sweeps;
mod payouts;
mod reconciliation;
mod refusal_defects;
mod refusals;
mod reminders;
mod restores;
mod stripe_events;
mod sweep_defects;
mod switches;
mod webhooks;
