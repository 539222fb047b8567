//! The books: double entry, per company and currency.
//!
//! What a booking means for the books, its *position*, is a pure function of the booking. The entry
//! of a fact is the difference between the positions before and after it. So the entries of a booking
//! add up to the position that its facts give, whatever order they arrived in, and a fact that
//! changes no money has no entry. Positive amounts are debits, negative ones credits.
//!
//! | account | kind | balance of one booking |
//! | --- | --- | --- |
//! | `received` | cash | + captured |
//! | `refunded` | cash | − refunded |
//! | `disputed` | cash | − what the bank took, for good or until it decides |
//! | `paid:<professional>` | cash | − transferred |
//! | `reversed:<professional>` | cash | + transfers that came back |
//! | `contested` | asset | + what the bank keeps until it decides |
//! | `held` | liability | − what stayed of the customer's money, until the job is done |
//! | `fees` | income | − our part, once the job is done |
//! | `owed:<professional>` | liability | − the professional's part that is not settled |
//! | `carried:<professional>` | asset | + what was settled beyond that part, − debts kept back |
//!
//! The five cash accounts together are what Stripe's balance should have of the company's bookings;
//! Stripe's own fees and the platform's payouts to its bank are not in these books. The balance of
//! `carried:<professional>` over all bookings is what the professional owes.

mod account;
mod entry;
mod position;
mod statement;

pub use account::{InvalidAccount, LedgerAccount};
pub use entry::{InvalidEntry, LedgerEntry, Posting};
pub use position::{entry_of, position};
pub use statement::{Balances, Statement, StatementLine};

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
