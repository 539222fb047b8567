//! Invariants: conditions after every call, and conditions at rest.

use super::rows::{Row, Rows};
use support::world::World;

pub trait Invariant {
    /// Checked after every call, so it must be cheap.
    fn after_call(&self, _moment: &Moment<'_>) -> Result<(), String> {
        Ok(())
    }

    /// Checked at the end, when all work is finished.
    fn at_rest(&self, _moment: &Moment<'_>) -> Result<(), String> {
        Ok(())
    }
}

/// The world before and after one call.
pub struct Moment<'a> {
    pub after: &'a Rows,
    /// The worker of the call; `None` for a clock jump or a death.
    pub actor: Option<usize>,
    pub world: &'a World,
    changes: Vec<(Option<&'a Row>, Option<&'a Row>)>,
}

impl<'a> Moment<'a> {
    pub fn after_call(before: &'a Rows, after: &'a Rows, actor: Option<usize>, world: &'a World) -> Self {
        Self { after, actor, world, changes: before.changes(after).collect() }
    }

    pub fn at_rest(rows: &'a Rows, world: &'a World) -> Self {
        Self { after: rows, actor: None, world, changes: Vec::new() }
    }

    /// Every changed row before and after the call. All invariants need them, so they are compared once.
    pub fn changes(&self) -> impl Iterator<Item = (Option<&'a Row>, Option<&'a Row>)> {
        self.changes.iter().copied()
    }
}

/// Returns the problem unless the condition holds.
pub fn must(holds: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem()) }
}
