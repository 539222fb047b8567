//! The payout protocol as a model, for a checker that visits every reachable state.
//!
//! A booking must have one transfer for ever, although workers die and sleep, answers are lost, calls
//! arrive after their caller has gone, and Stripe forgets a key after a day. This model has the rows,
//! the workers, the network and Stripe's keys; between any two steps any time may pass and any other
//! worker may take steps.
//!
//! # The difference to fault injection
//! `tests/faults` runs the real code and makes call *n* fail, in the schedules that a scenario defines.
//! Here every schedule is explored: a worker may hang for two days with a claim and continue, three
//! workers may overtake each other in any order, with any number of claims, deaths and ticks. Ages stop
//! growing at the longest relevant duration and a fencing token is "the newest or not", so the states
//! are finite without any bound and all of them are visited. The model does not verify the code: that
//! the code takes these steps is what fault injection tests.
//!
//! # The steps in the product
//! | here | in the product |
//! | --- | --- |
//! | `plan`, `look_before_preparing`, `prepare` | the payouts job: the booking's row and `payout:<booking>:v<N>` (`shared/domain/src/marketplace/payout/transfer.rs`) in one transaction |
//! | `read`, `claim`, `settle` | `shared/src/effects.rs` |
//! | `call`, `answer`, `time_out`, `look_up`, `abandon` | `shared/src/effects/attempt.rs`, `shared/src/providers/stripe/client.rs` |
//! | [`Answer`] | `shared/src/providers/call.rs`, classified in `shared/src/providers/stripe/error.rs` |
//! | `look_by_hand`, `resolve` | the route by which a person resolves an effect in doubt |
//! | [`Clock`] | 10 s of a call (`providers/client.rs`), 120 s of a lease, 23 h and 24 h |
//!
//! # Not modelled
//! Amounts and batches (one booking is enough, because bookings share no deciding row); more than
//! [`MAX_VERSIONS`] versions; clocks that differ between machines, for which a lease must have a margin;
//! a look-up that misses an existing transfer; a table that violates a condition. A lost answer of
//! the table is a death after the write. A stale read is a read followed by a long sleep.
//!
//! # Results
//! There are two lines of defence, each sufficient by itself ([`Rules::LEASE_LINE`], [`Rules::DAY_LINE`]):
//! - **The lease.** Right before the call, a *fresh* reading of the clock must leave the call time to end
//!   within the caller's own lease, nothing may shorten that lease once the call is sent, and no other
//!   worker takes over before it ends. Then no two calls of a booking are ever in flight together, and an
//!   empty look-up counts at once. It assumes that calls are as short as expected, also after their
//!   caller has timed out.
//! - **The day.** Right before the call, a fresh reading of the clock must be less than 23 h after the
//!   first claim, and an empty look-up counts only after 24 h. It assumes that Stripe executes a call
//!   within the hour between.
//!
//! Without the fresh reading (with the clock as read at the claim) a worker that slept pays twice. No
//! protocol can detect a call that is executed more than an hour after the reading: its limits are that
//! reading and call are in one invocation, awaited and never left to a background task, the
//! client's timeout, and that Stripe does not execute a request that it received an hour ago.

mod attempt;
mod batch;
mod booking;
mod clock;
pub mod properties;
mod protocol;
mod rest;
mod rules;
mod state;
mod stripe;
mod worker;

pub use booking::{Booking, Payout};
pub use clock::Clock;
pub use protocol::{Action, Protocol, World};
pub use rules::{Rule, Rules};
pub use state::State;
pub use stripe::{Answer, Call, End, MAX_ORPHANS, Stripe};
pub use worker::{CallResult, Worker};

/// The most workers a state has room for.
pub const MAX_WORKERS: usize = 3;

/// The most versions a state has room for.
pub const MAX_VERSIONS: usize = 3;
