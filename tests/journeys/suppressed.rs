//! Addresses whose mail came back are not written to again until they are lifted, and the owner sees why.

use axum::body::Body;
use chrono::{DateTime, Duration, Utc};
use http::{Method, Request};
use local::embedded::EmbeddedDynamo;
use local::service::SANDBOX_VALUES;
use serde_json::{Value, json};
use shared::domain::kernel::account::Role;
use shared::domain::kernel::time;
use shared::providers::standard_webhooks::SigningKey;
use stand_ins::outbox::Kind;
use stand_ins::resend::MailOutcome;
use stand_ins::whop::Payment;

use crate::browser::PASSWORD;
use crate::findings::PLATFORM;
use crate::world::{Answer, World, renewal, secret_request};

pub const ADDRESS: &str = "canary@example.com";
pub const ROUTE: &str = "/api/webhooks/resend";

/// An event of Resend's about a mail to an address.
pub fn mail_event(kind: &str, to: &[&str], at: DateTime<Utc>) -> Value {
    let mut data = json!({"email_id": "e", "from": "a@example.com", "to": to, "subject": "s", "created_at": time::format(at)});
    if kind == "email.bounced" {
        data["bounce"] = json!({"type": "Permanent", "subType": "General", "message": "no such user"});
    }
    json!({"type": kind, "created_at": time::format(at), "data": data})
}

pub fn entry_event(kind: &str, email: &str, at: DateTime<Utc>) -> Value {
    let data = json!({"id": "1", "email": email, "origin": "manual", "source_id": null, "created_at": time::format(at)});
    json!({"type": kind, "created_at": time::format(at), "data": data})
}

/// A delivery with these names of the three headers.
pub fn delivery(
    world: &World,
    route: &str,
    names: [&str; 3],
    secret: &str,
    id: &str,
    body: &Value,
) -> Request<Body> {
    let text = body.to_string();
    let signature = SigningKey::parse(secret).unwrap().sign(id, world.now(), text.as_bytes());
    let request = Request::post(route)
        .header(names[0], id)
        .header(names[1], world.now().timestamp())
        .header(names[2], signature);
    request.body(Body::from(text)).unwrap()
}

pub const SVIX: [&str; 3] = ["svix-id", "svix-timestamp", "svix-signature"];

/// What Resend signs with here.
pub fn secret() -> &'static str {
    SANDBOX_VALUES.iter().find(|(name, _)| *name == "RESEND_WEBHOOK_SECRET").unwrap().1
}

impl World {
    pub async fn resend_says(&self, id: &str, body: &Value) -> Answer {
        self.ask(delivery(self, ROUTE, SVIX, secret(), id, body)).await
    }

    /// Something becomes of a mail, and Resend tells it.
    async fn mail_ends(&self, address: &str, outcome: MailOutcome) {
        self.service.sandbox.resend.report(address, outcome);
        assert_eq!(self.service.deliver_resend_events().await, 1, "{outcome:?}");
    }

    pub async fn mail_reports(&self, company: &str) -> Value {
        let token = self.service.sandbox.oidc.bearer(Role::Developer.as_str(), company);
        self.ask(secret_request(Method::GET, "/api/operations", &token)).await.ok()["mail"].clone()
    }

    /// Whether a mail to an address leaves, by what the world sees of it.
    pub async fn is_written_to(&self, address: &str) -> bool {
        let before = self.sent(Kind::Mail);
        let answer = self.stranger("/api/auth/password/forgot", json!({"email": address})).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (202, json!({"outcome": "mail_sent"})));
        self.advance(Duration::minutes(20));
        self.sent(Kind::Mail) > before
    }

    /// A member who can only be reached by mail, its renewal just failed.
    async fn fail_by_mail(&self, membership: &str) {
        self.add_company("biz_strict", "user_strict", false);
        self.add_past_due("biz_strict", membership);
        let settings = json!({"push_enabled": true, "dm_enabled": false, "incentive_days": 0, "reminder_offsets_days": [0, 2]});
        let request =
            self.owner_request("biz_strict", "user_strict", Method::PUT, "/api/settings", Some(settings));
        self.ask(request).await.ok();
        let failed = Payment { failed: true, ..renewal("biz_strict", membership, "pay_9", self.now()) };
        self.end_payment(failed).await.ok();
        self.settle().await;
    }

    async fn strict(&self, path: &str) -> Value {
        self.ask(self.owner_request("biz_strict", "user_strict", Method::GET, path, None)).await.ok()
    }
}

#[tokio::test]
async fn after_a_bounce_the_next_mail_of_a_case_is_not_sent_and_the_owner_sees_why() {
    for (outcome, reason) in
        [(MailOutcome::Bounced, "address_bounced"), (MailOutcome::Complained, "address_complained")]
    {
        let world = World::start().await;
        world.fail_by_mail("mem_9").await;
        assert_eq!(world.sent(Kind::Mail), 1);
        let address = world.newest_mail().0.to;
        world.mail_ends(&address, outcome).await;
        world.advance(Duration::days(2));
        world.settle().await;
        assert_eq!(world.sent(Kind::Mail), 1, "{outcome:?}");
        let cases = world.strict("/api/dashboard/cases").await;
        assert_eq!(cases["data"][0]["hold"]["reason"], reason, "{cases}");
        assert!(!cases.to_string().contains(&address));
    }
}

