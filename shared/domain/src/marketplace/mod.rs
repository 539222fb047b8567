//! Bookings, their money, payouts and the ledger.

pub mod booking;
pub mod booking_mail;
pub mod booking_record;
pub mod calendar;
pub mod ledger;
pub mod payout;
