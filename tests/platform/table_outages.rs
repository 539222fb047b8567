//! An unresponsive or failing table: for rate limits only, or for everything. Each class behaves as
//! configured.

use std::sync::Arc;

use http::Method;
use local::embedded::{Failure, Intervention, RequestRecord};
use serde_json::Value;
use shared::auth::Access;
use shared::auth::routes::{ROUTES, Route};
use shared::domain::kernel::account::Role;
use shared::http::idempotent::KeyPolicy;
use shared::rate_limit::{Class, WhenUncounted};

use support::every_route::{Callers, good_body};
use support::world::{Answer, World, bare};

const SKIPPED: &str = "x-rate-limit-skipped";

const FAULT_POINTS: [Intervention; 5] = [
    Intervention::HangBefore,
    Intervention::HangAfter,
    Intervention::DropBefore,
    Intervention::FailBefore(Failure::Throttled),
    Intervention::FailBefore(Failure::Internal),
];

fn limited() -> impl Iterator<Item = (&'static Route, &'static Class)> {
    ROUTES.iter().filter_map(|route| Some((route, route.limit?)))
}

/// Injects a fault into the chosen requests to the table.
fn intervene(world: &World, chosen: fn(&RequestRecord) -> bool, fault: Intervention) {
    world.service.dynamo.intercept(Arc::new(
        move |_, request| {
            if chosen(request) { fault } else { Intervention::Pass }
        },
    ));
}

fn counts(request: &RequestRecord) -> bool {
    request.kinds.contains("LIMIT")
}

fn any(_: &RequestRecord) -> bool {
    true
}

/// The rows and effects: neither may change if a request was refused.
async fn traces(world: &World) -> (Vec<Value>, usize) {
    // A released key leaves a row that any request may claim.
    let is_key = |row: &Value| row["pk"].as_str().is_some_and(|pk| pk.starts_with("IDEMPOTENCY#"));
    let rows = world.rows().await.into_iter().filter(|row| !is_key(row)).collect();
    (rows, world.service.sandbox.outbox.entries().len())
}

async fn ask(world: &World, callers: &Callers, route: &Route, number: usize) -> Answer {
    let body = good_body(world, route).to_string();
    world.ask(callers.ask(world, route, body.as_bytes(), number)).await
}

fn is_refused(answer: &Answer) -> bool {
    answer.status == 503 && answer.header("retry-after") == Some("2") && answer.header(SKIPPED).is_none()
}

#[tokio::test]
async fn an_uncountable_limit_refuses_or_admits_as_its_class_defines() {
    for silence in FAULT_POINTS {
        let world = World::waiting_ms(25).await;
        let callers = Callers::of(&world).await;
        for (number, (route, class)) in limited().enumerate() {
            let context = format!("{silence:?} at {} {}", route.method, route.path);
            let before = traces(&world).await;
            intervene(&world, counts, silence);
            let answer = ask(&world, &callers, route, number).await;
            world.service.dynamo.stop_intercepting();
            if class.unanswered == WhenUncounted::Closed {
                assert!(is_refused(&answer), "{context}: {answer:?}");
                assert_eq!(traces(&world).await, before, "{context}");
                assert!(!answer.body.contains(class.name), "what is closed is the operator's business");
                continue;
            }
            assert_ne!(answer.status, 503, "{context}: {answer:?}");
            assert_eq!(answer.header(SKIPPED), Some("store_unanswered"), "{context}: {answer:?}");
            assert!(answer.header("ratelimit").is_none(), "{context}: the quota is unknown");
            if route.access == Access::SignedWebhook {
                let kept = answer.ok();
                assert_ne!(kept["outcome"], "duplicate", "{context}");
                assert_eq!(world.rows_of("EVENT#").await.len(), events(&before.0) + 1, "{context}");
            }
        }
    }
}

fn events(rows: &[Value]) -> usize {
    rows.iter().filter(|row| row["pk"].as_str().unwrap().starts_with("EVENT#")).count()
}

