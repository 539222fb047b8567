//! Bookings, their money, payouts and the ledger.

pub mod booking;
pub mod booking_mail;
pub mod calendar;
pub mod ledger;
pub mod payout;
