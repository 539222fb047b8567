//! Why a migration stops.

use chrono::{DateTime, Utc};
use shared::domain::kernel::time;
use shared::store::StoreError;

/// The errors contain nothing of a row but its key.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    #[error("{0}; run it again to continue")]
    Table(#[from] StoreError),
    /// Another run holds the claim.
    #[error(
        "{owner} has been migrating since {}; unless it is renewed, its claim expires at {}. \
         If you know that it has crashed: --take-over",
        time::format(*since), time::format(*until)
    )]
    Held {
        owner: String,
        since: DateTime<Utc>,
        /// The expiry of its claim unless it is renewed.
        until: DateTime<Utc>,
    },
    /// The claim was taken over meanwhile.
    #[error("another run has taken over the claim; see `cargo migrate status`")]
    Lost,
    /// A newer checkout has migrated the data, in a form that this one works with.
    #[error(
        "the data has version {found}, and this checkout knows migrations up to {known}: it works with this data, \
         and there is nothing to migrate"
    )]
    Ahead { found: u32, known: u32 },
    /// A newer checkout has migrated the data, in a form that this one may not know.
    #[error(
        "the data has version {found}, and this checkout knows migrations up to {known}: use a newer one"
    )]
    Newer { found: u32, known: u32 },
    #[error("there is no migration {number}; they go from 1 to {known}")]
    Unknown { number: u32, known: u32 },
    /// Rows that the migration cannot decide.
    #[error(
        "migration {migration}: rows that need a person: {count}, for example {}; see docs/migrations.md. \
         The version of the data is unchanged",
        examples.join(", ")
    )]
    NeedsPerson {
        migration: u32,
        count: u64,
        /// Some keys, with the reason.
        examples: Vec<String>,
    },
}
