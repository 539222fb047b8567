//! Migrations of the table's data, while the service serves.
//!
//! | file | content |
//! | --- | --- |
//! | [`numbered`] | the migrations, each a pure decision about one row |
//! | [`run`] | forward, verify, back and dry run |
//! | `pass` | one pass over the table, page by page |
//! | `row` | the conditional write of a row, and its undo |
//! | [`claim`] | the row with the data's version, the claim and the progress |
//! | `rate_limit` | the rate limit |
//!
//! The service may write at any time: a row is changed only if it is still what was read; otherwise the service's
//! write stays and the row is read again. After a crash a run continues after the last page.

pub mod claim;
pub mod error;
pub mod numbered;
mod pass;
mod rate_limit;
mod row;
pub mod run;
pub mod table;
pub mod tally;

pub use error::MigrationError;
pub use run::Migrator;
pub use table::Table;
