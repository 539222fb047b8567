//! How many orders an exploration stands for: the ways through the states it found.

use std::collections::HashMap;

/// Which states lead to which. Every call moves on, so there are no circles.
#[derive(Default)]
pub struct Orders {
    first: Option<u64>,
    next: HashMap<u64, Vec<u64>>,
}

impl Orders {
    /// One state leads to another.
    pub fn leads(&mut self, from: u64, to: u64) {
        self.first.get_or_insert(from);
        self.next.entry(from).or_default().push(to);
    }

    /// The ways from the first state to any last one.
    pub fn count(&self) -> f64 {
        let mut known = HashMap::new();
        self.first.map_or(0.0, |first| self.ways(first, &mut known))
    }

    fn ways(&self, from: u64, known: &mut HashMap<u64, f64>) -> f64 {
        if let Some(ways) = known.get(&from) {
            return *ways;
        }
        let next = self.next.get(&from);
        let ways = next.map_or(1.0, |next| next.iter().map(|to| self.ways(*to, known)).sum());
        known.insert(from, ways);
        ways
    }
}
