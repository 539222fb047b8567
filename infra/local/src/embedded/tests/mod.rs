//! Tests of the embedded database through the real SDK.

mod database;
mod database_faults;
