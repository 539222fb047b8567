//! What a walk through the table came to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How many keys are named as examples.
const MAX_EXAMPLES: usize = 5;

/// Rows, by what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Rows of the migration's kind.
    pub looked_at: u64,
    /// Rows that were changed, or would be, by what from.
    pub changed: BTreeMap<String, u64>,
    /// Rows that somebody else kept changing; they are looked at again in the next walk.
    pub contended: u64,
    /// Rows that no rule helps.
    pub need_person: u64,
    /// Keys of some rows that were changed, or would be.
    pub examples: Vec<String>,
    /// Keys of some rows that need a person, with the reason.
    pub person_examples: Vec<String>,
}

impl Tally {
    /// Rows that were changed, or would be.
    pub fn changes(&self) -> u64 {
        self.changed.values().sum()
    }

    /// Whether the walk found nothing left to change.
    pub fn is_settled(&self) -> bool {
        self.changes() == 0 && self.contended == 0
    }

    pub(crate) fn count_change(&mut self, from: &str, key: &str) {
        *self.changed.entry(from.to_owned()).or_default() += 1;
        add_example(&mut self.examples, key.to_owned());
    }

    pub(crate) fn count_need(&mut self, reason: &str, key: &str) {
        self.need_person += 1;
        add_example(&mut self.person_examples, format!("{key} ({reason})"));
    }

    /// This walk and the one before it: changes add up, and what is left is what this one left.
    pub(crate) fn after(self, before: Self) -> Self {
        let (mut changed, mut examples) = (before.changed, before.examples);
        for (from, count) in self.changed {
            *changed.entry(from).or_default() += count;
        }
        self.examples.into_iter().for_each(|key| add_example(&mut examples, key));
        Self { changed, examples, ..self }
    }
}

fn add_example(examples: &mut Vec<String>, example: String) {
    if examples.len() < MAX_EXAMPLES {
        examples.push(example);
    }
}
