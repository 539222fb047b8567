//! `GET /api/memberships/{membership_id}` and `/manage-url`: a membership from Whop, for its own company.

use http::Method;
use serde_json::json;
use stand_ins::fault::Operation;
use support::world::{COMPANY, World};

const OTHER: &str = "biz_beta";

#[tokio::test]
async fn the_owner_sees_status_dates_and_link_and_no_name() {
    let world = World::start().await;
    world.add_past_due(COMPANY, "mem_1");
    let shown = world.get("/api/memberships/mem_1").await;
    assert_eq!((&shown["status"], &shown["company_id"]), (&json!("past_due"), &json!(COMPANY)));
    assert_eq!(shown["user_id"], "user_1");
    let link = world.get("/api/memberships/mem_1/manage-url").await;
    assert_eq!((&link["membership_id"], &link["manage_url"]), (&json!("mem_1"), &shown["manage_url"]));
}

#[tokio::test]
async fn another_companys_membership_is_answered_as_an_absent_one() {
    let world = World::start().await;
    world.add_company(OTHER, "user_beta", true);
    world.add_past_due(OTHER, "mem_2");
    for route in ["", "/manage-url"] {
        let read = async |id: &str| {
            let answer = world.owner(Method::GET, &format!("/api/memberships/{id}{route}"), None).await;
            (answer.status, answer.json()["detail"].clone())
        };
        let (foreign, absent) = (read("mem_2").await, read("mem_9").await);
        assert_eq!((foreign.0.as_u16(), &foreign), (404, &absent), "{route}");
        assert_eq!(read("no%20membership").await.0, 400, "{route}");
    }
}

#[tokio::test]
async fn while_whop_does_not_answer_the_request_may_be_repeated() {
    let world = World::start().await;
    world.add_past_due(COMPANY, "mem_1");
    world.inject_fault(Operation::Memberships, "status:500", None, None);
    let answer = world.owner(Method::GET, "/api/memberships/mem_1", None).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("2")), "{answer:?}");
}
