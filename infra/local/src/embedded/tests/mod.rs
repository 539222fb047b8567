//! What the real SDK sees of the embedded database.

mod database;
mod database_faults;
