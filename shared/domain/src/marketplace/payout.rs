//! What professionals are paid, and on what record.
//!
//! [`plan`] decides a whole batch at once, from nothing but its input: a dry run and the real run are
//! the same function of the same state.

mod approval;
mod batch;
mod candidate;
mod entry;
mod group;
mod join;
mod plan;
mod skip;
mod standing;
mod transfer;

pub use approval::Approval;
pub use batch::{BatchCounts, BatchId, BatchRecord, BatchRefusal, BatchStatus, StartedBy};
pub use candidate::{Candidate, Payee, PayeeAccount, Rules};
pub use entry::{BatchEntry, BatchSums, BatchTotals, EntryStatus};
pub use plan::{CarriedLine, Plan, PlanInput, PlannedTransfer, SettledByDebt, Totals, plan};
pub use skip::{Skip, SkipReason};
pub use standing::StripeAccountStatus;
pub use transfer::{TransferMetadata, TransferRequest, operation, transfer_group};
