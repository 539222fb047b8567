//! What professionals are paid, and on what record.

mod batch;

pub use batch::{BatchCounts, BatchId, BatchRecord, BatchRefusal, BatchState, StartedBy};
