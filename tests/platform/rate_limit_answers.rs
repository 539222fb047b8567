//! Answers over a rate limit: correct, and without help for an attacker.

use std::net::IpAddr;

use axum::body::Body;
use chrono::Duration;
use http::{Method, Request};
use serde_json::{Value, json};
use shared::auth::Access;
use shared::auth::routes::{ROUTES, Route};
use shared::http::extension::ClientIp;
use shared::rate_limit::class::{AUTH_ADDRESS, RESET_ADDRESS};

use support::askers::{Asker, Proof};
use support::browser::PASSWORD;
use support::world::{Answer, World, bare, unknown_client_ip};

pub const SIGN_IN: &str = "/api/auth/sign-in";

fn address(text: &str) -> ClientIp {
    ClientIp(Some(text.parse::<IpAddr>().unwrap()))
}

async fn enter(world: &World, from: ClientIp, name: &str, headers: &[(&str, &str)]) -> Answer {
    let body = json!({"username": name, "password": "wrong horse battery"});
    let mut request = Request::post(SIGN_IN).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::from(body.to_string())).unwrap();
    request.extensions_mut().insert(from);
    world.ask(request).await
}

pub fn number(answer: &Answer, name: &str) -> i64 {
    let value = answer.header(name).unwrap_or_else(|| panic!("no {name}: {answer:?}"));
    value.parse().unwrap_or_else(|_| panic!("{name}: {value}"))
}

pub fn quota(answer: &Answer) -> (String, i64, i64) {
    let text = answer.header("ratelimit").unwrap_or_else(|| panic!("no ratelimit: {answer:?}"));
    let parts: Vec<&str> = text.split(';').collect();
    let [name, remaining, reset] = parts[..] else { panic!("{text}") };
    let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap();
    let number = |part: &str, key: &str| part.strip_prefix(key).unwrap().parse().unwrap();
    (name.to_owned(), number(remaining, "r="), number(reset, "t="))
}

/// The rate limit headers, and the body without the fields that differ in every answer.
fn comparable(answer: &Answer) -> (u16, Vec<Option<&str>>, Value) {
    let names =
        ["ratelimit-policy", "ratelimit", "x-rate-limit-remaining", "x-rate-limit-reset", "retry-after"];
    let mut body = answer.json();
    body.as_object_mut().unwrap().remove("request_id").unwrap();
    (answer.status.as_u16(), names.map(|name| answer.header(name)).to_vec(), body)
}

/// Requests a link for an account.
async fn forget(world: &World, from: ClientIp, name: &str, headers: &[(&str, &str)]) -> Answer {
    let body = json!({"email": format!("{name}@example.com")});
    let mut request = Request::post("/api/auth/password/forgot").header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::from(body.to_string())).unwrap();
    request.extensions_mut().insert(from);
    world.ask(request).await
}

/// How many requests for links one address may make.
const QUOTA: usize = RESET_ADDRESS.quota as usize;

#[tokio::test]
async fn after_the_sixth_guess_retry_after_is_exact() {
    let world = World::start().await;
    let from = unknown_client_ip();
    for number_of_try in 1..=5 {
        let answer = enter(&world, from, "provider", &[]).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.header("ratelimit-policy"), Some("\"auth\";q=5;w=900"));
        let (name, remaining, reset) = quota(&answer);
        assert_eq!((name.as_str(), remaining, reset), ("auth", 5 - number_of_try, 180 * number_of_try));
        assert_eq!(number(&answer, "x-rate-limit-remaining"), remaining);
        assert_eq!(number(&answer, "x-rate-limit-reset"), world.now().timestamp() + reset);
        assert_eq!(answer.header("retry-after"), None);
    }
    for asker in [from, unknown_client_ip(), unknown_client_ip()] {
        let refused = enter(&world, asker, "provider", &[]).await;
        assert_eq!(refused.status, 429, "from wherever");
        assert_eq!(refused.json()["title"], "Too Many Requests");
        assert_eq!((quota(&refused), number(&refused, "retry-after")), (("auth".to_owned(), 0, 900), 180));
    }
    for _ in 0..3 {
        world.advance(Duration::seconds(179));
        let early = enter(&world, from, "provider", &[]).await;
        assert_eq!((early.status.as_u16(), number(&early, "retry-after")), (429, 1));
        world.advance(Duration::milliseconds(999));
        assert_eq!(enter(&world, from, "provider", &[]).await.status, 429, "not a moment before");
        world.advance(Duration::milliseconds(1));
        assert_eq!(enter(&world, from, "provider", &[]).await.status, 401, "one is admitted");
        assert_eq!(enter(&world, from, "provider", &[]).await.status, 429, "and no more than one");
    }
    assert_eq!(enter(&world, from, "developer", &[]).await.status, 401, "other accounts are not limited");
}

