//! Refusals of Whop's event endpoint, which write nothing.

use std::io;

use axum::body::{Body, Bytes};
use chrono::Duration;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use local::embedded::EmbeddedDynamo;
use serde_json::json;

use support::signing::{SECRET, Scheme, WHOP_PATH};
use support::world::{Answer, World, payment_failed};

/// The headers of every answer.
const SECURITY_HEADERS: [&str; 6] = [
    "strict-transport-security",
    "x-content-type-options",
    "content-security-policy",
    "referrer-policy",
    "permissions-policy",
    "cache-control",
];

#[easy_ext::ext(WebhooksWhopRefusedSteps)]
impl World {
    /// Sends a request, and expects a problem document and an unchanged table.
    async fn expect_refusal(&self, request: Request<Body>, status: u16, why: &str) {
        let before = self.rows().await;
        let answer = self.ask(request).await;
        assert_problem(&answer, status, why);
        assert_eq!(self.rows().await, before, "{why}");
    }

    fn failure_now(&self) -> Vec<u8> {
        payment_failed("mem_2", "pay_2", self.now()).to_string().into_bytes()
    }
}

fn assert_problem(answer: &Answer, status: u16, why: &str) {
    assert_eq!(answer.status.as_u16(), status, "{why}: {answer:?}");
    assert_eq!(answer.headers["content-type"], "application/problem+json", "{why}");
    let problem = answer.json();
    assert_eq!(problem["status"], status, "{why}");
    for member in ["type", "title", "detail"] {
        assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{why}: {problem}");
    }
    let request_id = answer.headers["x-request-id"].to_str().unwrap();
    assert_eq!(problem["request_id"], request_id, "{why}");
    for name in SECURITY_HEADERS {
        assert!(answer.headers.contains_key(name), "{why}: {name}");
    }
    assert!(!answer.body.contains("canary") && !answer.body.contains(SECRET), "{why}: {}", answer.body);
}

/// A world that is not empty, so that a refused request could have harmed something.
async fn with_a_case() -> World {
    let world = World::start().await;
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    world
}

fn with_headers(request: Request<Body>, change: impl FnOnce(&mut HeaderMap)) -> Request<Body> {
    let (mut parts, body) = request.into_parts();
    change(&mut parts.headers);
    Request::from_parts(parts, body)
}

#[tokio::test]
async fn a_wrong_signature_is_refused() {
    let world = with_a_case().await;
    let body = world.failure_now();
    for scheme in Scheme::ALL {
        let forged = scheme.sign("msg_2", world.now(), &body, "ws_somebody_elses_secret");
        world.expect_refusal(forged, 401, "another secret").await;
        let (parts, _) = scheme.sign("msg_2", world.now(), &body, SECRET).into_parts();
        let changed = String::from_utf8(body.clone()).unwrap().replace("19.0", "1.0");
        world.expect_refusal(Request::from_parts(parts, Body::from(changed)), 401, "another body").await;
        let (parts, _) = scheme.sign("msg_2", world.now(), &body, SECRET).into_parts();
        let cut = Body::from(body[..body.len() / 2].to_vec());
        world.expect_refusal(Request::from_parts(parts, cut), 401, "half the body").await;
    }
    let renamed = with_headers(Scheme::Standard.sign("msg_2", world.now(), &body, SECRET), |headers| {
        headers.insert("webhook-id", HeaderValue::from_static("msg_3"));
    });
    world.expect_refusal(renamed, 401, "another id").await;
}

#[tokio::test]
async fn a_signature_counts_for_five_minutes_in_both_directions() {
    let world = with_a_case().await;
    for (number, scheme) in Scheme::ALL.into_iter().enumerate() {
        let body = world.failure_now();
        for seconds in [-301, 301, -86_400, 86_400 * 400] {
            let at = world.now() + Duration::seconds(seconds);
            let request = scheme.sign("msg_2", at, &body, SECRET);
            world.expect_refusal(request, 401, &format!("{scheme:?} at {seconds} s")).await;
        }
        for seconds in [-300, 300] {
            let id = format!("msg_{number}{seconds}");
            let at = world.now() + Duration::seconds(seconds);
            world.ask(scheme.sign(&id, at, &body, SECRET)).await.ok();
        }
    }
}

#[tokio::test]
async fn a_missing_doubled_or_binary_header_is_refused() {
    let world = with_a_case().await;
    let body = world.failure_now();
    world.expect_refusal(Request::post(WHOP_PATH).body(Body::from(body.clone())).unwrap(), 401, "none").await;
    for scheme in Scheme::ALL {
        let sign = || scheme.sign("msg_2", world.now(), &body, SECRET);
        let names: Vec<_> = sign().headers().keys().filter(|name| *name != "content-type").cloned().collect();
        for name in names {
            let missing = with_headers(sign(), |headers| drop(headers.remove(&name)));
            world.expect_refusal(missing, 401, &format!("without {name}")).await;
            for value in [&b"\xff\xfe"[..], b"", b"v1,", b"t=,v1=", b"1e9"] {
                let value = HeaderValue::from_bytes(value).unwrap();
                let wrong = with_headers(sign(), |headers| drop(headers.insert(&name, value.clone())));
                world.expect_refusal(wrong, 401, &format!("{name}: {value:?}")).await;
            }
            let doubled = with_headers(sign(), |headers| {
                let value = headers[&name].clone();
                headers.append(&name, value);
            });
            world.expect_refusal(doubled, 401, &format!("{name} twice")).await;
        }
    }
}

