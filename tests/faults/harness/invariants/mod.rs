//! Invariants that hold for every job.

mod audit;
mod bookings;
mod books;
mod bystanders;
mod cases;
mod effects;
mod events;
mod finished;
mod mails;
mod once;
mod payees;
mod payments;
mod refusals;
mod runs;
mod sums;
mod transfers;

pub use audit::OneEntryPerTransition;
pub use bookings::RowsFollowFacts;
pub use books::BooksAddUp;
pub use bystanders::Bystanders;
pub use cases::ClosedCasesRest;
pub use effects::Fences;
pub use events::{AppliedOnce, EventsStand};
pub use finished::NothingUnfinished;
pub use mails::RefusalsAreHeard;
pub use once::OnceEach;
pub use payees::OneAtAPayee;
pub use payments::TakenOrLetGo;
pub use refusals::RefusalsAreListed;
pub use runs::EndedRunsLeaveNothing;
pub use sums::SumsAreRight;
pub use transfers::OneTransferEach;

use super::invariant::Invariant;
use support::world::COMPANY;

/// The invariants of every job that moves money of one company.
pub fn of_money() -> Vec<Box<dyn Invariant>> {
    let mut invariants = of_restored_money();
    // Before the invariants that say the same of transfers in more general words.
    invariants.insert(5, Box::new(OnceEach));
    invariants.push(Box::new(RefusalsAreHeard));
    invariants
}

/// The same over a table that was restored: of what left before, no row tells.
pub fn of_restored_money() -> Vec<Box<dyn Invariant>> {
    vec![
        Box::new(Fences),
        Box::new(AppliedOnce),
        Box::new(EventsStand),
        Box::new(OneEntryPerTransition),
        Box::new(Bystanders { company: COMPANY }),
        Box::new(RowsFollowFacts),
        Box::new(BooksAddUp),
        Box::new(OneAtAPayee),
        Box::new(OneTransferEach),
        Box::new(TakenOrLetGo),
        Box::new(RefusalsAreListed),
        Box::new(NothingUnfinished),
    ]
}
