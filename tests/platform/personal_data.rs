//! Secrets and personal data are in no log line, in no row in clear text, and in no answer.

use axum::body::Body;
use http::{HeaderValue, Request};
use local::service::SANDBOX_VALUES;
use serde_json::{Value, json};
use shared::auth::Access;
use shared::auth::routes::{ROUTES, Route};
use stand_ins::whop::APP_ID;

use support::browser::Browser;
use support::every_route::{Callers, good_body};
use support::log::Log;
use support::parties::path_of;
use support::returning;
use support::senders::Sender;
use support::world::{Answer, COMPANY, OWNER, World, id_of, payment_failed};

/// A marker in every value sent here; no name of ours contains it.
const CANARY: &str = "c4n4ry";

/// The values that open something, of the environment.
fn of_the_environment() -> impl Iterator<Item = &'static str> {
    let is_secret = |name: &str| ["SECRET", "KEY", "PASSWORD"].iter().any(|word| name.contains(word));
    SANDBOX_VALUES.iter().filter(move |(name, _)| is_secret(name)).map(|(_, value)| *value)
}

#[track_caller]
fn nowhere_in(place: &str, text: &str, secrets: &[String]) {
    for secret in secrets {
        assert!(secret.len() >= 5, "{secret:?} would be found by chance");
        if let Some(at) = text.find(secret.as_str()) {
            let start = text.floor_char_boundary(at.saturating_sub(300));
            let end = text.ceil_char_boundary((at + 300).min(text.len()));
            panic!("{secret} in {place}: {}", &text[start..end]);
        }
    }
}

async fn nowhere_kept(world: &World, log: &Log, secrets: &[String]) {
    let secrets: Vec<String> =
        secrets.iter().cloned().chain(of_the_environment().map(str::to_owned)).collect();
    let logged = log.text();
    assert!(logged.lines().count() >= 5, "the log was read");
    nowhere_in("the log", &logged, &secrets);
    for row in world.every_row().await {
        nowhere_in("a row", &row.to_string(), &secrets);
    }
    let (errors, check_ins, lines) = (world.errors_seen(), world.check_ins(), world.lines_shipped());
    assert!(lines.len() >= 5, "the log was shipped");
    nowhere_in("the events at Sentry", &json!([errors, check_ins]).to_string(), &secrets);
    nowhere_in("what Better Stack gets", &json!(lines).to_string(), &secrets);
}

/// Headers with a value of the client's choice.
const HEADERS: [&str; 9] = [
    "idempotency-key",
    "user-agent",
    "referer",
    "x-forwarded-for",
    "x-request-id",
    "x-amzn-trace-id",
    "accept-language",
    "stripe-account",
    "x-forwarded-authorization",
];

/// Proofs that prove nothing.
const PROOFS: [(&str, &str); 9] = [
    ("x-whop-user-token", "c4n4ry.token.whop"),
    ("x-company-id", "biz_c4n4ry"),
    ("authorization", "Bearer c4n4ry.token.bearer"),
    ("authorization", "Basic c4n4ry"),
    ("cookie", "__Host-session=c4n4ryc4n4ryc4n4ryc4n4; __Host-oidc=c4n4ry"),
    ("x-csrf-token", "c4n4ry-csrf"),
    ("origin", "https://c4n4ry.example"),
    ("stripe-signature", "t=1763456400,v1=c4n4ry"),
    ("webhook-signature", "v1,c4n4ry"),
];

/// Bodies that a route reads in part, or not at all.
fn bodies(world: &World, route: &Route) -> Vec<String> {
    let mut spoilt = good_body(world, route);
    // An event's name and id are the provider's own, covered by its signature.
    let is_its_own = |name: &str| route.access == Access::SignedWebhook && matches!(name, "type" | "id");
    for (_, value) in spoilt.as_object_mut().unwrap().iter_mut().filter(|(name, _)| !is_its_own(name)) {
        *value = json!("c4n4ry-value@c4n4ry.example");
    }
    let mut named = good_body(world, route);
    if route.access != Access::SignedWebhook && named.as_object().unwrap().is_empty() {
        named = json!({"channel": "c4n4ry"});
    }
    vec![
        spoilt.to_string(),
        named.to_string(),
        "{\"password\": \"c4n4ry\" oops".to_owned(),
        "[\"c4n4ry\"]".to_owned(),
    ]
}

