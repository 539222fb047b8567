//! The repository as a tree of texts: its rules, and what is deployed against what runs.

mod alarms;
mod house_rules;
mod language;
mod rights;
mod stand_ins;
