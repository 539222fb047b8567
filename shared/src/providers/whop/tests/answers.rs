//! The client parses every object of Whop in each shape that Whop has used.

use serde_json::json;

use super::listener::Listener;
use super::{at, company, membership, message, payment, user, whop};
use crate::domain::recovery::membership::Membership;
use crate::domain::recovery::second_purchase::ListedMembership;
use crate::providers::call::CallError;
use crate::providers::whop::client::AccessLevel;
use crate::providers::whop::membership::MembershipAnswer;

macro_rules! answers {
    ($folder:literal) => {
        answers! { $folder:
            "membership", "memberships", "payment", "access", "experiences", "notification", "dm_channel", "message",
            "error",
        }
    };
    ($folder:literal: $($name:literal,)*) => {
        ($folder, &[$(($name, include_str!(concat!("../fixtures/answers/", $folder, "/", $name, ".json")))),*])
    };
}

/// Every folder of answers by its name.
pub(super) const ANSWERS: [(&str, &[(&str, &str)]); 2] = [answers!("undated"), answers!("2026-09-15")];

/// The expected membership of the fixtures in a shape.
fn expected_membership(shape: &str) -> Membership {
    let nested = shape == "undated";
    Membership {
        status: "past_due".to_owned(),
        company_id: Some(company()),
        user_id: Some(user()),
        product_id: Some("prod_w2".to_owned()),
        period_started_at: nested.then(|| at(1_781_776_800)),
        period_ends_at: Some(at(1_784_368_800)),
        cancel_at_period_end: false,
        collection_paused: nested.then_some(false),
    }
}

#[tokio::test]
async fn every_answer_is_read_in_every_shape() {
    for (shape, answers) in ANSWERS {
        for (name, body) in answers {
            let folder = format!("{shape}/{name}");
            match *name {
                "membership" => check_membership(shape, body).await,
                "memberships" => check_memberships(shape, body).await,
                "payment" => check_payment(&folder, body).await,
                "access" => check_access(&folder, body).await,
                "experiences" => check_experiences(&folder, body).await,
                "notification" => check_notification(&folder, body).await,
                "dm_channel" => check_dm_channel(&folder, body).await,
                "message" => check_message(&folder, body).await,
                "error" => check_error(&folder, body).await,
                other => panic!("{other} has no reader"),
            }
        }
    }
}

/// `GET`, `extend` and `cancel` return the same object.
async fn check_membership(shape: &str, body: &'static str) {
    let listener = Listener::start([(200, body), (200, body), (200, body)]).await;
    let whop = whop(&listener.base);
    let MembershipAnswer { membership: read, manage_url, email } =
        whop.membership(&membership()).await.unwrap();
    assert_eq!(read, expected_membership(shape), "{shape}");
    let nested = shape == "undated";
    let link = nested.then_some("https://whop.com/billing/manage/mber_9Qe/");
    assert_eq!(manage_url.as_deref(), link, "{shape}");
    let address = email.as_ref().map(|address| address.as_str());
    assert_eq!(address, nested.then_some("buyer@example.com"), "{shape}");
    assert_eq!(whop.extend("key_1", &membership(), 7).await, Ok("extended".to_owned()), "{shape}");
    assert_eq!(whop.cancel("key_2", &membership(), true).await, Ok("cancelled".to_owned()), "{shape}");
}

async fn check_memberships(shape: &str, body: &'static str) {
    let listener = Listener::start([(200, body), (200, body)]).await;
    let whop = whop(&listener.base);
    assert_eq!(whop.is_paused(&company(), &user(), &membership()).await, Ok(true), "{shape}");
    let expected = ListedMembership {
        id: membership(),
        bought_at: at(1_779_098_400),
        membership: expected_membership(shape),
    };
    let listed = whop.bought_after(&company(), &user(), "prod_w2", at(0)).await;
    assert_eq!(listed, Ok(vec![expected]), "{shape}");
}

async fn check_payment(folder: &str, body: &'static str) {
    let listener = Listener::start([(200, body)]).await;
    let address = whop(&listener.base).address_of_payment(&payment()).await.unwrap();
    let address = address.unwrap_or_else(|| panic!("{folder}: no address"));
    assert_eq!(address.as_str(), "buyer@example.com", "{folder}");
    assert!(!format!("{address:?}").contains("buyer"), "an address never shows in a log");
}

async fn check_access(folder: &str, body: &'static str) {
    let listener = Listener::start([(200, body)]).await;
    let level = whop(&listener.base).access(&user(), "exp_s3Kd").await;
    assert_eq!(level, Ok(AccessLevel::Customer), "{folder}");
}

async fn check_experiences(folder: &str, body: &'static str) {
    let listener = Listener::start([(200, body)]).await;
    let found = whop(&listener.base).experience(&company(), "app_9x").await;
    assert_eq!(found, Ok(Some("exp_s3Kd".to_owned())), "{folder}");
}

async fn check_notification(folder: &str, body: &'static str) {
    let listener = Listener::start([(200, body)]).await;
    let queued = whop(&listener.base).push("key_1", "exp_s3Kd", &user(), &message()).await;
    assert_eq!(queued, Ok("queued".to_owned()), "{folder}");
}

/// The message is sent to the channel's id.
async fn check_dm_channel(folder: &str, body: &'static str) {
    let listener = Listener::start([(200, body), (200, "{}")]).await;
    whop(&listener.base).dm("key_1", &user(), &message()).await.unwrap();
    let written = listener.received().pop().unwrap().json();
    assert_eq!(written["channel_id"], json!("feed_7Gh"), "{folder}");
}

async fn check_message(folder: &str, body: &'static str) {
    let listener = Listener::start([(200, r#"{"id":"feed_7Gh"}"#), (200, body)]).await;
    let sent = whop(&listener.base).dm("key_1", &user(), &message()).await;
    assert_eq!(sent, Ok("post_2Fd".to_owned()), "{folder}");
}

/// The error's type is kept; the message may name a person and is not.
async fn check_error(folder: &str, body: &'static str) {
    let reason = || "invalid_request".to_owned();
    let listener = Listener::start([(403, body), (400, body)]).await;
    let whop = whop(&listener.base);
    let read = whop.membership(&membership()).await;
    assert_eq!(read, Err(CallError::Rejected { reason: reason() }), "{folder}");
    let changed = whop.extend("key_1", &membership(), 7).await;
    assert_eq!(changed, Err(CallError::Rejected { reason: reason() }), "{folder}");
}
