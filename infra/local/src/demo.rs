//! Demo data: a company with some weeks of history, so that no page is empty. All of it is created through
//! the API, by webhooks of Whop and requests of users.

mod bookings;

use axum::response::Response;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use crate::service::Service;
use stand_ins::whop::{Membership, MembershipStatus, Payment};

pub const COMPANY: &str = "biz_demo";

pub const OWNER: &str = "user_demo_owner";

/// A member's history: how many days ago the renewal failed, and when it was paid.
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

/// Whether the whole history was created. A process that was killed meanwhile creates it again: the same
/// failures a moment apart are still one case each.
pub fn is_seeded(service: &Service) -> bool {
    service.sandbox.whop.membership(LAST).is_some()
}

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
    // A member whose renewal has just failed at Whop, without a webhook yet, for the README's tour.
    let fresh = Membership::new(LAST, COMPANY, "user_demo_7", now);
    whop.add_membership(Membership { status: MembershipStatus::PastDue, ..fresh });
}

/// Ends a renewal as Whop does: the membership changes, then the signed webhook is sent. `None` if there is
/// no such membership.
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

/// Changes the membership and its payment only, and returns the event that the caller delivers.
pub fn end_renewal(service: &Service, membership: &Membership, failed: bool, at: DateTime<Utc>) -> Value {
    let whop = &service.sandbox.whop;
    let status = if failed { MembershipStatus::PastDue } else { MembershipStatus::Active };
    whop.set_membership_status(&membership.id, status);
    let payment = Payment {
        id: membership.id.replace("mem_", "pay_"),
        company_id: membership.company_id.clone(),
        membership_id: membership.id.clone(),
        user_id: membership.user_id.clone(),
        email: membership.email.clone(),
        product_id: membership.product_id.clone(),
        billing_reason: "subscription_cycle".to_owned(),
        currency: membership.currency.clone(),
        amount_cents: RENEWAL_CENTS,
        failed,
        at,
    };
    whop.add_payment(payment.clone());
    let mut event = whop.payment_event(&payment);
    let verb = if failed { "failed" } else { "paid" };
    event["id"] = json!(format!("msg_{verb}_{}_{}", membership.id, at.timestamp()));
    event
}

/// The monthly price at the demo company.
const RENEWAL_CENTS: i64 = 2_900;
