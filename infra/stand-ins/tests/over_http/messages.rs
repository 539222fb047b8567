use serde_json::json;

use super::Sandbox;
use stand_ins::outbox::Kind;
use stand_ins::whop::MembershipStatus;

const PUSH: &str = "/api/v1/notifications";
const CHANNEL: &str = "/api/v1/dm_channels";
const MESSAGE: &str = "/api/v1/messages";

#[tokio::test]
async fn a_push_outside_its_audience_succeeds_and_reaches_no_one() {
    let sandbox = Sandbox::start().await;
    let push = json!({
        "title": "Renewal", "content": "Text", "experience_id": "exp_strict",
        "user_ids": ["user_2", "user_3", "user_1"], "rest_path": "/pay",
    });
    assert_eq!(sandbox.post(PUSH, push.clone()).await, (200, json!({"success": true})));
    assert_eq!(sandbox.reached(Kind::Push), ["user_3"]);
    let unreached: Vec<_> = sandbox.whop.unreached().into_iter().map(|entry| entry.to).collect();
    assert_eq!(unreached, ["user_1", "user_2"], "another company's member, and one past due");

    sandbox.whop.set_membership_status("mem_2", MembershipStatus::Active);
    sandbox.outbox.clear();
    sandbox.post(PUSH, push).await;
    assert_eq!(sandbox.reached(Kind::Push), ["user_2", "user_3"]);
}

#[tokio::test]
async fn a_push_to_the_account_reaches_its_team_only() {
    let sandbox = Sandbox::start().await;
    sandbox.post(PUSH, json!({"title": "Note", "content": "Text", "account_id": "biz_open"})).await;
    let narrowed =
        json!({"title": "Note", "content": "Text", "account_id": "biz_open", "user_ids": ["user_1"]});
    sandbox.post(PUSH, narrowed).await;
    assert_eq!(sandbox.reached(Kind::Push), ["user_owner"]);
    assert_eq!(sandbox.whop.unreached()[0].to, "user_1");
}

#[tokio::test]
async fn a_push_to_no_place_or_to_two_or_with_an_unknown_field_is_refused() {
    let sandbox = Sandbox::start().await;
    for (addition, status) in [
        (json!({}), 400),
        (json!({"experience_id": "exp_open", "account_id": "biz_open"}), 400),
        (json!({"company_id": "biz_open"}), 400),
        (json!({"experience_id": "exp_open", "user_id": "user_1"}), 400),
        (json!({"experience_id": "exp_unknown"}), 404),
    ] {
        let mut push = json!({"title": "Note", "content": "Text"});
        push.as_object_mut().unwrap().extend(addition.as_object().unwrap().clone());
        assert_eq!(sandbox.post(PUSH, push).await.0, status, "{addition}");
    }
    assert_eq!(sandbox.outbox.entries(), []);
}

#[tokio::test]
async fn a_push_sent_twice_arrives_twice_whatever_its_key() {
    let sandbox = Sandbox::start().await;
    let push =
        json!({"title": "Note", "content": "Text", "experience_id": "exp_open", "user_ids": ["user_1"]});
    sandbox.post_with_key(PUSH, push.clone(), "key_1").await;
    sandbox.post_with_key(PUSH, push, "key_1").await;
    assert_eq!(sandbox.reached(Kind::Push), ["user_1", "user_1"]);
}

#[tokio::test]
async fn the_same_people_share_one_channel_and_every_message_arrives() {
    let sandbox = Sandbox::start().await;
    let (status, channel) =
        sandbox.post(CHANNEL, json!({"with_user_ids": ["user_1"], "account_id": "biz_open"})).await;
    assert_eq!(status, 200);
    let again = json!({"with_user_ids": ["user_1"], "account_id": "biz_open"});
    assert_eq!(sandbox.post(CHANNEL, again).await.1, channel);
    let (_, other) = sandbox.post(CHANNEL, json!({"with_user_ids": ["user_2"]})).await;
    assert_ne!(other["id"], channel["id"]);

    let message = json!({"channel_id": channel["id"], "content": "Text"});
    let (status, first) = sandbox.post_with_key(MESSAGE, message.clone(), "key_1").await;
    let (_, second) = sandbox.post_with_key(MESSAGE, message, "key_1").await;
    assert_eq!(status, 200);
    assert_ne!(first["id"], second["id"]);
    assert_eq!(sandbox.reached(Kind::Dm), ["user_1", "user_1"]);

    assert_eq!(sandbox.post(MESSAGE, json!({"channel_id": "feed_0", "content": "Text"})).await.0, 404);
    assert_eq!(sandbox.post(CHANNEL, json!({"with_user_ids": []})).await.0, 400);
}
