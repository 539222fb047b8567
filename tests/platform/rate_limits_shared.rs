//! Limits that several callers share, and requests that count once or for two.

use axum::body::Body;
use chrono::Duration;
use http::{HeaderMap, Method};
use serde_json::json;
use shared::auth::routes::ROUTES;
use shared::domain::kernel::account::Role;
use shared::rate_limit::LimitSubject;

use crate::rate_limit_answers::{SIGN_IN, number, quota};
use support::askers::{OTHER, OTHER_OWNER, body_of};
use support::browser::{ORIGIN, PASSWORD};
use support::world::{Answer, COMPANY, OWNER, World};

async fn save(world: &World, company: &str, user: &str, key: Option<&str>) -> Answer {
    let route = ROUTES.iter().find(|route| (route.method, route.path) == ("PUT", "/api/settings")).unwrap();
    let mut request = world.owner_request(company, user, Method::PUT, route.path, None);
    let headers: &mut HeaderMap = request.headers_mut();
    headers.insert("content-type", "application/json".parse().unwrap());
    if let Some(key) = key {
        headers.insert("idempotency-key", key.parse().unwrap());
    }
    *request.body_mut() = Body::from(body_of(world, route, None));
    world.ask(request).await
}

#[tokio::test]
async fn a_companys_owners_share_its_limit_and_another_company_has_its_own() {
    let world = World::start().await;
    world.service.sandbox.whop.add_company(COMPANY, "A company", &[OWNER, "user_2"], true, None);
    world.add_company(OTHER, OTHER_OWNER, true);
    for saved in 1..=60 {
        let answer = save(&world, COMPANY, if saved % 2 == 0 { OWNER } else { "user_2" }, None).await;
        assert_eq!((answer.status.as_u16(), quota(&answer).1), (200, 60 - saved));
        assert_eq!(answer.header("ratelimit-policy"), Some("\"case_action\";q=60;w=60"));
    }
    for user in [OWNER, "user_2"] {
        let refused = save(&world, COMPANY, user, None).await;
        assert_eq!((refused.status.as_u16(), number(&refused, "retry-after")), (429, 1));
    }
    assert_eq!(world.get("/api/settings").await["version"], 60, "what was refused was not done");
    assert_eq!(quota(&save(&world, OTHER, OTHER_OWNER, None).await).1, 59);
    let nudge = "/api/cases/00000000-0000-4000-8000-000000000000/nudge";
    assert_eq!(quota(&world.post(nudge, json!({})).await).1, 59, "nor does one job use up another's");
    world.advance(Duration::seconds(1));
    assert_eq!(save(&world, COMPANY, OWNER, None).await.status, 200);
    assert_eq!(save(&world, COMPANY, OWNER, None).await.status, 429);
}

#[tokio::test]
async fn a_request_sent_again_under_its_key_counts_once() {
    let world = World::start().await;
    assert_eq!(quota(&save(&world, COMPANY, OWNER, Some("key-1")).await).1, 59);
    for _ in 0..70 {
        let again = save(&world, COMPANY, OWNER, Some("key-1")).await;
        assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (200, Some("true")));
    }
    assert_eq!(quota(&save(&world, COMPANY, OWNER, Some("key-2")).await).1, 58);
    // Refused for its frequency, a request has not been answered: under its key it is done later.
    for number in 0..58 {
        save(&world, COMPANY, OWNER, Some(&format!("more-{number}"))).await.ok();
    }
    assert_eq!(save(&world, COMPANY, OWNER, Some("late")).await.status, 429);
    world.advance(Duration::seconds(1));
    let done = save(&world, COMPANY, OWNER, Some("late")).await;
    assert_eq!((done.status.as_u16(), done.header("idempotency-replayed")), (200, None));
}

#[tokio::test]
async fn a_sign_in_reports_the_remaining_attempts() {
    let world = World::of_two_companies().await;
    let guarded = ROUTES.iter().filter(|route| {
        route.limit.is_some_and(|class| class.subject == LimitSubject::IpAndAccount)
            || route.path == "/api/auth/password/change"
    });
    let mut met = 0;
    for route in guarded {
        let (body, class) = match route.path {
            SIGN_IN => (json!({"username": "nobody", "password": PASSWORD}), "auth"),
            "/api/auth/password/forgot" => (json!({"email": "nobody@example.com"}), "reset"),
            "/api/auth/password/change" => {
                (json!({"old_password": "wrong", "new_password": PASSWORD}), "auth")
            }
            other => panic!("what does {other} take?"),
        };
        let browser = world.signed_in(Role::Customer).await;
        let mut request = browser.request(Method::POST, route.path);
        assert_eq!(request.headers()["origin"], ORIGIN);
        request.headers_mut().insert("content-type", "application/json".parse().unwrap());
        *request.body_mut() = Body::from(body.to_string());
        let answer = world.ask(request).await;
        assert_eq!(quota(&answer).0, class, "{}", route.path);
        met += 1;
    }
    assert_eq!(met, 3);
}
