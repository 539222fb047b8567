//! The shapes of Whop's answers: by the date that the client requests, or as configured.

use axum::http::HeaderMap;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::Refusal;
use super::payments::Payment;
use super::world::{Membership, World};

/// The two shapes that Whop's objects have had in version 1 of its API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Nested objects, and amounts as numbers: without a date, and up to 2026-07-20.
    Undated,
    /// Flat ids, and amounts as objects with a decimal string: from 2026-09-15 on.
    Dated,
}

impl Shape {
    /// Both shapes, the one that we request first.
    pub const ALL: [Self; 2] = [Self::Dated, Self::Undated];
}

/// Some of the dates that a client may request. Source: the official crate `whop_sdk` 1.1.5 and Whop's page
/// about versions; the first is the default without a date.
const DATES: [&str; 8] = [
    "2025-01-01",
    "2026-06-09",
    "2026-07-20",
    "2026-08-14",
    "2026-09-15",
    "2026-09-24",
    "2026-10-15-1",
    "2026-11-04-1",
];

/// From this date on the shapes are flat.
const DATED_FROM: &str = "2026-09-15";

/// The shape of the requested date. An unknown date is refused with the list of known ones.
pub(super) fn asked_for(headers: &HeaderMap) -> Result<Shape, Refusal> {
    let asked = headers.get("api-version-date").map_or(Ok(DATES[0]), |value| value.to_str());
    let date = asked.ok().and_then(|asked| DATES.into_iter().find(|known| *known == asked));
    let date = date
        .ok_or_else(|| Refusal::invalid(format!("Api-Version-Date must be one of {}", DATES.join(", "))))?;
    Ok(if date >= DATED_FROM { Shape::Dated } else { Shape::Undated })
}

impl World {
    /// A membership, as `shape` has it.
    pub(super) fn shape(&self, membership: &Membership, shape: Shape) -> Value {
        let company = self.company(&membership.company_id);
        let title = company.map(|company| &company.title);
        let created_at = iso(membership.bought_at());
        match shape {
            Shape::Dated => json!({
                "id": membership.id,
                "status": membership.status,
                "account": {"id": membership.company_id, "route": "shop", "title": title, "logo_url": null},
                "user_id": membership.user_id,
                "product_id": membership.product_id,
                "plan_id": "plan_1",
                "current_period_end": iso(membership.renewal_period_end),
                "cancel_at_period_end": membership.cancel_at_period_end,
                "created_at": created_at,
                "license_key": null,
                "member": null,
                "metadata": {},
                "phone_number": null,
            }),
            Shape::Undated => json!({
                "id": membership.id,
                "status": membership.status,
                "company": {"id": membership.company_id, "title": title},
                "user": {
                    "id": membership.user_id,
                    "email": membership.email,
                    "name": membership.name,
                    "username": membership.username,
                },
                "member": {"id": membership.id.replace("mem_", "mber_")},
                "plan": {"id": "plan_1"},
                "product": {"id": membership.product_id, "title": membership.product_title},
                "currency": membership.currency,
                "manage_url": format!("https://whop.com/billing/manage/{}/", membership.id),
                "renewal_period_start": iso(membership.renewal_period_start),
                "renewal_period_end": iso(membership.renewal_period_end),
                "cancel_at_period_end": membership.cancel_at_period_end,
                "canceled_at": membership.canceled_at.map(iso),
                "payment_collection_paused": membership.collection_paused,
                "created_at": created_at,
                "metadata": {},
            }),
        }
    }
}

/// A payment, as `shape` has it.
pub(super) fn shape_payment(payment: &Payment, shape: Shape) -> Value {
    let (at, failed) = (iso(payment.at), payment.failed);
    let status = if failed { "open" } else { "paid" };
    let substatus = if failed { "past_due" } else { "succeeded" };
    let attempted = if failed { json!(at) } else { Value::Null };
    let paid_at = if failed { Value::Null } else { json!(at) };
    let message = if failed { json!("Your card was declined.") } else { Value::Null };
    match shape {
        Shape::Dated => json!({
            "id": payment.id,
            "account_id": payment.company_id,
            "status": status,
            "substatus": substatus,
            "billing_reason": payment.billing_reason,
            "currency": payment.currency,
            "subtotal": money(payment),
            "total": money(payment),
            "membership_id": payment.membership_id,
            "member_id": payment.membership_id.replace("mem_", "mber_"),
            "plan_id": "plan_1",
            "product_id": payment.product_id,
            "user": {"id": payment.user_id, "name": null, "username": payment.user_id, "profile_picture": {"url": "https://example.com/p.png"}},
            "customer_email": payment.email,
            "last_payment_attempt_at": attempted,
            "next_payment_attempt_at": null,
            "paid_at": paid_at,
            "created_at": at,
            "updated_at": at,
            "payments_failed": u8::from(failed),
            "failure_message": message,
            "decline_code": null,
            "retryable": failed,
            "refundable": !failed,
        }),
        Shape::Undated => json!({
            "id": payment.id,
            "status": status,
            "substatus": substatus,
            "billing_reason": payment.billing_reason,
            "currency": payment.currency,
            "subtotal": payment.amount_cents as f64 / 100.0,
            "membership": {"id": payment.membership_id, "status": if failed { "past_due" } else { "active" }},
            "user": {"id": payment.user_id, "email": payment.email},
            "company": {"id": payment.company_id},
            "product": {"id": payment.product_id},
            "last_payment_attempt": attempted,
            "paid_at": paid_at,
            "created_at": at,
            "payments_failed": u8::from(failed),
            "failure_message": message,
        }),
    }
}

fn money(payment: &Payment) -> Value {
    let (whole, cents) = (payment.amount_cents / 100, payment.amount_cents % 100);
    json!({
        "amount": format!("{whole}.{cents:02}"),
        "currency": payment.currency,
        "decimals": 2,
        "display_decimals": 2,
    })
}

pub(super) fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