#[tokio::test]
async fn a_booking_s_mail_to_an_address_that_bounced_is_not_sent_and_is_listed_for_a_person() {
    let world = World::start().await;
    let booking = world.held("key-1").await;
    world.mail_ends("customer@example.com", MailOutcome::Bounced).await;
    world.decide(&booking, "decline", "key-2").await.ok();
    world.settle().await;
    assert_eq!(
        (world.sent(Kind::Mail), world.sent(Kind::Release)),
        (0, 1),
        "the money goes back all the same"
    );
    let seen = world.seen(&booking).await;
    let shown = &seen["refused"][0];
    assert_eq!((&shown["step"], &shown["reason"]), (&json!("decline_mail"), &json!("address_bounced")));
    let listed = world.refused_one().await;
    assert_eq!(
        (&listed["consequence"], &listed["reason"], &listed["code"]),
        (&json!("customer_not_told"), &json!("address_bounced"), &Value::Null)
    );
    world.settle_refusal(&listed, "closed").await.ok();
    assert_eq!(world.refused().await.len(), 0, "the customer was called");
}

#[tokio::test]
async fn account_mails_to_a_suppressed_address_are_answered_as_ever_and_not_sent() {
    let world = World::start().await;
    world.add_account(ADDRESS, PASSWORD).await;
    world.mail_ends(ADDRESS, MailOutcome::Bounced).await;
    assert!(!world.is_written_to(ADDRESS).await);
    assert!(!world.is_written_to("Canary@Example.COM").await, "one mailbox, one address");
    let before = world.sent(Kind::Mail);
    let body = json!({"email": ADDRESS, "password": PASSWORD, "role": "customer"});
    assert_eq!(world.stranger("/api/auth/sign-up", body).await.status, 202);
    assert_eq!(world.sent(Kind::Mail), before);
    assert!(world.is_written_to("other@example.com").await);
    let rows = world.rows_of("SUPPRESSION#").await;
    assert!(rows.len() == 1 && !json!(rows).to_string().contains("canary"), "{rows:?}");
    assert!(rows[0].get("expires_at").is_none(), "it never expires");
}

#[tokio::test]
async fn passing_trouble_suppresses_nothing_and_operators_see_it_counted() {
    let world = World::start().await;
    for outcome in
        [MailOutcome::BouncedForNow, MailOutcome::Delayed, MailOutcome::Failed, MailOutcome::Delivered]
    {
        world.mail_ends(ADDRESS, outcome).await;
        assert!(world.is_written_to(ADDRESS).await, "{outcome:?}");
    }
    world.mail_ends(ADDRESS, MailOutcome::Complained).await;
    let reports = world.mail_reports(PLATFORM).await;
    let counts = ["bounced", "complained", "bounced_for_now", "delayed", "failed", "lifted", "blocked"];
    assert_eq!(counts.map(|kind| reports[kind].as_u64().unwrap()), [0, 1, 1, 1, 1, 0, 0], "{reports}");
    assert_eq!(world.mail_reports("biz_alpha").await, Value::Null, "the mail of all is the platform's");
    world.advance(Duration::days(8));
    assert_eq!(world.mail_reports(PLATFORM).await["complained"], 0);
}

#[tokio::test]
async fn an_address_that_is_lifted_at_resend_is_written_to_again() {
    let world = World::start().await;
    world.mail_ends(ADDRESS, MailOutcome::Blocked).await;
    assert!(!world.is_written_to(ADDRESS).await);
    world.mail_ends(ADDRESS, MailOutcome::Unblocked).await;
    assert!(world.is_written_to(ADDRESS).await);
    assert_eq!(world.mail_reports(PLATFORM).await["lifted"], 1);
}

#[tokio::test]
async fn a_key_that_rotates_leaves_no_gap() {
    let (old, new) =
        ("b2xkIGVuY3J5cHRpb24ga2V5LCAzMiBieXRlcyBsb24=", "bmV3IGVuY3J5cHRpb24ga2V5LCAzMiBieXRlcyBsb24=");
    let dynamo = EmbeddedDynamo::memory();
    let with = |list: String| move |name: &str| (name == "ENCRYPTION_KEY").then(|| list.clone());
    let before = World::with(dynamo.clone(), with(old.to_owned())).await;
    before.mail_ends(ADDRESS, MailOutcome::Bounced).await;
    let after = World::with(dynamo, with(format!("{new},{old}"))).await;
    assert!(!after.is_written_to(ADDRESS).await, "found under the key before");
    let lifted = entry_event("suppression.removed", ADDRESS, after.now());
    after.resend_says("msg_lift", &lifted).await.ok();
    assert!(after.is_written_to(ADDRESS).await, "the newest word counts, whichever key it stands under");
}

#[tokio::test]
async fn without_its_secret_the_route_is_off_and_health_names_it() {
    let lookup = |name: &str| (name == "RESEND_WEBHOOK_SECRET").then(String::new);
    let world = World::with(EmbeddedDynamo::memory(), lookup).await;
    let body = mail_event("email.bounced", &[ADDRESS], world.now());
    assert_eq!(world.resend_says("msg_1", &body).await.status, 401);
    let health = world.ask(crate::world::bare(Method::GET, "/api/health?type=webhooks")).await.ok();
    assert_eq!(health["checks"]["webhooks"]["missing_configuration"], json!(["RESEND_WEBHOOK_SECRET"]));
    assert_eq!(health["status"], "ok", "mail works without");
}
