//! The same events in each of Whop's dialects: a renewal of 19 US dollars that fails, is paid, is refunded.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use shared::domain::kernel::time;

use crate::world::{COMPANY, payment};

/// A dialect of Whop's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// v1: nested objects, ISO times.
    V1,
    /// v1 with a date: `account_id`, flat ids, amounts as objects; refunds and disputes name a payment only.
    Dated,
    /// v5: flat, unix seconds; a membership names its company as `page_id`.
    V5,
    /// v2: `membership` is a text, `user` an object.
    V2,
    /// v2 as its published examples are: without any company.
    V2WithoutCompany,
}

/// A spelling of event names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    Dotted,
    Underscored,
    AppDotted,
    AppUnderscored,
}

/// The event of the member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    Failed,
    Paid,
    Valid,
    Ended,
    /// 5.50 of the payment was refunded.
    Refunded,
    /// The whole payment is disputed.
    Disputed,
    /// The dispute was decided for the company.
    Won,
}

impl Spelling {
    pub const ALL: [Self; 4] = [Self::Dotted, Self::Underscored, Self::AppDotted, Self::AppUnderscored];

    fn spell(self, name: &str) -> String {
        match self {
            Self::Dotted => name.to_owned(),
            Self::Underscored => name.replace('.', "_"),
            Self::AppDotted => format!("app_{name}"),
            Self::AppUnderscored => format!("app_{}", name.replace('.', "_")),
        }
    }
}

impl Dialect {
    pub const ALL: [Self; 5] = [Self::V1, Self::Dated, Self::V5, Self::V2, Self::V2WithoutCompany];

    /// The event in this dialect, for `mem_<member>`.
    pub fn event(self, spelling: Spelling, what: EventKind, member: &str, at: DateTime<Utc>) -> Value {
        let is_v1 = matches!(self, Self::V1 | Self::Dated);
        let name = spelling.spell(match what {
            EventKind::Failed => "payment.failed",
            EventKind::Paid => "payment.succeeded",
            EventKind::Valid if is_v1 => "membership.activated",
            EventKind::Valid => "membership.went_valid",
            EventKind::Ended if is_v1 => "membership.deactivated",
            EventKind::Ended => "membership.went_invalid",
            EventKind::Refunded => "refund.created",
            EventKind::Disputed => "dispute.created",
            EventKind::Won => "dispute.updated",
        });
        let data = self.data(what, member, at);
        let id = format!("msg_{what:?}_{member}_{}", at.timestamp());
        let stamp = time::format(at);
        match self {
            Self::V1 => json!({"id": id, "api_version": "v1", "type": name, "timestamp": stamp,
                "company_id": COMPANY, "data": data}),
            Self::Dated => json!({"id": id, "api_version": "v1", "api_version_date": "2026-10-15-1",
                "type": name, "timestamp": stamp, "account_id": COMPANY, "data": data}),
            Self::V5 => json!({"api_version": "v5", "action": name, "data": data}),
            Self::V2 => json!({"action": name, "company": COMPANY, "data": data}),
            Self::V2WithoutCompany => json!({"action": name, "company": null, "data": data}),
        }
    }

    fn data(self, what: EventKind, member: &str, at: DateTime<Utc>) -> Value {
        match what {
            EventKind::Failed | EventKind::Paid => self.payment(what == EventKind::Failed, member, at),
            EventKind::Valid => self.membership("active", member),
            EventKind::Ended => self.membership("canceled", member),
            EventKind::Refunded => self.going_back("rfnd_", "succeeded", "5.50", member, at),
            EventKind::Disputed => self.going_back("dspt_", "needs_response", "19.00", member, at),
            EventKind::Won => self.going_back("dspt_", "won", "19.00", member, at),
        }
    }

