//! The counts of a pass over the table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The most keys listed as examples.
const MAX_EXAMPLES: usize = 5;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub rows_read: u64,
    /// Rows that were changed (in a dry run those to change), by the source of the new values.
    pub changed: BTreeMap<String, u64>,
    /// Rows that the service kept changing; the next pass tries again.
    pub contended: u64,
    /// Rows that a person must decide.
    pub need_person: u64,
    /// Some keys of changed rows.
    pub examples: Vec<String>,
    /// Some keys of rows that need a person, with the reason.
    pub person_examples: Vec<String>,
}

impl Tally {
    pub fn changes(&self) -> u64 {
        self.changed.values().sum()
    }

    /// Whether the pass found nothing left to change.
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

    /// Combines this pass with the previous one: changes add up, and the rest is that of this pass.
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
