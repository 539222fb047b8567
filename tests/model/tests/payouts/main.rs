//! Every order of events of the payout protocol, over any time, and the purpose of each of its rules.

mod assumptions;
mod defects;
mod everything;

use std::time::Instant;

use model::Protocol;
use stateright::{Checker, HasDiscoveries, Model};

/// Visits every state: no property may fail, and every required state must be reachable.
fn holds(name: &str, protocol: Protocol) {
    let start = Instant::now();
    let checker = protocol.checker().spawn_bfs().join();
    let (states, steps) = (checker.unique_state_count(), checker.state_count());
    eprintln!("{name}: {states} states, {steps} steps, depth {}, {:?}", checker.max_depth(), start.elapsed());
    checker.assert_properties();
}

/// Demands a counterexample to one property, the shortest there is.
fn fails(name: &str, protocol: Protocol, property: &'static str) {
    let enough = HasDiscoveries::AnyOf([property].into());
    let checker = protocol.checker().finish_when(enough).spawn_bfs().join();
    let path = checker.assert_any_discovery(property);
    let actions = path.into_actions();
    eprintln!("{name}: not \"{property}\" after {} states, by {actions:?}", checker.unique_state_count());
}
