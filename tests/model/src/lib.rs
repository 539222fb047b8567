//! The payout protocol as a model, for a checker that visits every state it can get into.
//!
//! A booking must have one transfer for ever, although workers die and sleep, answers are lost, calls
//! arrive after their caller has gone, and Stripe forgets a key after a day. This model has the rows,
//! the workers, the network and Stripe's keys; between any two steps any time may pass and anybody
//! else may take steps.
//!
//! # What it sees that the fault harness cannot
//! The harness of `tests/faults` runs the real code and makes call *n* fail; it tries the schedules
//! it is told to. Here no schedule is chosen: a worker may hang for two days holding a claim and go on
//! as if nothing were, three workers may overtake each other in any order, any number of claims,
//! deaths and ticks may come. Ages stop growing at the longest span that matters and a fence is
//! "the newest or not", so without any bound on them the states are finite and all of them are visited.
//! It says nothing of the code: that the code takes these steps is what the harness shows.
//!
//! # Which step is where
//! | here | in the product |
//! | --- | --- |
//! | `plan`, `look_before_preparing`, `prepare` | the payouts job: the booking's row and `payout:<booking>:v<N>` (`shared/domain/src/marketplace/payout/transfer.rs`) in one transaction |
//! | `read`, `claim`, `settle` | `shared/src/effects.rs` |
//! | `call`, `answer`, `time_out`, `look_up`, `abandon` | `shared/src/effects/attempt.rs`, `shared/src/providers/stripe/client.rs` |
//! | [`Answer`] | `shared/src/providers/call.rs`, told apart in `shared/src/providers/stripe/error.rs` |
//! | `look_by_hand`, `resolve` | the route by which a person resolves what is in doubt |
//! | [`Clock`] | 10 s of a call (`providers/client.rs`), 120 s of a lease, 23 h and 24 h |
//!
//! # What it leaves out
//! Amounts and batches (one booking is enough, bookings share no row that decides); more than
//! [`MAX_VERSIONS`] versions; clocks that differ between machines, which a lease must leave room for;
//! a look-up that misses a transfer that was made; a table that breaks a condition. A lost answer of
//! the table is a death after the write. A stale read is a read followed by a long sleep.
//!
//! # What it found
//! There are two lines of defence, each enough by itself ([`Rules::LEASE_LINE`], [`Rules::DAY_LINE`]):
//! - **The lease.** Right before the call a *fresh* look at the clock must leave the call time to end
//!   within the caller's own lease, nothing may shorten that lease once the call is out, and nobody
//!   takes over before it ends. Then no two calls of a booking are ever on their way together, and an
//!   empty look-up may be believed at once. It rests on calls being as short as they are taken for,
//!   after their caller has given up too.
//! - **The day.** Right before the call a fresh look at the clock must show less than 23 h since the
//!   first claim, and an empty look-up is believed only after 24 h. It rests on Stripe executing a call
//!   within the hour between.
//!
//! Without the fresh look (the clock as read at the claim) a worker that slept pays twice. No
//! protocol can catch a call that is executed more than an hour after the look: what bounds it is that
//! look and call are in one invocation, awaited and never left to a task in the background, the
//! client's time-out, and that Stripe does not execute what it received an hour ago.

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
