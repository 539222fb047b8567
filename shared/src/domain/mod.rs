//! Pure nouns and rules: no I/O, no async, no clock. Time comes in as an argument.

pub mod event;
pub mod id;
pub mod money;
