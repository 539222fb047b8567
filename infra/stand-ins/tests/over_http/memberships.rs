use chrono::Duration;
use reqwest::Method;
use serde_json::json;

use super::{Sandbox, noon, read};
use stand_ins::outbox::Kind;
use stand_ins::whop::{Membership, MembershipStatus, Shape};

const EXTEND: &str = "/api/v1/memberships/mem_1/extend";
const CANCEL: &str = "/api/v1/memberships/mem_1/cancel";

#[tokio::test]
async fn a_membership_is_shown_in_the_shape_of_the_dated_version() {
    let sandbox = Sandbox::start().await;
    let (status, shown) = sandbox.get("/api/v1/memberships/mem_1").await;
    assert_eq!(status, 200);
    assert_eq!(
        shown,
        json!({
            "id": "mem_1", "status": "past_due",
            "account": {"id": "biz_open", "route": "shop", "title": "Open", "logo_url": null},
            "user_id": "user_1", "product_id": "prod_1", "plan_id": "plan_1",
            "current_period_end": "2025-11-28T12:00:00.000Z", "cancel_at_period_end": false,
            "created_at": "2025-10-29T12:00:00.000Z", "license_key": null, "member": null,
            "metadata": {}, "phone_number": null,
        })
    );
    sandbox.whop.set_shape(Shape::Undated);
    let (_, shown) = sandbox.get("/api/v1/memberships/mem_1").await;
    assert_eq!(shown["user"]["email"], "user_1@example.com", "an older key is answered in the older shape");
    assert_eq!(
        (&shown["company"]["id"], &shown["payment_collection_paused"]),
        (&json!("biz_open"), &json!(false))
    );
    sandbox.whop.set_shape(Shape::Dated);
    let (status, error) = sandbox.get("/api/v1/memberships/mem_unknown").await;
    assert_eq!((status, &error["error"]["type"]), (404, &json!("not_found")));
}

