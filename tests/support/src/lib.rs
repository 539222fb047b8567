//! The support of the tests: a world with all functions behind their own routers, the embedded DynamoDB behind
//! the real SDK, the sandbox providers over real HTTP, and all kinds of callers.
#![expect(clippy::unwrap_used, reason = "a test that meets nothing where something must be has failed")]

pub mod analytics;
pub mod answer;
pub mod askers;
pub mod backstage;
pub mod booked;
pub mod browser;
pub mod crowd;
pub mod dialects;
pub mod document;
pub mod event_bus;
pub mod every_route;
pub mod exactly_once;
pub mod findings;
pub mod forgery;
pub mod hostile_bodies;
pub mod injected_fault;
pub mod jobs_done;
pub mod log;
pub mod mailer;
pub mod parties;
pub mod payees;
pub mod payout_books;
pub mod refusals;
pub mod repository;
pub mod returning;
pub mod senders;
pub mod signing;
pub mod staff;
pub mod switches;
pub mod table;
pub mod telemetry;
pub mod unanswered;
pub mod world;
