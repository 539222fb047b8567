//! Mails about accounts.

pub mod account_mail;
