//! What only processes of their own can show: the real server on its socket, the real functions under
//! Lambda's runtime protocol, and what a kill leaves behind.
#![allow(clippy::unwrap_used, reason = "a test that meets nothing where something must be has failed")]

mod cloud;
mod function;
mod request;
mod server;
mod tally;

mod doors_on_lambda;
mod doors_on_socket;
mod killed;
mod left_running;
mod two_at_once;
mod watched;