#[tokio::test]
async fn an_address_that_guesses_at_many_accounts_gets_an_exact_retry_after() {
    let world = World::start().await;
    let from = unknown_client_ip();
    for number_of_try in 0..AUTH_ADDRESS.quota {
        let answer = enter(&world, from, &format!("guess-{number_of_try}"), &[]).await;
        assert_eq!(answer.status, 401, "{number_of_try}");
    }
    for name in ["another", "provider", "nobody@example.com"] {
        let refused = enter(&world, from, name, &[]).await;
        assert_eq!(refused.status, 429, "whatever the account");
        let limit = (quota(&refused), number(&refused, "retry-after"));
        assert_eq!(limit, (("auth_address".to_owned(), 0, 900), 9));
    }
    world.advance(Duration::seconds(9));
    assert_eq!(enter(&world, from, "another", &[]).await.status, 401, "one is admitted");
    assert_eq!(enter(&world, from, "another", &[]).await.status, 429);
    assert_eq!(
        enter(&world, unknown_client_ip(), "provider", &[]).await.status,
        401,
        "others are not limited"
    );
}

#[tokio::test]
async fn an_account_is_guessed_at_five_times_from_wherever_and_whether_or_not_it_is_there() {
    let world = World::start().await;
    world.add_account("customer@example.com", PASSWORD).await;
    world.advance(Duration::minutes(15));
    let mut seen = Vec::new();
    for name in ["customer@example.com", "nobody@example.com", "provider", "nobody"] {
        let mut answers = Vec::new();
        for _ in 0..7 {
            answers.push(enter(&world, unknown_client_ip(), name, &[]).await);
        }
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
        assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429], "{name}");
        seen.push(answers);
    }
    for others in &seen[1..] {
        for (answer, first) in others.iter().zip(&seen[0]) {
            assert_eq!(
                comparable(answer),
                comparable(first),
                "the answers do not reveal which of them exists"
            );
        }
    }
    // A name has many spellings; the account is one.
    for name in ["PROVIDER", " provider ", "Customer@Example.COM"] {
        assert_eq!(enter(&world, unknown_client_ip(), name, &[]).await.status, 429, "{name}");
    }
    let body = json!({"username": "provider", "password": "sandbox-provider-password"});
    assert_eq!(
        world.post_without_session(SIGN_IN, body).await.status,
        429,
        "nor is a right guess admitted now"
    );
}

#[tokio::test]
async fn headers_about_the_client_address_change_no_bucket() {
    const NAMES: [&str; 9] = [
        "x-forwarded-for",
        "forwarded",
        "x-real-ip",
        "x-client-ip",
        "x-vercel-forwarded-for",
        "x-vercel-proxied-for",
        "cf-connecting-ip",
        "true-client-ip",
        "x-cluster-client-ip",
    ];
    let world = World::start().await;
    for from in [unknown_client_ip(), ClientIp(None)] {
        for name in NAMES {
            let statuses = async |says: fn(usize) -> String| {
                let mut statuses = Vec::new();
                for number in 0..=QUOTA {
                    let said = says(number);
                    let account = format!("{name}-{number}-{}", from.0.is_some());
                    statuses.push(forget(&world, from, &account, &[(name, &said)]).await.status.as_u16());
                }
                statuses
            };
            let says = if name == "forwarded" {
                |number| format!("for=192.0.2.{number}")
            } else {
                |number| format!("192.0.2.{number}, 198.51.100.{number}")
            };
            let expected: Vec<u16> = [202].repeat(QUOTA).into_iter().chain([429]).collect();
            assert_eq!(statuses(says).await, expected, "{name} {from:?}");
            world.advance(Duration::minutes(15));
        }
    }
    // A client cannot use up the bucket of an address that it only names.
    let victim = address("192.0.2.200");
    for number in 0..=QUOTA {
        let said: Vec<(&str, &str)> = NAMES.map(|name| (name, "192.0.2.200")).to_vec();
        assert_eq!(forget(&world, unknown_client_ip(), &format!("other-{number}"), &said).await.status, 202);
    }
    for number in 0..QUOTA {
        assert_eq!(forget(&world, victim, &format!("own-{number}"), &[]).await.status, 202);
    }
}

