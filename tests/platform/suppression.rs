//! Addresses with a bounce get no mails until they are lifted, and the owner sees the reason.

use chrono::Duration;
use http::Method;
use local::embedded::EmbeddedDynamo;
use serde_json::{Value, json};
use stand_ins::outbox::Kind;
use stand_ins::resend::MailOutcome;
use support::mailer::ADDRESS;
use support::mailer::entry_event;
use support::mailer::mail_event;

use support::browser::PASSWORD;
use support::findings::PLATFORM;
use support::world::World;

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
        (&json!("customer_not_notified"), &json!("address_bounced"), &Value::Null)
    );
    world.resolve_refusal(&listed, "closed").await.ok();
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
    assert_eq!(world.post_without_session("/api/auth/sign-up", body).await.status, 202);
    assert_eq!(world.sent(Kind::Mail), before);
    assert!(world.is_written_to("other@example.com").await);
    let rows = world.rows_of("SUPPRESSION#").await;
    assert!(rows.len() == 1 && !json!(rows).to_string().contains("canary"), "{rows:?}");
    assert!(rows[0].get("expires_at").is_none(), "it never expires");
}

#[tokio::test]
async fn temporary_failures_suppress_nothing_and_are_counted() {
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
    after.deliver_resend_event("msg_lift", &lifted).await.ok();
    assert!(after.is_written_to(ADDRESS).await, "the newest event counts, under either key");
}

#[tokio::test]
async fn without_its_secret_the_route_is_off_and_health_names_it() {
    let lookup = |name: &str| (name == "RESEND_WEBHOOK_SECRET").then(String::new);
    let world = World::with(EmbeddedDynamo::memory(), lookup).await;
    let body = mail_event("email.bounced", &[ADDRESS], world.now());
    assert_eq!(world.deliver_resend_event("msg_1", &body).await.status, 401);
    let health = world.ask(support::world::bare(Method::GET, "/api/health?type=webhooks")).await.ok();
    assert_eq!(health["checks"]["webhooks"]["missing_configuration"], json!(["RESEND_WEBHOOK_SECRET"]));
    assert_eq!(health["status"], "ok", "mail works without");
}