#[tokio::test]
async fn nothing_is_answered_without_a_key_and_the_pinned_version() {
    let sandbox = Sandbox::start().await;
    let url = format!("{}/api/v1/memberships/mem_1", sandbox.base);
    let ask = |bearer: &'static str, version: Option<&'static str>| {
        let request = sandbox.http.get(&url).header("authorization", bearer);
        version.into_iter().fold(request, |request, date| request.header("Api-Version-Date", date)).send()
    };
    for (bearer, version, status) in [
        ("Bearer whop_key", Some("2026-09-15"), 200),
        ("Bearer whop_", Some("2026-09-15"), 401),
        ("Bearer other_key", Some("2026-09-15"), 401),
        ("Basic whop_key", Some("2026-09-15"), 401),
        ("Bearer whop_key", Some("2026-07-20"), 200),
        ("Bearer whop_key", None, 200),
        ("Bearer whop_key", Some("2026-09-16"), 400),
        ("Bearer whop_key", Some(""), 400),
    ] {
        assert_eq!(ask(bearer, version).await.unwrap().status(), status, "{bearer} {version:?}");
    }
    // A request that has another meaning without the date is refused without it.
    let undated =
        sandbox.http.post(format!("{}{CANCEL}", sandbox.base)).header("authorization", "Bearer whop_key");
    assert_eq!(undated.json(&json!({"cancel_at_period_end": true})).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn paused_memberships_are_listed_for_their_buyer_alone() {
    let sandbox = Sandbox::start().await;
    let list = "/api/v1/memberships?account_id=biz_open&user_id=user_1&status=paused";
    assert_eq!(sandbox.get(list).await.1["data"], json!([]));
    sandbox.whop.change_membership("mem_1", |membership| membership.collection_paused = true);
    assert_eq!(sandbox.get(list).await.1["data"][0]["id"], "mem_1");
    let other = "/api/v1/memberships?account_id=biz_open&user_id=user_9&status=paused";
    assert_eq!(sandbox.get(other).await.1["data"], json!([]));
    assert_eq!(sandbox.get("/api/v1/memberships?user_id=user_1").await.0, 400, "a list is of an account");
}

#[tokio::test]
async fn memberships_are_listed_by_every_filter_the_newest_first_and_in_pages() {
    let sandbox = Sandbox::start().await;
    for (id, product, bought_days_ago) in
        [("mem_a", "prod_1", 3), ("mem_b", "prod_1", 1), ("mem_c", "prod_2", 2)]
    {
        let bought = Membership {
            product_id: product.to_owned(),
            created_at: Some(noon() - Duration::days(bought_days_ago)),
            ..Membership::new(id, "biz_open", "user_buyer", noon())
        };
        sandbox.whop.add_membership(bought);
    }
    let list = "/api/v1/memberships?account_id=biz_open&user_id=user_buyer";
    let ids = async |filter: &str| -> Vec<String> {
        let (status, page) = sandbox.get(&format!("{list}{filter}")).await;
        assert_eq!(status, 200, "{filter}: {page}");
        page["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("").await, ["mem_b", "mem_c", "mem_a"]);
    assert_eq!(ids("&product_id=prod_1").await, ["mem_b", "mem_a"]);
    let bound = (noon() - Duration::days(2)).to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    assert_eq!(ids(&format!("&created_after={bound}")).await, ["mem_b"]);
    assert_eq!(ids(&format!("&created_before={bound}")).await, ["mem_a"]);
    assert_eq!(ids("&first=2&after=after:mem_b").await, ["mem_c", "mem_a"]);
    assert_eq!(sandbox.get(&format!("{list}&first=2")).await.1["page_info"]["has_next_page"], true);

    // Whop's states of living memberships leave out those that end with their period.
    sandbox.whop.change_membership("mem_b", |one| one.cancel_at_period_end = true);
    assert_eq!(ids("&status=active").await, ["mem_c", "mem_a"]);
    assert_eq!(ids("&status=canceling").await, ["mem_b"]);
    for bad in ["&status=drafted", "&statuses=active", "&created_after=yesterday", "&first=0", "&first=101"] {
        let (status, error) = sandbox.get(&format!("{list}{bad}")).await;
        assert_eq!((status, &error["error"]["type"]), (400, &json!("invalid_request")), "{bad}");
    }
}

#[tokio::test]
async fn free_days_under_one_key_are_granted_once_in_a_day() {
    let sandbox = Sandbox::start().await;
    let (status, first) = sandbox.post_with_key(EXTEND, json!({"days": 7}), "key_1").await;
    assert_eq!((status, &first["current_period_end"]), (200, &json!("2025-12-05T12:00:00.000Z")));
    sandbox.clock.advance(Duration::hours(23));
    assert_eq!(sandbox.post_with_key(EXTEND, json!({"days": 7}), "key_1").await, (200, first));
    assert_eq!(sandbox.outbox.count(Kind::FreeDays), 1);

    let (status, error) = sandbox.post_with_key(EXTEND, json!({"days": 8}), "key_1").await;
    assert_eq!((status, &error["error"]["type"]), (400, &json!("idempotency_error")));
    let other = "/api/v1/memberships/mem_2/extend";
    assert_eq!(sandbox.post_with_key(other, json!({"days": 7}), "key_1").await.0, 400);

    sandbox.clock.advance(Duration::hours(1));
    sandbox.post_with_key(EXTEND, json!({"days": 7}), "key_1").await;
    assert_eq!(sandbox.outbox.count(Kind::FreeDays), 2, "a forgotten key grants again");
    assert_eq!(sandbox.outbox.entries()[0].idempotency_key.as_deref(), Some("key_1"));
}

#[tokio::test]
async fn free_days_without_a_key_are_granted_every_time() {
    let sandbox = Sandbox::start().await;
    sandbox.post(EXTEND, json!({"days": 7})).await;
    sandbox.post(EXTEND, json!({"days": 7})).await;
    let membership = sandbox.whop.membership("mem_1").unwrap();
    assert_eq!(membership.renewal_period_end, noon() + Duration::days(24));
    assert_eq!(sandbox.reached(Kind::FreeDays), ["mem_1", "mem_1"]);
}

#[tokio::test]
async fn free_days_out_of_range_and_fields_of_older_versions_are_refused() {
    let sandbox = Sandbox::start().await;
    for body in [json!({"days": 0}), json!({"days": 1096}), json!({"free_days": 7}), json!({"days": "7"})] {
        let (status, error) = sandbox.post(EXTEND, body.clone()).await;
        assert_eq!((status, &error["error"]["type"]), (400, &json!("invalid_request")), "{body}");
    }
    let too_long = "k".repeat(256);
    assert_eq!(sandbox.post_with_key(EXTEND, json!({"days": 1}), &too_long).await.0, 400);
    assert_eq!(sandbox.post("/api/v1/memberships/mem_0/extend", json!({"days": 1})).await.0, 404);
    assert_eq!(sandbox.outbox.entries(), []);
}

#[tokio::test]
async fn a_cancellation_without_a_mode_ends_the_membership_at_once() {
    let sandbox = Sandbox::start().await;
    let (_, shown) = sandbox.post(CANCEL, json!({"cancel_at_period_end": true})).await;
    assert_eq!((&shown["status"], &shown["cancel_at_period_end"]), (&json!("past_due"), &json!(true)));
    assert_eq!(sandbox.reached(Kind::Cancel), ["mem_1"]);

    let older_version = json!({"cancellation_mode": "at_period_end"});
    assert_eq!(sandbox.post(CANCEL, older_version).await.0, 400);
    assert_eq!(sandbox.outbox.count(Kind::Terminate), 0);

    let no_body = read(sandbox.request(Method::POST, CANCEL).send().await.unwrap()).await;
    assert_eq!((no_body.0, &no_body.1["status"]), (200, &json!("canceled")));
    assert_eq!(sandbox.reached(Kind::Terminate), ["mem_1"]);
    assert_eq!(sandbox.whop.membership("mem_1").unwrap().canceled_at, Some(noon()));
}

#[tokio::test]
async fn access_depends_on_the_team_the_status_and_the_companys_switch() {
    let sandbox = Sandbox::start().await;
    for (user, resource, level) in [
        ("user_owner", "biz_open", "admin"),
        ("user_owner", "biz_strict", "no_access"),
        ("user_owner", "exp_open", "admin"),
        ("user_1", "biz_open", "customer"),
        ("user_1", "exp_open", "customer"),
        ("user_2", "exp_strict", "no_access"),
        ("user_3", "exp_strict", "customer"),
        ("user_3", "exp_open", "no_access"),
    ] {
        let (status, shown) = sandbox.get(&format!("/api/v1/users/{user}/access/{resource}")).await;
        let expected = json!({"has_access": level != "no_access", "access_level": level});
        assert_eq!((status, shown), (200, expected), "{user} {resource}");
    }
    assert_eq!(sandbox.get("/api/v1/users/user_1/access/biz_unknown").await.0, 404);
    sandbox.whop.set_membership_status("mem_2", MembershipStatus::Active);
    let (_, shown) = sandbox.get("/api/v1/users/user_2/access/exp_strict").await;
    assert_eq!(shown["has_access"], true);
    assert_eq!(sandbox.whop.requests()["access"], 10);
}

#[tokio::test]
async fn experiences_come_in_pages_of_one_company_and_app() {
    let sandbox = Sandbox::start().await;
    for number in 1..=3 {
        sandbox.whop.add_experience(&format!("exp_{number}"), "biz_open", "app_other");
    }
    let list = "/api/v1/experiences?account_id=biz_open";
    let (_, ours) = sandbox.get(&format!("{list}&app_id=app_local")).await;
    let shown = json!({
        "id": "exp_open", "name": "App", "app": {"id": "app_local"},
        "company": {"id": "biz_open", "title": "Open"},
    });
    assert_eq!(ours["data"], json!([shown]));
    assert_eq!(ours["page_info"]["has_next_page"], false);

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let (_, page) = sandbox.get(&format!("{list}&app_id=app_other&first=2{cursor}")).await;
        seen.extend(page["data"].as_array().unwrap().iter().map(|one| one["id"].clone()));
        if page["page_info"]["has_next_page"] != true {
            break;
        }
        cursor = format!("&after={}", page["page_info"]["end_cursor"].as_str().unwrap());
    }
    assert_eq!(seen, ["exp_1", "exp_2", "exp_3"]);
    for bad in ["/api/v1/experiences", "/api/v1/experiences?account_id=biz_open&after=elsewhere"] {
        assert_eq!(sandbox.get(bad).await.0, 400);
    }
}
