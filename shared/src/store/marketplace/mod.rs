//! Bookings, professionals, payout batches, the ledger and its reconciliation.

pub mod batch;
pub mod booking;
pub mod ledger;
pub mod payee;
pub mod reconciliation;
