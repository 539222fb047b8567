//! The repository as a tree of texts: the house rules, and what is deployed against what runs.
#![expect(clippy::unwrap_used, reason = "a test that meets nothing where something must be has failed")]

mod alarms;
mod house_rules;
mod language;
mod rights;
mod stand_ins;
