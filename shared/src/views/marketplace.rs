//! Responses about bookings, payouts and the ledger.

pub mod approval;
pub mod batch;
pub mod booking;
pub mod books;
pub mod payee;
pub mod payment;
pub mod plan;
pub mod statement;
