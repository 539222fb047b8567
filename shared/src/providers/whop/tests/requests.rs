//! Checks every kind of request, as sent by the client, against the dated API.

use axum::http::Method;
use serde_json::{Value, json};

use super::listener::{Listener, Received};
use super::{API_KEY, at, company, membership, message, payment, user, whop};
use crate::providers::client::client;
use crate::providers::tokens::keys::KeySet;
use crate::providers::whop::API_VERSION_DATE;
use crate::providers::whop::client::Whop;

/// The parameters that Whop accepts in one kind of request. Source, unless another is named: the request types of
/// the official crate `whop_sdk` 1.1.5, which pins the same date as we do.
struct Published {
    /// The known query parameters.
    query: &'static [&'static str],
    /// The required and the optional fields of the body.
    required: &'static [&'static str],
    optional: &'static [&'static str],
}

/// Neither query nor body.
const BARE: Published = Published { query: &[], required: &[], optional: &[] };

/// `MembershipsListQueryRequest`; the reference of 2026-11-17 adds `member_id` and `external_account`.
const LIST_MEMBERSHIPS: Published = Published {
    query: &[
        "account_id",
        "user_id",
        "status",
        "product_id",
        "plan_id",
        "created_after",
        "created_before",
        "order",
        "direction",
        "first",
        "after",
        "last",
        "before",
    ],
    ..BARE
};

const LIST_EXPERIENCES: Published = Published {
    query: &[
        "after",
        "before",
        "first",
        "last",
        "product_id",
        "app_id",
        "created_before",
        "created_after",
        "account_id",
    ],
    ..BARE
};

/// `CreateNotificationsRequest`; one of `experience_id` and `account_id` must be there.
const CREATE_NOTIFICATION: Published = Published {
    required: &["content", "title", "experience_id"],
    optional: &["icon_user_id", "rest_path", "subtitle", "user_ids"],
    ..BARE
};

const CREATE_DM_CHANNEL: Published = Published {
    required: &["with_user_ids"],
    optional: &["account_id", "custom_name", "notifications_enabled"],
    ..BARE
};

const CREATE_MESSAGE: Published = Published {
    required: &["channel_id", "content"],
    optional: &["attachments", "auto_detect_links", "poll", "replying_to_message_id"],
    ..BARE
};

const EXTEND: Published = Published { required: &["days"], ..BARE };

/// `CancelMembershipsRequest`. The flag is optional for Whop, but without it the membership ends at once, so we
/// always send it.
const CANCEL: Published = Published { required: &["cancel_at_period_end"], optional: &["reason"], ..BARE };

