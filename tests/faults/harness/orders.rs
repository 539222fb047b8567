//! Counts the orders that an exploration covers: the paths through its states.

use std::collections::HashMap;

use super::gate::Ticket;
use super::scheduler::ClockJump;

/// A transition between two states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Label {
    Go(Ticket),
    Jump(ClockJump),
}

/// The graph of states. Every move makes progress, so there are no cycles.
#[derive(Default)]
pub struct Orders {
    offered: HashMap<u64, Vec<Label>>,
    next: HashMap<(u64, Label), u64>,
    squares: HashMap<(u64, Label), (u64, Label)>,
}

impl Orders {
    /// Records the possible transitions of a state.
    pub fn add_offered(&mut self, status: u64, labels: Vec<Label>) {
        self.offered.insert(status, labels);
    }

    /// Records an executed transition.
    pub fn add_transition(&mut self, from: u64, label: Label, to: u64) {
        self.next.insert((from, label), to);
    }

    /// Records that a move was omitted at `to`, because it commutes with the one that led there from `from`.
    pub fn add_commuting(&mut self, to: u64, left_out: Label, from: u64, made: Label) {
        self.squares.entry((to, left_out)).or_insert((from, made));
    }

    /// The number of paths from a state to any final one.
    ///
    /// # Panics
    /// If an offered move was never executed: then the exploration is incomplete.
    pub fn paths(&mut self, first: u64) -> f64 {
        self.count(first, &mut HashMap::new())
    }

    fn count(&mut self, from: u64, known: &mut HashMap<u64, f64>) -> f64 {
        if let Some(paths) = known.get(&from) {
            return *paths;
        }
        let labels = self.offered.get(&from).cloned().expect("every state that was found was explored");
        let mut paths = if labels.is_empty() { 1.0 } else { 0.0 };
        for label in labels {
            let to = self.follow(from, label);
            paths += self.count(to, known);
        }
        known.insert(from, paths);
        paths
    }

    fn follow(&mut self, from: u64, label: Label) -> u64 {
        if let Some(to) = self.next.get(&(from, label)) {
            return *to;
        }
        let (before, made) = *self.squares.get(&(from, label)).expect("an omitted move was made before");
        let across = self.follow(before, label);
        let to = self.follow(across, made);
        self.next.insert((from, label), to);
        to
    }
}
