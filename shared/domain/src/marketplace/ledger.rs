//! The ledger: double-entry bookkeeping per company and currency.
//!
//! The *position* of a booking, its balance on every account, is a pure function of the booking. The entry of a
//! fact is the difference between the positions before and after it. So the entries of a booking add up to its
//! position in whatever order its facts arrived, and a fact that changes no money has no entry. Positive
//! amounts are debits, negative ones credits.
//!
//! | account | kind | balance of one booking |
//! | --- | --- | --- |
//! | `received` | cash | + captured |
//! | `refunded` | cash | − refunded |
//! | `disputed` | cash | − lost and undecided disputes |
//! | `paid:<professional>` | cash | − transferred |
//! | `reversed:<professional>` | cash | + reversed transfers |
//! | `contested` | asset | + undecided disputes |
//! | `held` | liability | − the rest of the customer's money, until the job is completed |
//! | `fees` | income | − the platform's fee, once the job is completed |
//! | `owed:<professional>` | liability | − the professional's share that is not settled |
//! | `carried:<professional>` | asset | + what was settled in excess of the share, − withheld debts |
//!
//! The sum of the five cash accounts is the part of Stripe's balance that belongs to the company's bookings.
//! Stripe's fees and the platform's payouts to its bank are not in the ledger. The balance of
//! `carried:<professional>` over all bookings is the professional's debt.

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
