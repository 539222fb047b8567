//! What is written to people about their accounts.

pub mod account_mail;
