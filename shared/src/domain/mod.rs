//! Pure nouns and rules: no I/O, no async, no clock. Time comes in as an argument.

pub mod account;
pub mod account_mail;
pub mod action;
pub mod announcement;
pub mod booking;
pub mod booking_mail;
pub mod calendar;
pub mod case;
pub mod effect;
pub mod event;
pub mod id;
pub mod job;
pub mod kpi;
pub mod ledger;
pub mod message;
pub mod money;
pub mod party;
pub mod payout;
pub mod provider;
pub mod refusal;
pub mod schedule;
pub mod settings;
pub mod time;
pub mod timeline;