/// The same request with the canary in its query.
fn with_query(request: &mut Request<Body>) {
    let names = ["limit", "cursor", "window", "status", "type", "code", "state", "token", "email"];
    let pairs: Vec<String> = names.iter().map(|name| format!("{name}=c4n4ry")).collect();
    *request.uri_mut() = format!("{}?{}", request.uri().path(), pairs.join("&")).parse().unwrap();
}

fn put(request: &mut Request<Body>, name: &'static str, value: &'static str) {
    request.headers_mut().insert(name, HeaderValue::from_static(value));
}

fn check_leaks_nothing(route: &Route, answer: &Answer, secrets: &[String]) {
    let place = format!("the answer to {} {}", route.method, route.path);
    nowhere_in(&place, &answer.body, secrets);
}

#[tokio::test]
async fn input_is_never_logged_stored_in_clear_text_or_returned() {
    let (log, _reading) = Log::open();
    let world = World::watched_waiting_ms(120_000).await;
    let callers = Callers::of(&world).await;
    let token = world.service.sandbox.whop.user_token(OWNER, APP_ID);
    let cookie = callers.staff.cookie.as_deref().unwrap().split_once('=').unwrap().1.to_owned();
    let secrets = [CANARY.to_owned(), token, cookie, callers.staff.csrf_token.clone()];
    for (number, route) in ROUTES.iter().enumerate() {
        // No rate limit may hide a route from later requests.
        world.advance(chrono::Duration::seconds(20));
        for body in bodies(&world, route) {
            let mut proven = callers.ask(&world, route, body.as_bytes(), number);
            HEADERS.iter().for_each(|name| put(&mut proven, name, "c4n4ry"));
            let answer = world.ask(proven).await;
            let shows_its_own = route.path == "/api/auth/session";
            check_leaks_nothing(route, &answer, if shows_its_own { &secrets[..3] } else { &secrets });
        }
        let ask = || callers.ask(&world, route, good_body(&world, route).to_string().as_bytes(), number);
        let mut asked = ask();
        with_query(&mut asked);
        check_leaks_nothing(route, &world.ask(asked).await, &secrets[..3]);
        for (name, value) in PROOFS {
            let mut forged = ask();
            put(&mut forged, name, value);
            check_leaks_nothing(route, &world.ask(forged).await, &secrets[..3]);
        }
        let mut elsewhere = ask();
        let path = route.path.replace("{case_id}", CANARY).replace("{membership_id}", "mem_c4n4ry");
        let path = path.replace("{event_id}", CANARY).replace("{source}", CANARY);
        // The id of a professional is not secret and may be shown; this one names no real person.
        let path = path
            .replace("{booking_id}", CANARY)
            .replace("{professional_id}", "c4n4ry%40")
            .replace("{batch_id}", CANARY)
            .replace("{kind}", "account")
            .replace("{id}", CANARY);
        *elsewhere.uri_mut() = path.parse().unwrap();
        check_leaks_nothing(route, &world.ask(elsewhere).await, &secrets[..3]);
    }
    world.settle().await;
    nowhere_kept(&world, &log, &secrets).await;
}

