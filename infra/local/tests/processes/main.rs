//! Tests that need processes: the real server on its socket, the real functions under Lambda's runtime
//! protocol, and the state after a kill.
#![expect(clippy::unwrap_used, reason = "a test that meets nothing where something must be has failed")]

mod cloud;
mod function;
mod request;
mod server;
mod tally;

mod killed;
mod lambda_protocol;
mod left_running;
mod socket;
mod two_at_once;
mod watched;
