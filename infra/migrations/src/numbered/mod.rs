//! The migrations in the order of their numbers.
//!
//! A migration is a pure decision about one row, without requests, clock or state. So it is idempotent and can be
//! resumed without any code for that; docs/migrations.md explains how to write one.

mod events_occurred_at;

use aws_sdk_dynamodb::types::AttributeValue;
use shared::store::Item;

#[derive(Debug)]
pub struct Migration {
    /// The version of the data after it.
    pub number: u32,
    pub name: &'static str,
    /// The condition that every row fulfils after the migration.
    pub statement: &'static str,
    /// The prefix of its rows' partition keys.
    pub rows: &'static str,
    /// Every attribute that it reads or writes. A row is changed only if all of them are as they were read.
    pub attributes: &'static [&'static str],
    pub decide: fn(&Item) -> Decision,
    pub undo: Undo,
    /// The oldest code that works with rows of this form, by the data version that it expects. Going back to older
    /// code needs the undo first.
    pub oldest_reader: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// The row fulfils the statement.
    AlreadyTrue,
    /// This change makes the row fulfil the statement.
    Change(Change),
    /// No rule applies; the reason for a person.
    NeedsPerson(&'static str),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The source of the new values; changes are counted by it.
    pub from: &'static str,
    pub set: Vec<(&'static str, AttributeValue)>,
    pub remove: Vec<&'static str>,
}

#[derive(Debug)]
pub enum Undo {
    /// Restores the previous values of the migration's own writes.
    Restore,
    /// Nothing needs to be undone, with the reason.
    Nothing(&'static str),
}

pub static MIGRATIONS: [Migration; 1] = [events_occurred_at::MIGRATION];

/// The oldest code that works with data of a version, or with data on its way to it.
pub(crate) fn oldest_reader(data_version: u32) -> u32 {
    let done = MIGRATIONS.iter().filter(|migration| migration.number <= data_version);
    done.map(|migration| migration.oldest_reader).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::store::version::DATA_VERSION;

    #[test]
    fn they_are_numbered_without_a_gap_up_to_what_the_code_expects() {
        let numbers: Vec<u32> = MIGRATIONS.iter().map(|migration| migration.number).collect();
        assert_eq!(numbers, (1..=DATA_VERSION).collect::<Vec<_>>());
    }

    #[test]
    fn the_code_of_the_version_before_works_with_each() {
        for migration in &MIGRATIONS {
            assert!(migration.oldest_reader < migration.number, "{}: no release can go back", migration.name);
        }
    }
}
