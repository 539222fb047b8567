//! The repository as a tree of texts: house rules, templates, policies.
#![expect(clippy::unwrap_used, reason = "a test that meets nothing where something must be has failed")]

mod alarms;
mod conditions;
mod deployment;
mod house_rules;
mod policies;
mod rights;
mod safeguards;
mod stacks;
