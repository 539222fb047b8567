//! The repository as a tree of texts: the house rules, and what is deployed against what runs.

mod alarms;
mod house_rules;
mod language;
mod rights;
mod stand_ins;
