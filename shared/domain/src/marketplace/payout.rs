//! Planning and recording of payouts to professionals.
//!
//! [`plan`] is a pure function of its input, so that a dry run and the real run give the same result for the
//! same state.

mod account_status;
mod approval;
mod batch;
mod batch_progress;
mod candidate;
mod entry;
mod group;
mod join;
mod plan;
mod skip;
mod transfer;
mod transfer_refusal;

pub use account_status::StripeAccountStatus;
pub use approval::Approval;
pub use batch::{AnnouncedEnd, BatchCounts, BatchId, BatchRecord, BatchStatus, StartedBy, kept_since};
pub use batch_progress::{BatchProgress, PROFESSIONALS_LEFT, TRANSFERS_IN_DOUBT, TRANSFERS_REFUSED};
pub use candidate::{Candidate, Payee, PayeeAccount, Rules};
pub use entry::{BatchEntry, BatchSums, BatchTotals, EntryStatus};
pub use plan::{CarriedLine, Plan, PlanInput, PlannedTransfer, SettledByDebt, Totals, plan};
pub use skip::{Skip, SkipReason};
pub use transfer::{OPERATION_PREFIX, TransferMetadata, TransferRequest, operation, transfer_group};
pub use transfer_refusal::{TransferRefusal, TransferRetry, refusal_sentence};