/// The requests that `act` sends to Whop, which returns these answers.
async fn sent(answers: &[&'static str], act: impl AsyncFnOnce(&Whop)) -> Vec<Received> {
    let listener = Listener::start(answers.iter().map(|answer| (200, *answer))).await;
    act(&whop(&listener.base)).await;
    listener.received()
}

/// Checks the key, the pinned date, and that only known parameters are sent.
fn check_common(request: &Received, published: &Published) {
    assert_eq!(request.header("authorization"), Some(format!("Bearer {API_KEY}").as_str()));
    assert_eq!(request.header("api-version-date"), Some(API_VERSION_DATE));
    for (name, value) in &request.query {
        assert!(published.query.contains(&name.as_str()), "{name} is no parameter of {}", request.path);
        assert!(!value.is_empty(), "{name} of {} is empty", request.path);
    }
    let body = request.json();
    let names: Vec<&str> = body.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    for name in &names {
        let known = published.required.contains(name) || published.optional.contains(name);
        assert!(known, "{name} is no field of {}", request.path);
    }
    for name in published.required {
        assert!(names.contains(name), "{name} is missing from {}", request.path);
    }
}

fn check_read(request: &Received, path: &str, query: &[(&str, &str)], published: &Published) {
    check_common(request, published);
    assert_eq!((&request.method, request.path.as_str()), (&Method::GET, path));
    let found: Vec<(&str, &str)> = request.query.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(found, query);
    assert_eq!((request.json(), request.header("idempotency-key")), (Value::Null, None));
}

fn check_change(request: &Received, path: &str, key: &str, body: &Value, published: &Published) {
    check_common(request, published);
    assert_eq!((&request.method, request.path.as_str()), (&Method::POST, path));
    assert_eq!(request.header("idempotency-key"), Some(key));
    assert!(key.len() <= 255, "a longer key is refused");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!((&request.json(), request.query.as_slice()), (body, [].as_slice()));
}

const EMPTY_LIST: &str = r#"{"data":[],"page_info":{"has_next_page":false,"end_cursor":null}}"#;

#[tokio::test]
async fn a_membership_is_asked_for_by_its_id() {
    let requests = sent(&[r#"{"id":"mem_q7Rn2","status":"active"}"#], async |whop| {
        whop.membership(&membership()).await.unwrap();
    });
    let [request] = requests.await.try_into().unwrap();
    check_read(&request, "/api/v1/memberships/mem_q7Rn2", &[], &BARE);
}

#[tokio::test]
async fn paused_memberships_are_asked_for_by_seller_buyer_and_status() {
    let requests = sent(&[EMPTY_LIST], async |whop| {
        whop.is_paused(&company(), &user(), &membership()).await.unwrap();
    });
    let [request] = requests.await.try_into().unwrap();
    let query =
        [("account_id", "biz_a1B2c3"), ("user_id", "user_k4Tz9"), ("status", "paused"), ("first", "100")];
    check_read(&request, "/api/v1/memberships", &query, &LIST_MEMBERSHIPS);
}

#[tokio::test]
async fn purchases_are_asked_for_by_seller_buyer_product_and_time() {
    let requests = sent(&[EMPTY_LIST], async |whop| {
        whop.bought_after(&company(), &user(), "prod_w2", at(1_784_541_600)).await.unwrap();
    });
    let [request] = requests.await.try_into().unwrap();
    let query = [
        ("account_id", "biz_a1B2c3"),
        ("user_id", "user_k4Tz9"),
        ("product_id", "prod_w2"),
        ("created_after", "2026-07-20T10:00:00.000Z"),
        ("first", "100"),
    ];
    check_read(&request, "/api/v1/memberships", &query, &LIST_MEMBERSHIPS);
}

#[tokio::test]
async fn a_payment_is_asked_for_by_its_id() {
    let requests = sent(&[r#"{"id":"pay_3nEw0ld"}"#], async |whop| {
        whop.address_of_payment(&payment()).await.unwrap();
    });
    let [request] = requests.await.try_into().unwrap();
    check_read(&request, "/api/v1/payments/pay_3nEw0ld", &[], &BARE);
}

#[tokio::test]
async fn access_to_an_experience_or_a_company_is_asked_for_by_user_and_resource() {
    for resource in ["exp_s3Kd", "biz_a1B2c3"] {
        let requests = sent(&[r#"{"has_access":true,"access_level":"admin"}"#], async |whop| {
            whop.access(&user(), resource).await.unwrap();
        });
        let [request] = requests.await.try_into().unwrap();
        check_read(&request, &format!("/api/v1/users/user_k4Tz9/access/{resource}"), &[], &BARE);
    }
}

#[tokio::test]
async fn experiences_are_asked_for_by_seller_and_app() {
    let requests = sent(&[EMPTY_LIST], async |whop| {
        whop.experience(&company(), "app_9x").await.unwrap();
    });
    let [request] = requests.await.try_into().unwrap();
    let query = [("account_id", "biz_a1B2c3"), ("app_id", "app_9x"), ("first", "1")];
    check_read(&request, "/api/v1/experiences", &query, &LIST_EXPERIENCES);
}

#[tokio::test]
async fn a_push_goes_to_one_member_of_the_audience_of_an_experience() {
    let requests = sent(&[r#"{"success":true}"#], async |whop| {
        whop.push("key_1", "exp_s3Kd", &user(), &message()).await.unwrap();
    });
    let [request] = requests.await.try_into().unwrap();
    let body = json!({
        "experience_id": "exp_s3Kd", "user_ids": ["user_k4Tz9"], "title": "A title", "content": "A text",
    });
    check_change(&request, "/api/v1/notifications", "key_1", &body, &CREATE_NOTIFICATION);
}

#[tokio::test]
async fn a_direct_message_opens_the_channel_and_is_written_into_it_each_under_a_key_of_its_own() {
    let requests = sent(&[r#"{"id":"feed_7Gh"}"#, r#"{"id":"post_2Fd"}"#], async |whop| {
        whop.dm("key_1", &user(), &message()).await.unwrap();
    });
    let [channel, written] = requests.await.try_into().unwrap();
    let with = json!({"with_user_ids": ["user_k4Tz9"]});
    check_change(&channel, "/api/v1/dm_channels", "key_1:channel", &with, &CREATE_DM_CHANNEL);
    let text = json!({"channel_id": "feed_7Gh", "content": "A text"});
    check_change(&written, "/api/v1/messages", "key_1", &text, &CREATE_MESSAGE);
}

#[tokio::test]
async fn free_days_are_granted_by_their_number_under_the_key_that_grants_them_once() {
    let requests = sent(&["{}"], async |whop| {
        whop.extend("key_1", &membership(), 7).await.unwrap();
    });
    let [request] = requests.await.try_into().unwrap();
    let path = "/api/v1/memberships/mem_q7Rn2/extend";
    check_change(&request, path, "key_1", &json!({"days": 7}), &EXTEND);
}

#[tokio::test]
async fn a_cancellation_always_says_whether_it_is_at_the_end_of_the_period() {
    for at_period_end in [true, false] {
        let requests = sent(&["{}"], async |whop| {
            whop.cancel("key_1", &membership(), at_period_end).await.unwrap();
        });
        let [request] = requests.await.try_into().unwrap();
        let body = json!({"cancel_at_period_end": at_period_end});
        check_change(&request, "/api/v1/memberships/mem_q7Rn2/cancel", "key_1", &body, &CANCEL);
    }
}

#[tokio::test]
async fn the_key_set_is_public_and_our_key_does_not_travel_there() {
    let listener = Listener::start([(200, r#"{"keys":[]}"#)]).await;
    let keys = KeySet::at(client().unwrap(), &format!("{}/.well-known/jwks.json", listener.base));
    assert_eq!(keys.named(None, at(1_784_541_600)).await.unwrap(), []);
    let [request] = listener.received().try_into().unwrap();
    assert_eq!((&request.method, request.path.as_str()), (&Method::GET, "/api/v1/.well-known/jwks.json"));
    assert_eq!((request.header("authorization"), request.header("idempotency-key")), (None, None));
    assert_eq!((request.query.len(), request.json()), (0, Value::Null));
}