#[tokio::test]
async fn what_opens_an_account_or_a_session_is_logged_and_kept_nowhere() {
    let (log, _reading) = Log::open();
    let world = World::watched_waiting_ms(120_000).await;
    let (email, password) = ("c4n4ry@example.com", "c4n4ry battery staple");
    let mut secrets = vec![CANARY.to_owned()];
    let link = world.sign_up(email, password).await;
    world.post_without_session("/api/auth/confirm", json!({"token": link, "password": password})).await.ok();
    let mut browser = Browser::default();
    browser.sign_in(&world, email, password).await.ok();
    let before = browser.clone();
    browser.sign_in(&world, email, password).await.ok();
    let change = json!({"old_password": password, "new_password": "another c4n4ry battery"});
    browser.post(&world, "/api/auth/password/change", change).await.ok();
    let reset = world.request_password_reset(email).await;
    let body = json!({"token": reset, "password": "a third c4n4ry battery"});
    world.post_without_session("/api/auth/password/reset", body).await.ok();
    secrets.extend([link, reset]);
    for browser in [before, browser] {
        secrets.extend([browser.csrf_token]);
        secrets.extend(browser.cookie.map(|cookie| cookie.split_once('=').unwrap().1.to_owned()));
    }

    let mut traveller = returning::Browser::new(&world);
    let url = traveller.start().await;
    secrets.extend(traveller.cookies.values().cloned());
    let returned = traveller.visit(&url, "provider").await;
    for part in ["code", "state"] {
        secrets.push(returned[part].as_str().unwrap().to_owned());
    }
    let answer = traveller.finish(&returned).await;
    assert_eq!(answer.status, 200);
    nowhere_in("the answer to the issuer's return", &answer.body, &secrets);
    secrets.extend(traveller.cookies.values().cloned());
    nowhere_kept(&world, &log, &secrets).await;
}

#[tokio::test]
async fn whom_an_event_names_is_logged_and_kept_nowhere_in_clear() {
    let (log, _reading) = Log::open();
    let world = World::watched_waiting_ms(120_000).await;
    world.add_past_due(COMPANY, "mem_1");
    let mut event: Value = payment_failed("mem_1", "pay_1", world.now());
    event["data"]["user"] =
        json!({"id": "user_1", "email": "c4n4ry@example.com", "name": "Mx C4n4ry c4n4ry"});
    event["data"]["billing_address"] = json!({"line1": "c4n4ry street"});
    let answer = world.deliver(&id_of(&event), event).await;
    nowhere_in("the answer to Whop", &answer.clone().ok().to_string(), &[CANARY.to_owned()]);
    for (number, sender) in Sender::ALL.into_iter().enumerate() {
        let body = json!({"id": format!("evt_{number}"), "type": "charge.refunded", "created": 1_763_456_400,
            "timestamp": "2025-11-18T09:00:00.000Z", "data": {"email": "c4n4ry@example.com"}});
        let body = body.to_string();
        let request = sender.sign(
            &sender.path(),
            &format!("evt_{number}"),
            world.now(),
            body.as_bytes(),
            sender.secret(),
        );
        world.ask(request).await.ok();
    }
    let case = world.case_of("mem_1").await;
    let path = format!("/api/cases/{}/nudge", case["case_id"].as_str().unwrap());
    let mut nudge = world.owner_request(COMPANY, OWNER, http::Method::POST, &path, Some(json!({})));
    put(&mut nudge, "idempotency-key", "c4n4ry-key");
    world.ask(nudge).await.ok();
    world.settle().await;
    let secrets = [CANARY.to_owned()];
    nowhere_kept(&world, &log, &secrets).await;
}

#[tokio::test]
async fn a_bookings_customer_data_is_never_logged_or_stored_in_clear_text() {
    let (log, _reading) = Log::open();
    let world = World::watched_waiting_ms(120_000).await;
    let mut job = world.job();
    job["customer_email"] = json!("c4n4ry@example.com");
    let booking = world.keyed(http::Method::POST, "/api/bookings", "key-1", job).await;
    nowhere_in("the answer to the request", &booking.body, &[CANARY.to_owned()]);
    let booking = booking.json();
    let payment = world.get(&format!("{}/payment", path_of(&booking))).await;
    let secret = payment["client_secret"].as_str().unwrap().to_owned();
    world.authorize(&booking).await;
    let declined = world.decide(&booking, "decline", "key-2").await;
    assert_eq!(world.newest_mail().0.to, "c4n4ry@example.com");
    let secrets = [CANARY.to_owned(), secret];
    nowhere_in("the answer to the decline", &declined.clone().ok().to_string(), &secrets);
    nowhere_kept(&world, &log, &secrets).await;
}
