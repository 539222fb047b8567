//! Laws that hold for every job.

mod audit;
mod bystanders;
mod effects;
mod events;
mod finished;
mod once;
mod sums;

pub use audit::OneEntryPerTransition;
pub use bystanders::Bystanders;
pub use effects::Fences;
pub use events::AppliedOnce;
pub use finished::NothingUnfinished;
pub use once::OnceEach;
pub use sums::SumsAreRight;
