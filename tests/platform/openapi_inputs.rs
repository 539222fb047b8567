//! The document and the server agree on valid input: bodies, query parameters and keys.

use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};
use shared::auth::routes::{ROUTES, Route};

use support::document::{document, members, resolve, validator};
use support::every_route::{Callers, good_body, with_bodies};
use support::world::{Answer, COMPANY, OWNER, World};

/// The schema of a route's body.
fn schema(route: &Route) -> Option<&'static Value> {
    let operation = &document()["paths"][route.path][route.method.to_lowercase()];
    let body = resolve(operation.get("requestBody")?);
    Some(&body["content"]["application/json"]["schema"])
}

/// A value of every kind, and of some kinds the edges.
fn probes() -> Vec<Value> {
    let texts = ["", " ", "x", "Ð4", "a@b", "biz_demo", "2025-11-18T14:00:00.000Z", "jose@münchen.example"];
    let texts = texts.map(Value::from);
    let others =
        [json!(null), json!(true), json!(0), json!(-1), json!(1.5), json!(u64::MAX), json!([]), json!({})];
    let more = [json!("x".repeat(5_000)), json!([0]), json!({"a": 1})];
    texts.into_iter().chain(others).chain(more).collect()
}

/// The valid body, and one for each variation of a single member.
fn bodies(good: &Value, schema: &'static Value) -> Vec<Value> {
    let mut bodies = vec![good.clone(), json!(null), json!([]), json!("x"), json!(1)];
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    bodies.push(with("a_name_that_nobody_knows", json!(1)));
    let known = members(&resolve(schema)["properties"]).map(|(name, _)| name.to_owned());
    let sent = good.as_object().into_iter().flatten().map(|(name, _)| name.clone());
    let mut names: Vec<String> = known.chain(sent).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let mut without = good.clone();
        without.as_object_mut().unwrap().remove(&name);
        bodies.push(without);
        bodies.extend(probes().into_iter().map(|probe| with(&name, probe)));
    }
    bodies
}

/// Sends a request, and waits if it is rate-limited.
async fn ask(world: &World, callers: &Callers, route: &Route, body: &Value, number: usize) -> Answer {
    for _ in 0..5 {
        let answer = world.ask(callers.ask(world, route, body.to_string().as_bytes(), number)).await;
        if answer.status != 429 {
            return answer;
        }
        world.advance(chrono::Duration::minutes(16));
    }
    panic!("{}: never let in", route.path);
}

