//! Invariants: conditions after every call, and conditions at rest.

use super::rows::Rows;
use support::world::World;

pub trait Invariant {
    /// Checked after every call, so it must be cheap.
    fn after_call(&self, _moment: &Moment<'_>) -> Result<(), String> {
        Ok(())
    }

    /// Checked at the end, when all work is finished; before and after are the same.
    fn at_rest(&self, _moment: &Moment<'_>) -> Result<(), String> {
        Ok(())
    }
}

/// The world before and after one call.
pub struct Moment<'a> {
    pub before: &'a Rows,
    pub after: &'a Rows,
    /// The worker of the call; `None` for a clock jump or a death.
    pub actor: Option<usize>,
    pub world: &'a World,
}

/// Returns the problem unless the condition holds.
pub fn must(holds: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem()) }
}
