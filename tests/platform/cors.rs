//! Which pages may read an answer: those on an exact list, and every answer declares it.

use std::collections::BTreeSet;

use http::{HeaderName, HeaderValue, Method};
use local::embedded::EmbeddedDynamo;
use serde_json::json;
use shared::auth::routes::ROUTES;
use stand_ins::fault::Operation;

use support::browser::FOREIGN;
use support::browser::ORIGIN;
use support::world::{Answer, COMPANY, OWNER, World, bare};

const LISTED: [&str; 3] = ["https://app.example.com", "https://admin.example.org:8443", ORIGIN];

async fn start() -> World {
    let list = " https://app.example.com ,https://admin.example.org:8443";
    let lookup = |name: &str| (name == "ALLOWED_ORIGINS").then(|| list.to_owned());
    World::with(EmbeddedDynamo::memory(), lookup).await
}

async fn ask(world: &World, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = bare(method, path);
    for (name, value) in headers {
        let (name, value): (HeaderName, HeaderValue) = (name.parse().unwrap(), value.parse().unwrap());
        request.headers_mut().append(name, value);
    }
    world.ask(request).await
}

async fn preflight(world: &World, path: &str, method: &str, origins: &[&str]) -> Answer {
    let mut headers = vec![
        ("access-control-request-method", method),
        ("access-control-request-headers", "content-type,idempotency-key,x-csrf-token"),
        ("sec-fetch-site", "cross-site"),
    ];
    headers.extend(origins.iter().map(|origin| ("origin", *origin)));
    ask(world, Method::OPTIONS, path, &headers).await
}

fn path(path: &str) -> String {
    let path = path.replace("{case_id}", "00000000-0000-4000-8000-000000000000");
    path.replace("{membership_id}", "mem_1")
        .replace("{event_id}", "msg_1")
        .replace("{source}", "sandbox")
        .replace("{batch_id}", "payout-2025-11-18-tue")
}

fn words(answer: &Answer, name: &str) -> BTreeSet<String> {
    let values = answer.headers.get_all(name).iter().flat_map(|value| value.to_str().unwrap().split(','));
    values.map(|word| word.trim().to_lowercase()).collect()
}

/// Every header by which a browser is let through.
fn grants(answer: &Answer) -> BTreeSet<&str> {
    answer.headers.keys().map(HeaderName::as_str).filter(|name| name.starts_with("access-control-")).collect()
}

/// Checks the CORS headers of an answer for a listed origin, or for none.
fn check(answer: &Answer, listed: Option<&str>) {
    assert_eq!(words(answer, "vary"), BTreeSet::from(["origin".to_owned()]), "{answer:?}");
    let Some(origin) = listed else {
        assert!(grants(answer).is_empty(), "{answer:?}");
        return;
    };
    for (name, expected) in
        [("access-control-allow-origin", origin), ("access-control-allow-credentials", "true")]
    {
        let all: Vec<_> = answer.headers.get_all(name).iter().collect();
        assert_eq!(all, [expected], "{answer:?}");
    }
    let headers = format!("{:?}", grants(answer).iter().map(|name| answer.header(name)).collect::<Vec<_>>());
    assert!(!headers.contains('*'), "{headers}");
}

#[tokio::test]
async fn a_listed_origin_gets_the_allowed_methods_and_headers() {
    let world = start().await;
    world.service.dynamo.reset_requests();
    for route in ROUTES {
        for origin in LISTED {
            let answer = preflight(&world, &path(route.path), route.method, &[origin]).await;
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""), "{answer:?}");
            check(&answer, Some(origin));
            assert!(words(&answer, "access-control-allow-methods").contains(&route.method.to_lowercase()));
            let headers = words(&answer, "access-control-allow-headers");
            for header in [
                "authorization",
                "content-type",
                "idempotency-key",
                "x-company-id",
                "x-csrf-token",
                "x-whop-user-token",
            ] {
                assert!(headers.contains(header), "{header}: {answer:?}");
            }
            let seconds: u32 = answer.header("access-control-max-age").unwrap().parse().unwrap();
            assert!((1..=3_600).contains(&seconds), "an origin taken off the list is out soon");
        }
    }
    assert_eq!(world.table_requests(), [""; 0], "asking before asking costs nothing");
    assert_eq!(world.asked(Operation::Access), 0);
}

