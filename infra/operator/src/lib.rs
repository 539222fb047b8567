//! What `cargo history` does: reads the history of an object from the API, and prints it.

pub mod api;
pub mod options;
pub mod table;
