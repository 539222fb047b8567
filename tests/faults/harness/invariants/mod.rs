//! The invariants of all jobs.

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
mod waiting;

pub use audit::OneEntryPerTransition;
pub use bookings::RowsFollowFacts;
pub use books::LedgerSumsToZero;
pub use bystanders::Bystanders;
pub use cases::ClosedCasesRest;
pub use effects::Fences;
pub use events::{AppliedOnce, EventsAccountedFor};
pub use finished::NothingUnfinished;
pub use mails::RefusalsAreMailed;
pub use once::OnceEach;
pub use payees::OneAtAPayee;
pub use payments::CapturedOrVoided;
pub use refusals::RefusalsAreListed;
pub use runs::EndedRunsLeaveNothing;
pub use sums::SumsAreRight;
pub use transfers::OneTransferEach;
pub use waiting::NothingWaitsUnseen;

use super::invariant::Invariant;
use support::world::COMPANY;

/// The invariants of every job that moves money of one company.
pub fn of_money() -> Vec<Box<dyn Invariant>> {
    let mut invariants = of_restored_money();
    // Before the more general invariants about transfers.
    invariants.insert(5, Box::new(OnceEach));
    invariants.push(Box::new(RefusalsAreMailed));
    invariants
}

/// The invariants for a restored table, which has no rows about earlier transfers.
pub fn of_restored_money() -> Vec<Box<dyn Invariant>> {
    vec![
        Box::new(Fences),
        Box::new(AppliedOnce),
        Box::new(EventsAccountedFor),
        Box::new(OneEntryPerTransition),
        Box::new(Bystanders { company: COMPANY }),
        Box::new(RowsFollowFacts),
        Box::new(LedgerSumsToZero),
        Box::new(OneAtAPayee),
        Box::new(OneTransferEach),
        Box::new(CapturedOrVoided),
        Box::new(RefusalsAreListed),
        Box::new(NothingWaitsUnseen),
        Box::new(NothingUnfinished),
    ]
}
