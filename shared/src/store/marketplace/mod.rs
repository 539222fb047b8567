//! Bookings, professionals, payout batches, the books, and their reconciliation.

pub mod batch;
pub mod booking;
pub mod ledger;
pub mod payee;
pub mod reconciliation;
