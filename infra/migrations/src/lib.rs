//! Migrations of the table's data, while the service serves.
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`numbered`] | the migrations, each a pure decision about one row |
//! | [`run`] | forward, verify, back and dry run |
//! | `pass` | one walk through the table, a page at a time |
//! | `row` | what is written to a row, under which condition, and how it is undone |
//! | [`claim`] | the one row that says which version the data is of, who migrates, and where they are |
//! | `pace` | how fast |
//!
//! Nothing is assumed of whoever serves meanwhile: a row is changed only if it is what was read, so a write of the
//! service wins and the row is looked at again. Whatever dies goes on from the last page.

pub mod claim;
pub mod error;
pub mod numbered;
mod pace;
mod pass;
mod row;
pub mod run;
pub mod table;
pub mod tally;

pub use error::MigrationError;
pub use run::Migrator;
pub use table::Table;
