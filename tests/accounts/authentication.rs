//! Requests without valid credentials are refused, and objects of others stay hidden.

use http::Method;
use local::embedded::EmbeddedDynamo;
use serde_json::{Value, json};
use shared::auth::Access;
use shared::auth::routes::{ROUTES, Route};
use stand_ins::fault::Operation;
use stand_ins::whop::APP_ID;

use support::world::{Answer, COMPANY, OWNER, REMINDERS, World, bare, secret_request};

const OTHER: &str = "biz_beta";
const OTHER_OWNER: &str = "user_beta";
const NO_CASE: &str = "00000000-0000-4000-8000-000000000000";

/// A route's path with something in place of its parameters.
fn path(route: &Route, case_id: &str) -> String {
    let path = route.path.replace("{case_id}", case_id);
    path.replace("{membership_id}", "mem_1")
        .replace("{event_id}", "msg_1")
        .replace("{batch_id}", "payout-2025-11-18-tue")
}

fn routes(who: Access) -> impl Iterator<Item = (Method, String)> {
    let of = ROUTES.iter().filter(move |route| route.access == who);
    of.map(|route| (route.method.parse().unwrap(), path(route, NO_CASE)))
}

/// A problem document without the fields that differ in every answer.
fn comparable(answer: &Answer) -> Value {
    let mut problem = answer.json();
    problem.as_object_mut().unwrap().remove("request_id").unwrap();
    problem
}

#[tokio::test]
async fn without_proof_every_route_answers_401() {
    let world = World::start().await;
    for who in [Access::OWNER, Access::Scheduler, Access::SignedWebhook] {
        for (method, path) in routes(who) {
            assert_eq!(world.ask(bare(method.clone(), &path)).await.status, 401, "{method} {path}");
        }
    }
    for (method, path) in routes(Access::Anyone) {
        let status = world.ask(bare(method.clone(), &path)).await.status;
        assert!(status != 401 && status != 403, "{method} {path}: {status}");
    }
    assert!(world.service.sandbox.whop.requests().is_empty(), "Whop is not called without a user");
}

#[tokio::test]
async fn only_an_admin_of_the_very_company_is_its_owner() {
    let world = World::start().await;
    world.add_company(OTHER, OTHER_OWNER, true);
    world.add_past_due(COMPANY, "mem_1");
    for (method, path) in routes(Access::OWNER) {
        for (user, company) in [
            (OTHER_OWNER, COMPANY),
            (OWNER, OTHER),
            ("user_1", COMPANY),
            (OWNER, "biz_nobody"),
            (OWNER, ""),
            (OWNER, "alpha"),
            (OWNER, "biz_alpha/../biz_beta"),
        ] {
            let request = world.owner_request(company, user, method.clone(), &path, None);
            assert_eq!(world.ask(request).await.status, 401, "{user} {company} {path}");
        }
        for (doubled, value) in [("x-company-id", OTHER), ("x-whop-user-token", "a.b.c")] {
            let mut request = world.owner_request(COMPANY, OWNER, method.clone(), &path, None);
            request.headers_mut().append(doubled, value.parse().unwrap());
            assert_eq!(world.ask(request).await.status, 401, "two of {doubled}");
        }
    }
}

#[tokio::test]
async fn jobs_open_to_the_secret_alone() {
    let secrets = "the-newest-secret, the-older-secret-of-yesterday";
    let lookup = |name: &str| (name == "CRON_SECRET").then(|| secrets.to_owned());
    let world = World::with(EmbeddedDynamo::memory(), lookup).await;
    for (method, path) in routes(Access::Scheduler) {
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer wrong",
            "Bearer the-newest-secre",
            "Bearer the-newest-secrett",
            "Bearer the-newest-secret, the-newest-secre",
            "Bearer sandbox-cron-secret",
            "Basic the-newest-secret",
            "the-newest-secret",
        ] {
            let mut request = bare(method.clone(), &path);
            request.headers_mut().insert("authorization", wrong.parse().unwrap());
            assert_eq!(world.ask(request).await.status, 401, "{wrong:?} {path}");
        }
        for secret in ["the-newest-secret", "the-older-secret-of-yesterday"] {
            let status = world.ask(secret_request(method.clone(), &path, secret)).await.status;
            assert_ne!(status, 401, "{secret} {path}");
        }
    }
    assert_eq!(world.ask(secret_request(Method::GET, REMINDERS, "the-newest-secret")).await.status, 200);
}

