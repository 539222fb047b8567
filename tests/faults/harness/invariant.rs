//! What must hold at every moment, and what must hold at rest.

use super::rows::Rows;
use support::world::World;

pub trait Invariant {
    /// Held after every call, so it must be cheap.
    fn after_call(&self, _moment: &Moment<'_>) -> Result<(), String> {
        Ok(())
    }

    /// Held once everybody has gone and what was left has been finished; before and after are one.
    fn at_rest(&self, _moment: &Moment<'_>) -> Result<(), String> {
        Ok(())
    }
}

/// The world before and after one call.
pub struct Moment<'a> {
    pub before: &'a Rows,
    pub after: &'a Rows,
    /// The worker whose call it was; nobody's where time passed or somebody died.
    pub actor: Option<usize>,
    pub world: &'a World,
}

/// Says what is wrong where something is.
pub fn must(holds: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem()) }
}
