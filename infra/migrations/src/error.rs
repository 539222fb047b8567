//! Why a migration does not go on.

use chrono::{DateTime, Utc};
use shared::domain::kernel::time;
use shared::store::StoreError;

/// None of these carries anything of a row but its key.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    #[error("{0}; run it again, it goes on where it was")]
    Table(#[from] StoreError),
    /// Somebody else is at work.
    #[error(
        "{owner} has been at it since {}; unless they go on, their claim ends at {}. \
         If you know that they are dead: --take-over",
        time::format(*since), time::format(*until)
    )]
    Held {
        owner: String,
        since: DateTime<Utc>,
        /// When their claim ends, if they do not renew it.
        until: DateTime<Utc>,
    },
    /// The claim was taken over meanwhile.
    #[error("another run has taken over; `cargo migrate status` says which")]
    Lost,
    /// The data is of a version that this checkout does not know.
    #[error(
        "the data is of version {found}, and this checkout knows migrations up to {known}: take a newer one"
    )]
    Newer { found: u32, known: u32 },
    /// There is no such migration.
    #[error("there is no migration {number}; they go from 1 to {known}")]
    Unknown {
        /// What was asked for.
        number: u32,
        known: u32,
    },
    /// Rows that no rule can help.
    #[error(
        "migration {migration}: rows that need a person: {count}, for example {}; see docs/migrations.md. \
         The version of the data stays as it was",
        examples.join(", ")
    )]
    NeedsPerson {
        migration: u32,
        count: u64,
        /// Some of their keys, with the reason.
        examples: Vec<String>,
    },
}
