//! The repository as files: its rules, and the deployment compared with the code.

mod alarms;
mod documents;
mod filter_pattern;
mod house_rules;
mod language;
mod rights;
mod scripts;
mod stand_ins;