#[tokio::test]
async fn a_network_of_one_subscriber_is_one_address() {
    let world = World::start().await;
    let hosts = ["1", "2", "ffff", "1:2:3:4", "a:0:0:b", "dead:beef:0:1"];
    let mut statuses = Vec::new();
    for (number, host) in hosts.into_iter().cycle().take(QUOTA + 1).enumerate() {
        let text =
            if host.contains(':') { format!("2001:db8:1:2:{host}") } else { format!("2001:db8:1:2::{host}") };
        statuses.push(forget(&world, address(&text), &format!("name-{number}"), &[]).await.status.as_u16());
    }
    assert_eq!(statuses.pop(), Some(429));
    assert!(statuses.iter().all(|status| *status == 202), "{statuses:?}");
    assert_eq!(forget(&world, address("2001:db8:1:3::1"), "another", &[]).await.status, 202, "a neighbour");
    for number in 1..QUOTA {
        forget(&world, address("203.0.113.7"), &format!("four-{number}"), &[]).await;
    }
    let mapped = forget(&world, address("::ffff:203.0.113.7"), "four-4", &[]).await;
    assert_eq!(quota(&mapped).1, 0, "the same address, written as IPv6");
}

/// A request to each kind of route, with invalid credentials.
fn unproven(route: &Route) -> Request<Body> {
    let path = route.path.replace("{case_id}", "00000000-0000-4000-8000-000000000000");
    let path = path.replace("{source}", "sandbox").replace("{membership_id}", "mem_1");
    let mut request = bare(route.method.parse().unwrap(), &path.replace("{event_id}", "msg_1"));
    let (name, value) = match route.access {
        Access::SignedIn => ("cookie", "__Host-session=AAAAAAAAAAAAAAAAAAAAAA"),
        _ => ("authorization", "Bearer a.b.c"),
    };
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

#[tokio::test]
async fn repeated_invalid_credentials_are_limited_without_affecting_others() {
    let world = World::of_two_companies().await;
    let all_askers = world.all_askers().await;
    let proven: Vec<&Asker> =
        all_askers.iter().filter(|asker| !matches!(asker.proof, Proof::Nothing)).collect();
    for route in ROUTES.iter().filter(|route| route.access != Access::Anyone) {
        let from = unknown_client_ip();
        let ask = async |mut request: Request<Body>| {
            request.extensions_mut().insert(from);
            world.ask(request).await
        };
        for number_of_try in 1..=30 {
            let answer = ask(unproven(route)).await;
            assert_eq!(answer.status, 401, "{}", route.path);
            assert_eq!(answer.header("ratelimit-policy"), Some("\"token\";q=30;w=60"));
            assert_eq!(quota(&answer), ("token".to_owned(), 30 - number_of_try, 2 * number_of_try));
        }
        let kinds = [Access::SignedIn, Access::OWNER, Access::Scheduler, Access::SignedWebhook];
        let one_of_each = kinds.iter().filter_map(|who| ROUTES.iter().find(|route| route.access == *who));
        for other in one_of_each.chain([route]) {
            let refused = ask(unproven(other)).await;
            assert_eq!(refused.status, 429, "{} after {}", other.path, route.path);
            assert_eq!(number(&refused, "retry-after"), 2);
            assert_eq!(refused.header("www-authenticate"), None);
        }
        for asker in &proven {
            let own =
                ROUTES.iter().filter(|route| route.method == "GET" || route.access == Access::SignedWebhook);
            let mut own = own.filter(|route| !route.path.contains('{') && route.access != Access::Anyone);
            let Some(own) = own.find(|route| asker.is_named_by(route)) else { continue };
            let answer = ask(asker.request(&world, own, own.path, None)).await;
            assert!(answer.status.is_success(), "{} for {asker:?}: {answer:?}", own.path);
        }
        assert_eq!(ask(bare(Method::GET, "/api/auth/sign-in")).await.status, 200);
        world.advance(Duration::seconds(1));
        assert_eq!(ask(unproven(route)).await.status, 429);
        world.advance(Duration::seconds(1));
        assert_eq!(ask(unproven(route)).await.status, 401, "after two seconds one is answered");
        assert_eq!(ask(unproven(route)).await.status, 429);
        world.advance(Duration::seconds(58));
    }
}