    fn payment(self, failed: bool, member: &str, at: DateTime<Utc>) -> Value {
        let (id, membership, user) = ids(member);
        let status = if failed { "open" } else { "paid" };
        let unix = at.timestamp();
        let (attempt, paid_at) = if failed { (json!(unix), Value::Null) } else { (Value::Null, json!(unix)) };
        match self {
            Self::V1 => {
                let kind = if failed { "payment.failed" } else { "payment.succeeded" };
                payment(kind, COMPANY, &membership, &id, at)["data"].clone()
            }
            Self::Dated => {
                let stamp = time::format(at);
                let money = json!({"amount": "19.00", "currency": "usd"});
                json!({"id": id, "status": status, "billing_reason": "subscription_cycle",
                    "membership_id": membership, "user_id": user, "created_at": "2025-01-01T00:00:00Z",
                    "last_payment_attempt": if failed { json!(stamp) } else { Value::Null },
                    "paid_at": if failed { Value::Null } else { json!(stamp) },
                    "next_payment_attempt_at": null, "payments_failed": 1,
                    "total": money, "subtotal": money,
                    "settlement_amount": {"amount": "17.61", "currency": "usd"}})
            }
            Self::V5 => json!({"id": id, "membership_id": membership, "user_id": user, "company_id": COMPANY,
                "status": status, "created_at": 1_735_689_600, "paid_at": paid_at,
                "last_payment_attempt": attempt, "next_payment_attempt": null, "payments_failed": 1,
                "subtotal": 19.0, "final_amount": if failed { 0.0 } else { 19.0 }, "currency": "usd"}),
            Self::V2 | Self::V2WithoutCompany => json!({"id": id, "membership": membership,
                "user": {"id": user, "username": "member", "email": "canary@example.com"},
                "status": status, "created_at": 1_735_689_600, "paid_at": paid_at,
                "last_payment_attempt": attempt, "next_payment_attempt": null, "payments_failed": 4,
                "subtotal": 19, "final_amount": if failed { 0 } else { 19 }, "currency": "usd"}),
        }
    }

    /// A deactivated membership may have `valid: true`, as in one of Whop's own examples.
    fn membership(self, status: &str, member: &str) -> Value {
        let (_, id, user) = ids(member);
        match self {
            Self::V1 => json!({"id": id, "status": status, "company": {"id": COMPANY}, "user": {"id": user}}),
            Self::Dated => json!({"id": id, "status": status, "user_id": user}),
            Self::V5 => {
                json!({"id": id, "status": status, "valid": true, "user_id": user, "page_id": COMPANY})
            }
            Self::V2 | Self::V2WithoutCompany => {
                json!({"id": id, "status": status, "valid": true, "user": {"id": user}})
            }
        }
    }

    fn going_back(self, tag: &str, status: &str, amount: &str, member: &str, at: DateTime<Utc>) -> Value {
        let (payment, membership, user) = ids(member);
        let (id, stamp, unix) = (format!("{tag}{member}"), time::format(at), at.timestamp());
        let number: Value = serde_json::from_str(amount).unwrap();
        match self {
            Self::V1 => json!({"id": id, "status": status, "amount": number, "currency": "usd",
                "created_at": stamp, "payment": {"id": payment, "currency": "usd",
                "membership": {"id": membership}, "user": {"id": user}}}),
            Self::Dated => json!({"id": id, "status": status, "created_at": stamp, "payment_id": payment,
                "amount": {"decimal": amount, "currency": "usd"}}),
            Self::V5 => json!({"id": id, "status": status, "amount": number, "currency": "usd",
                "created_at": unix, "updated_at": unix, "payment_id": payment,
                "payment": {"id": payment, "membership_id": membership, "user_id": user,
                "company_id": COMPANY, "currency": "usd"}}),
            Self::V2 | Self::V2WithoutCompany => json!({"id": id, "status": status, "amount": amount,
                "currency": "usd", "created_at": unix, "updated_at": unix,
                "payment": {"id": payment, "membership": membership, "user": user}}),
        }
    }
}

fn ids(member: &str) -> (String, String, String) {
    (format!("pay_{member}"), format!("mem_{member}"), format!("user_{member}"))
}