#[tokio::test]
async fn other_origins_get_no_cors_headers() {
    let world = start().await;
    for route in ROUTES {
        let path = path(route.path);
        for origin in FOREIGN {
            let answer = preflight(&world, &path, route.method, &[origin]).await;
            assert_eq!(answer.status, 403, "{origin}: {answer:?}");
            check(&answer, None);
        }
    }
    for origins in [[LISTED[0], FOREIGN[3]], [FOREIGN[3], LISTED[0]], [LISTED[0], LISTED[0]]] {
        let answer = preflight(&world, "/api/settings", "GET", &origins).await;
        assert_eq!(answer.status, 403, "{origins:?}: {answer:?}");
        check(&answer, None);
        let headers = origins.map(|origin| ("origin", origin));
        check(&ask(&world, Method::GET, "/api/health", &headers).await, None);
    }
}

#[tokio::test]
async fn every_answer_varies_by_origin() {
    let world = start().await;
    let mut exposed = BTreeSet::new();
    for route in ROUTES {
        let (method, path): (Method, _) = (route.method.parse().unwrap(), path(route.path));
        check(&ask(&world, method.clone(), &path, &[]).await, None);
        for origin in FOREIGN {
            check(&ask(&world, method.clone(), &path, &[("origin", origin)]).await, None);
        }
        for origin in LISTED {
            let answer = ask(&world, method.clone(), &path, &[("origin", origin)]).await;
            check(&answer, Some(origin));
            exposed.extend(words(&answer, "access-control-expose-headers"));
        }
    }
    for header in [
        "idempotency-replayed",
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
        "x-rate-limit-remaining",
        "x-rate-limit-reset",
        "x-rate-limit-skipped",
        "x-request-id",
    ] {
        assert!(exposed.contains(header), "{header} is not shown to pages: {exposed:?}");
    }
}

#[tokio::test]
async fn a_page_of_the_list_can_read_why_it_was_refused() {
    let world = start().await;
    for (method, path, status) in [
        (Method::GET, "/api/nowhere", 404),
        (Method::GET, "/", 404),
        (Method::DELETE, "/api/settings", 405),
        (Method::OPTIONS, "/api/settings", 405),
        (Method::GET, "/api/settings", 401),
        (Method::GET, "/api/dashboard/kpis", 401),
    ] {
        for origin in LISTED {
            let answer = ask(&world, method.clone(), path, &[("origin", origin)]).await;
            assert_eq!(answer.status, status, "{path}: {answer:?}");
            assert_eq!(answer.json()["status"], json!(status));
            check(&answer, Some(origin));
        }
        check(&ask(&world, method, path, &[("origin", FOREIGN[3])]).await, None);
    }
    // The page can read refusals for size, rate and outages too.
    let owner = |method| world.owner_request(COMPANY, OWNER, method, "/api/settings", None);
    let mut last = None;
    for _ in 0..31 {
        let mut request = owner(Method::GET);
        request.headers_mut().insert("origin", HeaderValue::from_static(LISTED[0]));
        last = Some(world.ask(request).await);
    }
    let last = last.unwrap();
    assert_eq!(last.status, 429);
    check(&last, Some(LISTED[0]));
}

#[tokio::test]
async fn an_options_request_without_preflight_headers_is_an_ordinary_method() {
    let world = start().await;
    for route in ROUTES {
        let path = path(route.path);
        for headers in [
            &[][..],
            &[("origin", LISTED[0])],
            &[("access-control-request-method", "GET")],
            &[("origin", FOREIGN[3]), ("access-control-request-headers", "x-csrf-token")],
        ] {
            let answer = ask(&world, Method::OPTIONS, &path, headers).await;
            let allowed = words(&answer, "allow");
            assert!(answer.status == 405 && allowed.contains(&route.method.to_lowercase()), "{answer:?}");
        }
    }
}