#[tokio::test]
async fn a_request_refused_under_a_key_is_done_by_its_retry() {
    let world = World::waiting_ms(25).await;
    let callers = Callers::of(&world).await;
    let keyed = limited().filter(|(route, _)| route.path.ends_with("/nudge") || route.method == "PUT");
    for (route, _) in keyed {
        let keyed = || {
            let body = good_body(&world, route).to_string();
            let mut request = callers.ask(&world, route, body.as_bytes(), 0);
            request.headers_mut().insert("idempotency-key", "key-1".parse().unwrap());
            request
        };
        let before = world.service.sandbox.outbox.entries().len();
        intervene(&world, counts, Intervention::HangBefore);
        assert!(is_refused(&world.ask(keyed()).await), "{}", route.path);
        world.service.dynamo.stop_intercepting();
        assert_eq!(world.service.sandbox.outbox.entries().len(), before);
        let answer = world.ask(keyed()).await;
        assert!(answer.status == 200 && answer.header("idempotency-replayed").is_none(), "{answer:?}");
    }
}

#[tokio::test]
async fn a_failed_proof_stays_a_failed_proof() {
    let world = World::waiting_ms(25).await;
    intervene(&world, counts, Intervention::HangBefore);
    for route in ROUTES.iter().filter(|route| route.access != Access::Anyone) {
        let method: Method = route.method.parse().unwrap();
        let path = route.path.replace(['{', '}'], "");
        assert_eq!(world.ask(bare(method, &path)).await.status, 401, "{}", route.path);
    }
}

#[tokio::test]
async fn while_the_table_fails_altogether_nothing_is_done_and_no_event_acknowledged() {
    for failure in FAULT_POINTS.into_iter().filter(|fault| !hangs(*fault)) {
        let world = World::waiting_ms(25).await;
        let callers = Callers::of(&world).await;
        let before = traces(&world).await;
        intervene(&world, any, failure);
        for (number, (route, _)) in limited().enumerate() {
            let answer = ask(&world, &callers, route, number).await;
            // Data that only Whop has is still returned.
            if route.function == "memberships" {
                assert_eq!((answer.status.as_u16(), answer.header(SKIPPED)), (200, Some("store_unanswered")));
                continue;
            }
            // The health check says what it found out.
            if route.function == "health" {
                assert_eq!((answer.status.as_u16(), answer.header(SKIPPED)), (503, Some("store_unanswered")));
                assert_eq!(answer.json()["checks"]["database"]["answers"], false, "{answer:?}");
                continue;
            }
            // Without a bus there is nothing to publish.
            if route.function == "event-publisher" {
                assert_eq!(
                    (answer.status.as_u16(), answer.json()["skipped"].as_str()),
                    (200, Some("no_event_bus"))
                );
                continue;
            }
            let waits = answer.header("retry-after").is_some();
            assert!(answer.status == 503 && waits, "{}: {answer:?}", route.path);
        }
        world.service.dynamo.stop_intercepting();
        assert_eq!(traces(&world).await, before, "{failure:?}");
    }
}

/// Whether the route accepts a session.
fn is_by_session(route: &Route) -> bool {
    match route.access {
        Access::SignedIn => true,
        Access::Roles(roles) => !roles.contains(&Role::Owner),
        Access::Anyone | Access::Scheduler | Access::SignedWebhook => false,
    }
}

fn hangs(fault: Intervention) -> bool {
    matches!(fault, Intervention::HangBefore | Intervention::HangAfter)
}

#[tokio::test]
async fn while_the_table_hangs_closed_classes_answer_503_at_once() {
    let world = World::waiting_ms(25).await;
    let callers = Callers::of(&world).await;
    let before = traces(&world).await;
    // Sessions and keys are in the table: such requests wait as long as the table's client does.
    let asked_first = |route: &Route| !is_by_session(route) && route.key != KeyPolicy::Required;
    let closed =
        limited().filter(|(route, class)| class.unanswered == WhenUncounted::Closed && asked_first(route));
    intervene(&world, any, Intervention::HangBefore);
    for (number, (route, _)) in closed.enumerate() {
        let answer = ask(&world, &callers, route, number).await;
        assert!(is_refused(&answer), "{}: {answer:?}", route.path);
    }
    world.service.dynamo.stop_intercepting();
    assert_eq!(traces(&world).await, before);
}