#[tokio::test]
async fn a_body_is_refused_where_its_schema_forbids_it_and_taken_where_it_allows_it() {
    let (mut asked, mut wrong) = (0, Vec::new());
    let world = World::start().await;
    let callers = Callers::of(&world).await;
    for route in with_bodies() {
        let Some(schema) = schema(route) else { continue };
        let (judge, good) = (validator(schema), good_body(&world, route));
        let base = ask(&world, &callers, route, &good, 0).await;
        for (number, body) in bodies(&good, schema).into_iter().enumerate() {
            let answer = ask(&world, &callers, route, &body, number + 1).await;
            let allowed = judge.is_valid(&body);
            if answer.status == 401 {
                // Signed out, or expired while waiting for a limit.
                continue;
            }
            let refused = answer.status == 400 && !is_about_what_it_says(&answer);
            // A valid body may be refused for its values (a wrong password, a used token): then the others
            // are too.
            if (refused && allowed && base.status != 400) || (answer.status != 400 && !allowed) {
                wrong.push(format!(
                    "{} {} allowed: {allowed}, {}: {}",
                    route.method,
                    route.path,
                    answer.status,
                    shorten(&body)
                ));
            }
            asked += 1;
        }
    }
    assert!(asked > 500, "{asked}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether the errors are only those that no schema can express: the strength of a password, and that only a
/// customer may omit the customer.
fn is_about_what_it_says(answer: &Answer) -> bool {
    let problem = answer.json();
    let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let beyond = ["password", "new_password", "customer_id"];
    !errors.is_empty() && errors.iter().all(|error| beyond.iter().any(|field| error["field"] == *field))
}

fn shorten(body: &Value) -> String {
    body.to_string().chars().take(300).collect()
}

#[tokio::test]
async fn the_server_and_the_schema_accept_the_same_resolutions() {
    let world = World::start().await;
    let path = "/api/operations/resolve";
    let judge = validator(schema(with_bodies().find(|route| route.path == path).unwrap()).unwrap());
    for (mut body, is_taken) in [
        (json!({"outcome": "happened"}), true),
        (json!({"outcome": "happened", "reference": "tr_1", "note": null}), true),
        (json!({"outcome": "happened", "note": "seen"}), false),
        (json!({"outcome": "did_not_happen", "reference": null, "note": null}), true),
        (json!({"outcome": "did_not_happen", "note": "seen"}), false),
        (json!({"outcome": "did_not_happen", "reference": "tr_1"}), false),
        (json!({"outcome": "try_again"}), true),
        (json!({"outcome": "try_again", "note": "asked Stripe"}), true),
        (json!({"outcome": "try_again", "note": " "}), false),
        (json!({"outcome": "try_again", "reference": "tr_1"}), false),
        (json!({"outcome": "closed", "note": "refunded by hand"}), true),
        (json!({"outcome": "closed"}), false),
        (json!({"outcome": "closed", "note": null}), false),
        (json!({"outcome": "closed", "note": "seen", "reference": "tr_1"}), false),
    ] {
        body["booking_id"] = json!("00000000-0000-4000-8000-000000000000");
        body["operation"] = json!("capture:none:v1");
        let answer = world.resolve(body.clone()).await;
        // There is no such booking: a readable body is answered with 404.
        let expected = if is_taken { 404 } else { 400 };
        assert_eq!(
            (judge.is_valid(&body), answer.status.as_u16()),
            (is_taken, expected),
            "{body}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn an_empty_parameter_is_refused_wherever_one_is_taken() {
    let world = World::start().await;
    let callers = Callers::of(&world).await;
    let mut asked = 0;
    for route in ROUTES.iter().filter(|route| route.method == "GET") {
        let parameters = document()["paths"][route.path]["get"]["parameters"].as_array();
        for parameter in parameters.into_iter().flatten().map(resolve).filter(|one| one["in"] == "query") {
            let name = parameter["name"].as_str().unwrap();
            // Other sites link to pages with their own parameters, which only the page's script reads.
            if route.path.starts_with("/api/auth/") {
                continue;
            }
            let judge = validator(&parameter["schema"]);
            assert!(!judge.is_valid(&json!("")), "{} takes an empty {name}", route.path);
            let mut request = callers.ask(&world, route, b"", 0);
            *request.uri_mut() = format!("{}?{name}=", callers.path(route)).parse().unwrap();
            let answer = world.ask(request).await;
            assert_eq!(
                (answer.status.as_u16(), answer.json()["errors"][0]["field"].as_str()),
                (400, Some(name)),
                "{}",
                route.path
            );
            asked += 1;
        }
    }
    assert!(asked > 10, "{asked}");
}

#[tokio::test]
async fn a_key_is_taken_where_its_schema_allows_it() {
    let world = World::start().await;
    let parameter = &document()["components"]["parameters"]["RequiredIdempotencyKey"];
    let judge = validator(&parameter["schema"]);
    let (long, longer) = ("k".repeat(255), "k".repeat(256));
    let keys = [
        "k".to_owned(),
        "!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~".to_owned(),
        long.clone(),
        longer.clone(),
        "k".repeat(257),
        format!("\"{long}\""),
        format!("\"{longer}\""),
        "\"k\"".to_owned(),
        "\"".to_owned(),
        "\"\"".to_owned(),
        "\"\"\"".to_owned(),
        "\"k".to_owned(),
        "k\"".to_owned(),
        "k k".to_owned(),
        "é".to_owned(),
    ];
    for key in keys {
        let mut request: Request<Body> =
            world.owner_request(COMPANY, OWNER, Method::POST, "/api/bookings", Some(world.job()));
        request
            .headers_mut()
            .insert("idempotency-key", http::HeaderValue::from_bytes(key.as_bytes()).unwrap());
        let answer = world.ask(request).await;
        let expected = if judge.is_valid(&json!(key)) { 201 } else { 400 };
        assert_eq!(answer.status, expected, "{key}: {answer:?}");
    }
}