#[tokio::test]
async fn what_is_not_configured_is_off_and_named() {
    for (name, status_of_owner, status_of_event) in [
        ("WHOP_APP_ID", 503, 200),
        ("WHOP_API_KEY", 503, 200),
        ("TABLE_NAME", 503, 503),
        // Without a webhook secret no request is authenticated as Whop's.
        ("WHOP_WEBHOOK_SECRET", 200, 401),
        ("ENCRYPTION_KEY", 200, 503),
        // An empty base URL selects the stand-in, never the real provider.
        ("WHOP_API_BASE", 200, 200),
        ("WHOP_USER_TOKEN_JWKS_URL", 200, 200),
    ] {
        let lookup = |asked: &str| (asked == name).then(String::new);
        let world = World::with(EmbeddedDynamo::memory(), lookup).await;
        let owner = world.owner(Method::GET, "/api/settings", None).await;
        assert_eq!(owner.status, status_of_owner, "{name}: {owner:?}");
        let event = world.fail("mem_1", "pay_1", world.now()).await;
        assert_eq!(event.status, status_of_event, "{name}: {event:?}");
        for answer in [owner, event].iter().filter(|answer| answer.status == 503) {
            assert!(answer.header("retry-after").is_some(), "{answer:?}");
            assert!(answer.body.contains(name), "what is missing is named: {answer:?}");
        }
    }
    for nothing in ["", "  ", ",", " , "] {
        let lookup = |asked: &str| (asked == "CRON_SECRET").then(|| nothing.to_owned());
        let world = World::with(EmbeddedDynamo::memory(), lookup).await;
        for secret in ["", ",", "sandbox-cron-secret"] {
            for (method, path) in routes(Access::Scheduler) {
                let status = world.ask(secret_request(method, &path, secret)).await.status;
                assert_eq!(status, 401, "{nothing:?} {secret:?} {path}");
            }
        }
    }
}

#[tokio::test]
async fn while_whop_does_not_answer_no_owner_is_authenticated() {
    for fault in ["status:500", "status:429", "status:403", "status:400", "drop_before", "drop_after"] {
        for operation in [Operation::Access, Operation::Jwks] {
            let world = World::start().await;
            world.inject_fault(operation, fault, None, None);
            for (method, path) in routes(Access::OWNER) {
                let answer = world.ask(world.owner_request(COMPANY, OWNER, method, &path, None)).await;
                let (status, wait) = (answer.status.as_u16(), answer.header("retry-after"));
                assert_eq!((status, wait), (503, Some("2")), "{fault} {operation:?} {path}");
            }
            world.all_well();
            world.get("/api/settings").await;
        }
    }
}

#[tokio::test]
async fn whops_answer_is_cached_for_a_minute() {
    let world = World::start().await;
    for _ in 0..5 {
        world.get("/api/settings").await;
    }
    assert_eq!((world.asked(Operation::Access), world.asked(Operation::Jwks)), (1, 1));
    world.service.sandbox.whop.add_company(COMPANY, "A company", &[], true, None);
    world.advance(chrono::Duration::seconds(59));
    world.get("/api/settings").await;
    world.advance(chrono::Duration::seconds(1));
    assert_eq!(world.owner(Method::GET, "/api/settings", None).await.status, 401, "removed a minute ago");
    assert_eq!((world.asked(Operation::Access), world.asked(Operation::Jwks)), (2, 1));
}

#[tokio::test]
async fn another_companys_case_is_answered_as_no_case_at_all() {
    let world = World::start().await;
    world.add_company(OTHER, OTHER_OWNER, true);
    let foreign = world.open_case(OTHER, "mem_1").await;
    for route in ROUTES.iter().filter(|route| route.path.contains("{case_id}")) {
        let method: Method = route.method.parse().unwrap();
        let absent = world.owner(method.clone(), &path(route, NO_CASE), None).await;
        let theirs = world.owner(method, &path(route, &foreign), None).await;
        assert_eq!((absent.status.as_u16(), theirs.status.as_u16()), (404, 404), "{}", route.path);
        assert_eq!(comparable(&absent), comparable(&theirs));
        assert_eq!(absent.headers.len(), theirs.headers.len());
    }
    for route in ROUTES.iter().filter(|route| route.path.contains("{membership_id}")) {
        let theirs = world.owner(Method::GET, &path(route, NO_CASE), None).await;
        let absent = world.owner(Method::GET, &route.path.replace("{membership_id}", "mem_none"), None).await;
        assert_eq!((absent.status.as_u16(), comparable(&absent)), (404, comparable(&theirs)));
    }
    assert!(world.service.sandbox.outbox.entries().is_empty(), "nothing happened to them");
    let request =
        world.owner_request(OTHER, OTHER_OWNER, Method::GET, &format!("/api/cases/{foreign}"), None);
    assert_eq!(world.ask(request).await.ok()["status"], "open");
}

#[tokio::test]
async fn an_unknown_path_is_404_and_a_wrong_method_405_with_the_allowed_ones() {
    let world = World::start().await;
    for path in ["/", "/api", "/api/settings/", "/api//settings", "/api/cases", "/API/SETTINGS", "/.env"] {
        assert_eq!(world.owner(Method::GET, path, None).await.status, 404, "{path}");
    }
    for route in ROUTES {
        let path = path(route, NO_CASE);
        for method in [Method::DELETE, Method::PATCH, Method::OPTIONS, Method::TRACE] {
            let answer = world.ask(bare(method, &path)).await;
            let allow = answer.header("allow").unwrap_or_default();
            assert!(answer.status == 405 && allow.contains(route.method), "{path}: {answer:?}");
        }
    }
    // An undecodable path is refused with a problem document too.
    let answer = world.owner(Method::GET, "/api/cases/%FF", None).await;
    assert_eq!(answer.status, 400);
    let token = world.service.sandbox.whop.user_token(OWNER, APP_ID);
    assert!(!format!("{:?}{}", answer.headers, json!(answer.body)).contains(&token));
}
