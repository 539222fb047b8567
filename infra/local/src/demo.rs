//! Demo data: a company with a few weeks behind it, so that no page is empty. Everything comes in
//! through the front door, as webhooks that Whop would have sent and as what people would have asked.

mod bookings;

use axum::response::Response;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use shared::domain::time;

use crate::service::Service;
use crate::whop::{Membership, MembershipStatus};

/// The demo company.
pub const COMPANY: &str = "biz_demo";

/// Its owner.
pub const OWNER: &str = "user_demo_owner";

/// What happened to a member: how many days ago the renewal failed, and when it was paid after all.
const STORIES: [(&str, f64, Option<f64>); 6] = [
    ("mem_demo_1", 24.0, Some(22.5)),
    ("mem_demo_2", 17.0, Some(9.0)),
    ("mem_demo_3", 15.0, None),
    ("mem_demo_4", 3.0, Some(2.0)),
    ("mem_demo_5", 1.0, None),
    ("mem_demo_6", 0.01, None),
];

/// The member that is added last.
const LAST: &str = "mem_demo_7";

/// Whether the stories were told to their end. A process that was killed while telling them tells
/// them again: the same failures a moment apart are still one case each.
pub fn is_seeded(service: &Service) -> bool {
    service.sandbox.whop.membership(LAST).is_some()
}

/// Tells the stories.
pub async fn seed(service: &Service) {
    let whop = &service.sandbox.whop;
    whop.add_company(COMPANY, "Demo company", &[OWNER], true, Some("exp_demo"));
    let now = service.sandbox.clock.now();
    let days_ago = |days: f64| now - Duration::seconds((days * 86_400.0) as i64);
    for (membership, failed, paid) in STORIES {
        let user = membership.replace("mem_", "user_");
        whop.add_membership(Membership::new(membership, COMPANY, &user, days_ago(failed)));
        renew(service, membership, true, Some(days_ago(failed))).await;
        if let Some(paid) = paid {
            renew(service, membership, false, Some(days_ago(paid))).await;
        }
    }
    bookings::seed(service).await;
    // One whose renewal has just failed at Whop, and whose webhook is still to come: the README's tour.
    let fresh = Membership::new(LAST, COMPANY, "user_demo_7", now);
    whop.add_membership(Membership { status: MembershipStatus::PastDue, ..fresh });
}

/// Ends a renewal as Whop would: the membership changes, then the signed webhook goes out. `None`
/// when there is no such membership.
pub async fn renew(
    service: &Service,
    membership: &str,
    failed: bool,
    at: Option<DateTime<Utc>>,
) -> Option<Response> {
    let whop = &service.sandbox.whop;
    let known = whop.membership(membership)?;
    let at = at.unwrap_or_else(|| service.sandbox.clock.now());
    let event = end_renewal(service, &known, failed, at);
    let id = event["id"].as_str().unwrap_or_default().to_owned();
    Some(service.deliver(&id, &event.to_string()).await)
}

/// Changes the membership only, and returns the event that somebody else delivers.
pub fn end_renewal(service: &Service, membership: &Membership, failed: bool, at: DateTime<Utc>) -> Value {
    let status = if failed { MembershipStatus::PastDue } else { MembershipStatus::Active };
    service.sandbox.whop.set_membership_status(&membership.id, status);
    event(membership, failed, at)
}

/// A payment event of Whop's v1 dialect (docs.whop.com, "payment.failed" and "payment.succeeded").
fn event(membership: &Membership, failed: bool, at: DateTime<Utc>) -> Value {
    let at_text = time::write(at);
    let (kind, verb) = if failed { ("payment.failed", "failed") } else { ("payment.succeeded", "paid") };
    let payment = membership.id.replace("mem_", "pay_");
    json!({
        "id": format!("msg_{verb}_{}_{}", membership.id, at.timestamp()),
        "api_version": "v1",
        "type": kind,
        "timestamp": at_text,
        "company_id": membership.company_id,
        "data": {
            "id": payment,
            "status": if failed { "open" } else { "paid" },
            "billing_reason": "subscription_cycle",
            "currency": membership.currency,
            "subtotal": 29.0,
            "membership": {"id": membership.id, "status": if failed { "past_due" } else { "active" }},
            "user": {"id": membership.user_id},
            "company": {"id": membership.company_id},
            "last_payment_attempt": if failed { json!(at_text) } else { Value::Null },
            "paid_at": if failed { Value::Null } else { json!(at_text) },
            "payments_failed": u8::from(failed),
        },
    })
}
