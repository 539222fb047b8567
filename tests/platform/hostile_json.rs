//! JSON that is made to hurt: deep, large, many-named, and with names that the parser keeps for itself.

use axum::body::Body;
use http::{Method, Request};
use serde_json::json;
use shared::auth::Access;
use shared::auth::routes::Route;
use shared::http::idempotent::KeyPolicy;
use shared::json::{REQUEST, RESERVED_PREFIX};
use support::hostile_bodies::hostile_bodies;
use support::hostile_bodies::nested_in_texts;
use support::hostile_bodies::on_usual_stack;

use support::askers::fresh_key;
use support::every_route::{Callers, with_bodies};
use support::senders::Sender;
use support::signing::Scheme;
use support::world::{Answer, COMPANY, OWNER, World, payment_failed};

/// Whether a route parses its body: some never do.
fn reads_its_body(route: &Route) -> bool {
    !matches!(route.access, Access::Scheduler | Access::SignedWebhook)
        && !matches!(
            route.path,
            "/api/auth/sign-out" | "/api/auth/sign-out-everywhere" | "/api/auth/oidc/start"
        )
}

#[test]
fn no_body_ends_the_process_at_any_route_signed_in_or_not() {
    on_usual_stack(|| async {
        for (number, body) in hostile_bodies().iter().enumerate() {
            // A world of its own: neither a limit nor the end of a session answers in the body's place.
            let world = World::start().await;
            let callers = Callers::of(&world).await;
            for route in with_bodies() {
                let stranger = Request::builder().method(route.method).uri(callers.path(route));
                let stranger = stranger.header("content-type", "application/json");
                let answer = world.ask(stranger.body(Body::from(body.clone())).unwrap()).await;
                assert!(answer.status.is_client_error(), "{} {number}: {answer:?}", route.path);
                let answer = world.ask(callers.ask(&world, route, body.as_bytes(), number)).await;
                assert!(!answer.status.is_server_error(), "{} {number}: {answer:?}", route.path);
                if reads_its_body(route) {
                    assert_eq!(answer.status, 400, "{} {number}: {answer:?}", route.path);
                    assert!(answer.body.len() < 1_024, "{} {number}: {answer:?}", route.path);
                }
            }
            world.get("/api/health").await;
        }
    });
}

/// Requests a booking with this raw body.
async fn book(world: &World, body: &str) -> Answer {
    let mut request = world.owner_request(COMPANY, OWNER, Method::POST, "/api/bookings", Some(json!({})));
    request.headers_mut().insert("idempotency-key", fresh_key());
    *request.body_mut() = Body::from(body.to_owned());
    world.ask(request).await
}

#[tokio::test]
async fn a_reserved_name_is_refused_with_its_place_and_books_nothing() {
    let world = World::start().await;
    for name in ["Number", "RawValue"] {
        let mut job = world.job();
        job["amount"] = json!({format!("{RESERVED_PREFIX}{name}"): "5000"});
        let answer = book(&world, &job.to_string()).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        let place = "The body cannot be read: a field name begins with the reserved $serde_json::private:: at line 1, column";
        assert!(detail.starts_with(place), "{detail}");
    }
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(64), "]".repeat(64));
    let detail = book(&world, &deep).await.json()["detail"].clone();
    assert_eq!(
        detail,
        "The body cannot be read: it is nested more than 64 levels deep at line 1, column 69."
    );
}

