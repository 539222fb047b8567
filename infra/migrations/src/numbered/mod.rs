//! The migrations, in the order of their numbers.
//!
//! A migration is a decision about one row, and nothing else: no request, no clock, no memory of other rows. That
//! makes it idempotent and resumable without a line of its own; docs/migrations.md says how to write one.

mod events_occurred_at;

use aws_sdk_dynamodb::types::AttributeValue;
use shared::store::Item;

#[derive(Debug)]
pub struct Migration {
    /// Its place; the version of the data once it is done.
    pub number: u32,
    /// Its name, for people.
    pub name: &'static str,
    /// What is true of every row once it is done.
    pub statement: &'static str,
    /// What the hash keys of its rows begin with.
    pub rows: &'static str,
    /// Every attribute that it reads or writes. A row is changed only if all of them are as they were read.
    pub attributes: &'static [&'static str],
    /// What is to be done with a row.
    pub decide: fn(&Item) -> Decision,
    /// What going back does.
    pub undo: Undo,
}

/// What is to be done with a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// The statement is true of it.
    Holds,
    /// It becomes true by this change.
    Change(Change),
    /// No rule helps; the reason, for a person.
    NeedsPerson(&'static str),
}

/// A change of one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// From what it was made, in a word; changes are counted by it.
    pub from: &'static str,
    /// Attributes and their new values.
    pub set: Vec<(&'static str, AttributeValue)>,
    pub remove: Vec<&'static str>,
}

/// What going back does.
#[derive(Debug)]
pub enum Undo {
    /// Puts back what stood there before, of what the migration itself wrote.
    Restore,
    /// Nothing needs to be undone, because of this.
    Nothing(&'static str),
}

pub static MIGRATIONS: [Migration; 1] = [events_occurred_at::MIGRATION];

#[cfg(test)]
mod tests {
    use super::*;
    use shared::store::version::DATA_VERSION;

    #[test]
    fn they_are_numbered_without_a_gap_up_to_what_the_code_expects() {
        let numbers: Vec<u32> = MIGRATIONS.iter().map(|migration| migration.number).collect();
        assert_eq!(numbers, (1..=DATA_VERSION).collect::<Vec<_>>());
    }
}
