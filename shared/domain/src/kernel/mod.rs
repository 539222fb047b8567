//! Types shared by all products: ids, money, time, parties, texts.

pub mod account;
pub mod clock;
pub mod id;
pub mod ids;
pub mod message;
pub mod money;
pub mod party;
pub mod provider;
pub mod suppression;
pub mod time;
