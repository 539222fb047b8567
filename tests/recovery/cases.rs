//! Cases are shown in order, page by page, each once, to their own company only.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use chrono::Duration;
use http::Method;
use http_body_util::BodyExt as _;
use local::embedded::{Failure, Intervention, RequestRecord};
use serde_json::{Value, json};

use support::world::{COMPANY, OWNER, World, id_of, payment};

const LIST: &str = "/api/dashboard/cases";

/// So many cases of one company, three of each minute.
async fn add_cases(world: &World, company: &str, prefix: &str, count: i64) {
    for number in 0..count {
        let at = world.now() - Duration::minutes(number / 3);
        let (member, pay) = (format!("mem_{prefix}{number}"), format!("pay_{prefix}{number}"));
        let event = payment("payment.failed", company, &member, &pay, at);
        world.deliver(&id_of(&event), event).await.ok();
    }
}

/// Every page of a list, walked to its end.
async fn walk(world: &World, query: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let next = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = world.get(&format!("{LIST}?{query}{next}")).await;
        all.extend(page["data"].as_array().unwrap().clone());
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return all;
        }
    }
}

async fn status(world: &World, path: &str) -> u16 {
    world.owner(Method::GET, path, None).await.status.as_u16()
}

fn column<'a>(cases: &'a [Value], name: &str) -> Vec<&'a str> {
    cases.iter().map(|case| case[name].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_walk_over_all_pages_meets_every_case_once_newest_first() {
    let world = World::start().await;
    add_cases(&world, COMPANY, "a", 250).await;
    for (query, pages) in [("limit=100", 3), ("limit=7", 36), ("", 5), ("limit=50&status=open", 5)] {
        world.service.dynamo.reset_requests();
        let cases = walk(&world, query).await;
        let ids: BTreeSet<&str> = column(&cases, "case_id").into_iter().collect();
        assert_eq!((cases.len(), ids.len()), (250, 250), "{query}");
        let times = column(&cases, "first_failure_at");
        assert!(times.is_sorted_by(|earlier, later| earlier >= later), "{query}");
        let requests = world.service.dynamo.requests();
        let queries = requests.iter().filter(|request| request.operation == "Query").count();
        assert!((pages..=pages + 1).contains(&queries), "{query}: {queries} queries");
    }
    // A case that opens meanwhile moves no case to another page.
    let page = world.get(&format!("{LIST}?limit=100")).await;
    world.fail("mem_new", "pay_new", world.now()).await.ok();
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = world.get(&format!("{LIST}?limit=100&cursor={cursor}")).await;
    let seen = [&page, &next].map(|page| column(page["data"].as_array().unwrap(), "case_id").len());
    let ids: BTreeSet<String> = [page, next]
        .iter()
        .flat_map(|page| page["data"].as_array().unwrap().clone())
        .map(|case| case["case_id"].to_string())
        .collect();
    assert_eq!((seen, ids.len()), ([100, 100], 200));
}

#[tokio::test]
async fn a_status_shows_its_cases_alone() {
    let world = World::start().await;
    add_cases(&world, COMPANY, "a", 6).await;
    world.succeed("mem_a0", "pay_a0", world.now()).await.ok();
    world.succeed("mem_a1", "pay_a1", world.now()).await.ok();
    let case = world.case_of("mem_a2").await;
    world.post(&format!("/api/cases/{}/cancel", case["case_id"].as_str().unwrap()), json!({})).await.ok();
    for (status, count) in [("open", 3), ("recovered", 2), ("cancelled", 1), ("exhausted", 0), ("lost", 0)] {
        let cases = walk(&world, &format!("limit=1&status={status}")).await;
        assert_eq!(column(&cases, "status"), vec![status; count]);
    }
}

#[tokio::test]
async fn a_query_that_cannot_be_meant_is_refused() {
    let world = World::start().await;
    add_cases(&world, COMPANY, "a", 3).await;
    let case_id = world.case_of("mem_a0").await["case_id"].as_str().unwrap().to_owned();
    let first = world.get(&format!("{LIST}?limit=1")).await;
    let cursor = first["next_cursor"].as_str().unwrap();
    for query in [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=abc",
        "limit=1.5",
        "limit=",
        "limit=%2B5",
        "limit=5&limit=5",
        "status=",
        "cursor=",
        "status=won",
        "status=OPEN",
        "status=open&status=open",
        "page=2",
        "Limit=5",
        "cursor=garbage",
        "cursor=%00",
        "cursor=AAAA",
        "cursor=YWN0aW9uOjE",
        "cursor=open",
    ] {
        assert_eq!(status(&world, &format!("{LIST}?{query}")).await, 400, "{query}");
    }
    for edited in [&cursor[1..], &cursor[..cursor.len() - 4], &format!("{cursor}="), &cursor.to_lowercase()] {
        assert_eq!(status(&world, &format!("{LIST}?cursor={edited}")).await, 400, "{edited}");
    }
    let actions = format!("/api/cases/{case_id}/actions");
    for query in ["limit=0", "limit=101", &format!("cursor={cursor}"), "cursor=x", "status=open"] {
        assert_eq!(status(&world, &format!("{actions}?{query}")).await, 400, "actions {query}");
    }
    for window in ["0", "366", "-1", "abc", "", "30.0", "%2030", "30&window=30", "30&days=1", "1e1"] {
        let answer = world.owner(Method::GET, &format!("/api/dashboard/kpis?window={window}"), None).await;
        assert_eq!(answer.status, 400, "{window}");
        assert!(answer.json()["errors"][0]["field"].is_string());
    }
    for window in [1, 30, 365] {
        assert_eq!(world.get(&format!("/api/dashboard/kpis?window={window}")).await["window_days"], window);
    }
    for id in ["1", "not-a-uuid", &case_id.to_uppercase(), &case_id.replace('-', ""), "..%2F..", "%20"] {
        assert_eq!(status(&world, &format!("/api/cases/{id}")).await, 400, "{id}");
        assert_eq!(status(&world, &format!("/api/cases/{id}/actions")).await, 400, "{id}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_company_leads_only_to_ones_own() {
    let world = World::start().await;
    world.add_company("biz_beta", "user_beta", true);
    add_cases(&world, COMPANY, "a", 4).await;
    add_cases(&world, "biz_beta", "b", 4).await;
    let request = world.owner_request("biz_beta", "user_beta", Method::GET, &format!("{LIST}?limit=1"), None);
    let theirs = world.ask(request).await.ok();
    let cursor = theirs["next_cursor"].as_str().unwrap();
    let own = world.get(&format!("{LIST}?cursor={cursor}")).await;
    assert!(column(own["data"].as_array().unwrap(), "company_id").iter().all(|id| *id == COMPANY), "{own}");
}

#[tokio::test]
async fn a_case_lists_its_actions_in_order_and_never_their_texts() {
    let world = World::start().await;
    world.save_settings(json!({"incentive_days": 2})).await;
    let case_id = world.open_case(COMPANY, "mem_1").await;
    world.settle().await;
    world.advance(Duration::hours(1));
    world.post(&format!("/api/cases/{case_id}/nudge"), json!({"channel": "dm"})).await.ok();
    world.advance(Duration::hours(1));
    world.post(&format!("/api/cases/{case_id}/cancel"), json!({})).await.ok();

    let case = world.get(&format!("/api/cases/{case_id}")).await;
    assert_eq!(
        (&case["status"], &case["attempts"], &case["due_at"]),
        (&json!("cancelled"), &json!(3), &Value::Null)
    );
    let actions = world.actions_of(&case_id).await;
    let kinds = ["incentive_applied", "nudge_dm", "nudge_push", "nudge_dm", "case_cancelled"];
    assert_eq!(column(&actions, "kind"), kinds);
    assert!(column(&actions, "at").is_sorted());
    assert_eq!(column(&actions, "status"), vec!["done"; 5]);

    let (mut one_by_one, mut cursor) = (Vec::new(), String::new());
    for _ in 0..5 {
        let page = world.get(&format!("/api/cases/{case_id}/actions?limit=1{cursor}")).await;
        one_by_one.extend(page["data"].as_array().unwrap().clone());
        cursor = page["next_cursor"].as_str().map(|next| format!("&cursor={next}")).unwrap_or_default();
    }
    assert_eq!((one_by_one, cursor.as_str()), (actions, ""));

    let listed = world.get(LIST).await;
    let kept = format!("{:?}", world.items("").await);
    let shown = format!("{case}{listed}{:?}", world.actions_of(&case_id).await);
    for said in
        ["did not go through", "could not renew", "free days", "card was declined", "canary@example.com"]
    {
        assert!(!shown.contains(said) && !kept.contains(said), "{said}");
    }
}

#[tokio::test]
async fn the_export_holds_every_case_and_no_formula() {
    let world = World::start().await;
    add_cases(&world, COMPANY, "a", 230).await;
    world.succeed("mem_a0", "pay_a0", world.now()).await.ok();
    let answer = world.owner(Method::GET, "/api/cases/export", None).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"cases-2025-11-18.csv\""));
    let lines: Vec<&str> = answer.body.strip_suffix("\r\n").unwrap().split("\r\n").collect();
    assert!(lines[0].starts_with("case_id,membership_id,user_id,status,first_failure_at,"), "{}", lines[0]);
    let ids: BTreeSet<&str> = lines[1..].iter().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!((lines.len(), ids.len()), (231, 230));
    let width = lines[0].split(',').count();
    for field in lines.iter().flat_map(|line| line.split(',')) {
        assert!(!field.starts_with(['=', '+', '-', '@', '\t', '\r']), "{field}");
    }
    assert!(lines.iter().all(|line| line.split(',').count() == width));
    let recovered = world.owner(Method::GET, "/api/cases/export?status=recovered", None).await;
    assert_eq!(recovered.body.lines().count(), 2);
    let none = world.owner(Method::GET, "/api/cases/export?status=lost", None).await;
    assert_eq!(none.body.lines().count(), 1, "the head alone");
    for query in ["status=won", "limit=5", "cursor=x"] {
        assert_eq!(status(&world, &format!("/api/cases/export?{query}")).await, 400, "{query}");
    }
}

#[tokio::test]
async fn the_export_streams_and_a_broken_one_does_not_look_whole() {
    let world = World::start().await;
    add_cases(&world, COMPANY, "a", 230).await;
    let request = world.owner_request(COMPANY, OWNER, Method::GET, "/api/cases/export", None);
    world.get(LIST).await;
    world.service.dynamo.reset_requests();
    let mut body: Body = world.service.ask(request).await.into_body();
    body.frame().await.unwrap().unwrap();
    let requests = world.service.dynamo.requests();
    let queries = requests.iter().filter(|request| request.operation == "Query").count();
    assert_eq!(queries, 1, "the second page is read when the first has left");
    let refuse = |_, _: &RequestRecord| Intervention::FailBefore(Failure::Internal);
    world.service.dynamo.intercept(Arc::new(refuse));
    assert!(body.collect().await.is_err(), "the connection breaks off");
    let answer = world.owner(Method::GET, "/api/cases/export", None).await;
    assert_eq!(answer.status, 503, "an immediate failure is reported");
}
