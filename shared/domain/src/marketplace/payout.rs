//! Planning and recording of payouts to professionals.
//!
//! [`plan`] is a pure function of its input, so that a dry run and the real run give the same result for the
//! same state.

mod account_status;
mod approval;
mod batch;
mod candidate;
mod entry;
mod group;
mod join;
mod plan;
mod skip;
mod transfer;

pub use account_status::StripeAccountStatus;
pub use approval::Approval;
pub use batch::{BatchCounts, BatchId, BatchRecord, BatchRefusal, BatchStatus, StartedBy};
pub use candidate::{Candidate, Payee, PayeeAccount, Rules};
pub use entry::{BatchEntry, BatchSums, BatchTotals, EntryStatus};
pub use plan::{CarriedLine, Plan, PlanInput, PlannedTransfer, SettledByDebt, Totals, plan};
pub use skip::{Skip, SkipReason};
pub use transfer::{TransferMetadata, TransferRequest, operation, transfer_group};