#[tokio::test]
async fn a_body_that_is_no_event_is_refused() {
    let world = with_a_case().await;
    let whole = world.failure_now();
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let nested = format!("{{\"type\":\"payment.failed\",\"data\":{deep}}}");
    let bodies: [(&[u8], &str); 8] = [
        (b"", "empty"),
        (&whole[..whole.len() - 1], "broken off"),
        (b"payment.failed", "no JSON"),
        (b"\xff\xfe\x00", "no text"),
        (b"[]", "a list"),
        (b"\"payment.failed\"", "a text"),
        (b"null", "null"),
        (nested.as_bytes(), "a well without a ground"),
    ];
    for scheme in Scheme::ALL {
        for (body, why) in bodies {
            world.expect_refusal(scheme.sign("msg_2", world.now(), body, SECRET), 400, why).await;
        }
    }
}

#[tokio::test]
async fn a_signed_event_of_any_name_is_stored() {
    let world = with_a_case().await;
    for body in [
        "{}",
        "{\"type\":\"\"}",
        "{\"type\":7,\"action\":null}",
        "{\"type\":\"a name\"}",
        "{\"type\":\"Ð4\"}",
    ] {
        for scheme in Scheme::ALL {
            let id = format!("msg_{}", body.len());
            let first = world.deliver_signed(scheme, &id, body.as_bytes()).await;
            assert_eq!(first.status, 200, "{body}: {first:?}");
            let again = world.deliver_signed(scheme, &id, body.as_bytes()).await.ok();
            assert_eq!(again["outcome"], "duplicate", "{body}");
        }
    }
}

#[tokio::test]
async fn a_body_over_the_limit_or_broken_off_is_not_read() {
    let world = with_a_case().await;
    let large = |bytes: usize| {
        let mut event = payment_failed("mem_2", "pay_2", world.now());
        event["padding"] = json!("");
        event["padding"] = json!("x".repeat(bytes - event.to_string().len()));
        event.to_string().into_bytes()
    };
    for bytes in [256 * 1024 + 1, 300_000] {
        let request = Scheme::Standard.sign("msg_2", world.now(), &large(bytes), SECRET);
        world.expect_refusal(request, 413, "too large").await;
    }
    let (parts, _) = Scheme::Standard.sign("msg_2", world.now(), b"", SECRET).into_parts();
    let chunks = [Ok(Bytes::from(large(1_000))), Err(io::Error::other("gone"))];
    let broken = Body::new(Broken(chunks.into_iter()));
    world.expect_refusal(Request::from_parts(parts, broken), 400, "broken off").await;
    // The largest body that is allowed is kept whole, and fits into a row.
    let request = Scheme::Standard.sign("msg_2", world.now(), &large(256 * 1024), SECRET);
    assert_eq!(world.ask(request).await.ok()["outcome"], "applied");
}

/// A body whose sender disconnects in the middle.
struct Broken<I>(I);

impl<I: Iterator<Item = Result<Bytes, io::Error>> + Unpin> http_body::Body for Broken<I> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, io::Error>>> {
        std::task::Poll::Ready(self.0.next().map(|chunk| chunk.map(http_body::Frame::data)))
    }
}

#[tokio::test]
async fn without_a_secret_or_a_key_no_event_is_taken() {
    // Without a webhook secret every request is unsigned and the answer reveals nothing; other missing
    // settings are named.
    for (unset, status) in [("WHOP_WEBHOOK_SECRET", 401), ("ENCRYPTION_KEY", 503), ("TABLE_NAME", 503)] {
        let lookup = |name: &str| (name == unset).then(String::new);
        let world = World::with(EmbeddedDynamo::memory(), lookup).await;
        let request = Scheme::Standard.sign("msg_1", world.now(), &world.failure_now(), SECRET);
        let answer = world.ask(request).await;
        assert_problem(&answer, status, unset);
        assert_eq!(answer.headers.contains_key("retry-after"), status == 503, "{unset}");
        assert_eq!(answer.body.contains(unset), status == 503, "{unset}: {}", answer.body);
        assert_eq!(world.rows().await, Vec::<serde_json::Value>::new(), "{unset}");
    }
}

#[tokio::test]
async fn a_secret_rotates_without_a_gap() {
    let (new, old, older) =
        ("ws_the_new_secret_of_ours", "ws_the_old_secret_of_ours", "ws_the_one_before_it");
    let list = format!("{new}, {old}");
    let lookup = |name: &str| (name == "WHOP_WEBHOOK_SECRET").then(|| list.clone());
    let world = World::with(EmbeddedDynamo::memory(), lookup).await;
    for scheme in Scheme::ALL {
        for (number, secret) in [new, old].into_iter().enumerate() {
            world.advance(Duration::seconds(1));
            let id = format!("msg_{scheme:?}_{number}");
            let request = scheme.sign(&id, world.now(), &world.failure_now(), secret);
            assert_eq!(world.ask(request).await.ok()["outcome"], "applied", "{scheme:?} {secret}");
        }
        let request = scheme.sign("msg_9", world.now(), &world.failure_now(), older);
        world.expect_refusal(request, 401, "a removed secret").await;
    }
}

#[tokio::test]
async fn another_method_is_refused_with_the_allowed_one() {
    let world = World::start().await;
    let answer = world.ask(Request::get(WHOP_PATH).body(Body::empty()).unwrap()).await;
    assert_problem(&answer, StatusCode::METHOD_NOT_ALLOWED.as_u16(), "GET");
    assert_eq!(answer.headers["allow"], "POST");
}
