//! The figures of a run.

use std::ops::AddAssign;
use std::time::Instant;

/// The figures of one scenario or of many.
#[derive(Debug, Clone)]
pub struct Tally {
    name: String,
    since: Instant,
    pub runs: usize,
    /// Requests after which the invariants were checked.
    pub calls: usize,
    pub states: usize,
    /// Orders of requests that these states cover.
    pub interleavings: f64,
    /// Worlds that were finished and checked.
    pub ends: usize,
    pub deaths: usize,
    /// Requests with a fault.
    pub faults: usize,
    pub jumps: usize,
}

impl Tally {
    pub fn new(name: String) -> Self {
        let since = Instant::now();
        Self {
            name,
            since,
            runs: 0,
            calls: 0,
            states: 0,
            interleavings: 0.0,
            ends: 0,
            deaths: 0,
            faults: 0,
            jumps: 0,
        }
    }

    /// Prints the figures; `cargo test -- --nocapture` shows them.
    pub fn print(&self) {
        eprintln!("{self}");
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.runs += other.runs;
        self.calls += other.calls;
        self.states += other.states;
        self.interleavings += other.interleavings;
        self.ends += other.ends;
        self.deaths += other.deaths;
        self.faults += other.faults;
        self.jumps += other.jumps;
    }
}

/// One line of names and figures that tools can add up.
impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, runs, calls, states, interleavings, ends, deaths, faults, jumps, since } = self;
        let seconds = since.elapsed().as_secs_f64();
        write!(f, "harness runs={runs} calls={calls} ends={ends} deaths={deaths} faults={faults}")?;
        write!(f, " jumps={jumps} states={states} orders={interleavings:.0} seconds={seconds:.1} of {name}")
    }
}
