//! How many orders an exploration stands for: the ways through the states it found.

use std::collections::HashMap;

use super::gate::Ticket;
use super::scheduler::ClockJump;

/// What leads from one state to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Label {
    Go(Ticket),
    /// A jump of the clock.
    Jump(ClockJump),
}

/// Which states lead to which. Every move goes on, so there are no circles.
#[derive(Default)]
pub struct Orders {
    offered: HashMap<u64, Vec<Label>>,
    next: HashMap<(u64, Label), u64>,
    squares: HashMap<(u64, Label), (u64, Label)>,
}

impl Orders {
    /// What can follow upon a state.
    pub fn offers(&mut self, status: u64, labels: Vec<Label>) {
        self.offered.insert(status, labels);
    }

    /// A move was made.
    pub fn leads(&mut self, from: u64, label: Label, to: u64) {
        self.next.insert((from, label), to);
    }

    /// At `to` a move was left out that commutes with the one that led there: it was made at `from`.
    pub fn commutes(&mut self, to: u64, left_out: Label, from: u64, made: Label) {
        self.squares.entry((to, left_out)).or_insert((from, made));
    }

    /// The ways from a state to any last one.
    ///
    /// # Panics
    /// When a move that was offered somewhere was made nowhere: then the exploration has a hole.
    pub fn ways(&mut self, first: u64) -> f64 {
        self.count(first, &mut HashMap::new())
    }

    fn count(&mut self, from: u64, known: &mut HashMap<u64, f64>) -> f64 {
        if let Some(ways) = known.get(&from) {
            return *ways;
        }
        let labels = self.offered.get(&from).cloned().expect("every status that was found was looked at");
        let mut ways = if labels.is_empty() { 1.0 } else { 0.0 };
        for label in labels {
            let to = self.follow(from, label);
            ways += self.count(to, known);
        }
        known.insert(from, ways);
        ways
    }

    fn follow(&mut self, from: u64, label: Label) -> u64 {
        if let Some(to) = self.next.get(&(from, label)) {
            return *to;
        }
        let (before, made) = *self.squares.get(&(from, label)).expect("what was left out was made before");
        let across = self.follow(before, label);
        let to = self.follow(across, made);
        self.next.insert((from, label), to);
        to
    }
}
