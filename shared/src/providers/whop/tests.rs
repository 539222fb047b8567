//! The contract with Whop: tests the requests as sent by the client, and answers in every shape that Whop has
//! used.

mod answers;
mod catalogue;
mod listener;
mod pinned_version;
mod requests;

use chrono::{DateTime, Utc};

use super::client::Whop;
use crate::domain::kernel::id::{CompanyId, MembershipId, PaymentId, UserId};
use crate::domain::kernel::message::Message;
use crate::providers::client::client;

const API_KEY: &str = "whop_key_1";

fn whop(base: &str) -> Whop {
    Whop::new(client().unwrap(), base, API_KEY)
}

fn company() -> CompanyId {
    CompanyId::parse("biz_a1B2c3").unwrap()
}

fn user() -> UserId {
    UserId::parse("user_k4Tz9").unwrap()
}

fn membership() -> MembershipId {
    MembershipId::parse("mem_q7Rn2").unwrap()
}

fn payment() -> PaymentId {
    PaymentId::parse("pay_3nEw0ld").unwrap()
}

fn message() -> Message {
    Message { title: "A title".to_owned(), text: "A text".to_owned() }
}

fn at(unix_s: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(unix_s, 0).unwrap()
}
