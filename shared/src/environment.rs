//! The environment of the process.

/// A variable, where it is set and is Unicode. Read at the entry points only; everything else is handed values.
#[expect(clippy::disallowed_methods, reason = "the one place that reads it")]
pub fn read_variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