#[test]
fn a_reserved_name_in_the_metadata_of_a_signed_event_is_data_and_the_event_is_applied() {
    on_usual_stack(|| async {
        let world = World::start().await;
        let hostile = [
            nested_in_texts(),
            format!("{{\"{RESERVED_PREFIX}RawValue\":\"[[\"}}"),
            format!("{{\"{RESERVED_PREFIX}Number\":\"not a number\"}}"),
            format!("{{\"\\u0024serde_json::private::Number\":{{\"{RESERVED_PREFIX}RawValue\":7}}}}"),
        ];
        for (number, metadata) in hostile.iter().enumerate() {
            let (membership, payment) = (format!("mem_{number}"), format!("pay_{number}"));
            let body = payment_failed(&membership, &payment, world.now()).to_string();
            let body = body.replacen("\"data\":{", &format!("\"data\":{{\"metadata\":{metadata},"), 1);
            let answer = world
                .deliver_signed(Scheme::ALL[number % 2], &format!("msg_{number}"), body.as_bytes())
                .await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json()["outcome"]),
                (200, &json!("applied")),
                "{answer:?}"
            );
            for sender in Sender::ALL {
                let id = format!("evt_{number}");
                let body = format!(
                    "{{\"id\":\"{id}\",\"type\":\"charge.refunded\",\"created\":1763456400,\"data\":{{\"metadata\":{metadata}}}}}"
                );
                let signed = sender.sign(&sender.path(), &id, world.now(), body.as_bytes(), sender.secret());
                assert_eq!(world.ask(signed).await.status, 200, "{sender:?} {metadata}");
            }
        }
    });
}

/// Twenty thousand fields that no route accepts.
fn unknown_fields() -> String {
    let fields = (0..20_000).map(|number| format!("\"u{number}\":0"));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

fn lists_twenty(answer: &Answer, path: &str) {
    assert_eq!(answer.status, 400, "{path}: {answer:?}");
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    assert!(errors.len() == 20 && answer.body.len() < 4_096, "{path}: {} bytes", answer.body.len());
    let last = errors.last().unwrap();
    let more = last["message"].as_str().unwrap();
    assert!(more.starts_with("and ") && more.ends_with(" more"), "{path}: {last}");
}

#[tokio::test]
async fn twenty_thousand_unknown_fields_are_refused_in_a_few_lines_and_keep_no_key_busy() {
    let world = World::start().await;
    let callers = Callers::of(&world).await;
    let body = unknown_fields();
    assert!(body.len() < REQUEST.max_bytes);
    for route in with_bodies().filter(|route| reads_its_body(route)) {
        let ask = || {
            let mut request = callers.ask(&world, route, body.as_bytes(), 0);
            if route.key != KeyPolicy::None {
                request.headers_mut().insert("idempotency-key", "key-of-many".parse().unwrap());
            }
            request
        };
        let first = world.ask(ask()).await;
        if first.status == 400
            && first.json().get("errors").is_none_or(|errors| errors.as_array().unwrap().len() < 20)
        {
            // A route without any fields may report that in one sentence.
            assert!(first.body.len() < 1_024, "{}: {first:?}", route.path);
            continue;
        }
        lists_twenty(&first, route.path);
        let again = world.ask(ask()).await;
        assert_eq!(
            (again.status, &again.json()["errors"]),
            (first.status, &first.json()["errors"]),
            "{}",
            route.path
        );
    }
    for path in ["/api/operations/resolve", "/api/operations/findings/tr_none/resolve"] {
        let route = with_bodies().find(|route| callers.path(route) == path).unwrap();
        lists_twenty(&world.ask(callers.ask(&world, route, body.as_bytes(), 0)).await, path);
    }
}

#[tokio::test]
async fn input_in_an_error_is_truncated() {
    let world = World::start().await;
    let long = "n".repeat(100_000);
    let answer = world.owner(Method::PUT, "/api/settings", Some(json!({&long: 1}))).await;
    assert!(answer.status == 400 && answer.body.len() < 2_048, "{} bytes", answer.body.len());
    for path in [
        format!("/api/dashboard/cases?{}=1", "n".repeat(8_000)),
        format!("/api/dashboard/cases?status={}", "n".repeat(8_000)),
        format!("/api/dashboard/cases?cursor={}", "n".repeat(8_000)),
        format!("/api/cases/{}", "n".repeat(8_000)),
        format!("/api/memberships/{}", "n".repeat(8_000)),
    ] {
        let answer = world.owner(Method::GET, &path, None).await;
        assert!(
            answer.status.is_client_error() && answer.body.len() < 2_048,
            "{path}: {} bytes",
            answer.body.len()
        );
        assert!(!answer.body.contains(&"n".repeat(65)), "{path}");
    }
}
