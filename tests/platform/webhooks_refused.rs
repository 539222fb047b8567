//! Refusals of the endpoints of Stripe and of other sources, which write nothing.

use axum::body::Body;
use chrono::Duration;
use http::{HeaderMap, HeaderValue, Request};
use local::embedded::EmbeddedDynamo;
use serde_json::{Value, json};

use support::senders::Sender;
use support::world::{Answer, World};

#[easy_ext::ext(WebhooksRefusedSteps)]
impl World {
    /// Sends a request, and expects a problem document and an unchanged table.
    async fn expect_kept_out(&self, request: Request<Body>, status: u16, why: &str) -> Answer {
        let before = self.rows().await;
        let answer = self.ask(request).await;
        assert_eq!(answer.status, status, "{why}: {answer:?}");
        assert!(!answer.body.contains("canary") && !answer.body.contains("whsec"), "{why}: {answer:?}");
        assert_eq!(self.rows().await, before, "{why}");
        answer
    }
}

/// An answer without the fields that differ in every answer.
fn comparable(answer: &Answer) -> (u16, Value, Vec<(String, String)>) {
    let mut problem = answer.json();
    problem.as_object_mut().unwrap().remove("request_id").unwrap();
    let headers = answer.headers.iter().filter(|(name, _)| *name != "x-request-id");
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    (answer.status.as_u16(), problem, headers.collect())
}

/// Valid deliveries, each with one error in its headers.
fn hostile(sender: Sender, path: &str, world: &World) -> Vec<(String, Request<Body>)> {
    let good = || sender.sign(path, "evt_2", world.now(), &sender.body("evt_2"), sender.secret());
    let names: Vec<_> = good().headers().keys().cloned().collect();
    let mut corpus = Vec::new();
    let mut add = |why: String, change: &dyn Fn(&mut HeaderMap)| {
        let mut request = good();
        change(request.headers_mut());
        corpus.push((why, request));
    };
    add("no header at all".to_owned(), &|headers| headers.clear());
    for name in &names {
        add(format!("without {name}"), &|headers| drop(headers.remove(name)));
        add(format!("{name} twice"), &|headers| {
            let value = headers[name].clone();
            headers.append(name, value);
        });
        let long = "1".repeat(5_000);
        let crowd = format!("{}{}", "v1,AAAA ".repeat(100), "v1=00,".repeat(100));
        for value in [
            &b"\xff\xfe"[..],
            b"",
            b",",
            b"t=,v1=",
            b"t=1763456523",
            b"t=1763456523,t=1763456523,v1=00",
            b"t=99999999999999999999,v1=00",
            b"t=-1,v1=00",
            b"v0=00",
            b"v1,",
            b"v1a,",
            b"v1,AAAA",
            b"v2,AAAA",
            b"1e9",
            b"a b",
            b"../../etc",
            long.as_bytes(),
            crowd.as_bytes(),
        ] {
            let value = HeaderValue::from_bytes(value).unwrap();
            add(format!("{name}: {value:?}"), &|headers| drop(headers.insert(name, value.clone())));
        }
    }
    corpus
}

#[tokio::test]
async fn hostile_headers_are_refused() {
    let world = World::start().await;
    for sender in Sender::ALL {
        for (why, request) in hostile(sender, &sender.path(), &world) {
            // An id is the sender's to choose, so that another one is no malformed header.
            world.expect_kept_out(request, 401, &format!("{sender:?} {why}")).await;
        }
    }
}

#[tokio::test]
async fn a_source_that_does_not_exist_answers_as_one_that_does() {
    let world = World::start().await;
    let strangers = [
        "whsec_c29tZWJvZHkgZWxzZSdzIGtleSBvZiAzMiBieXRlcyE=",
        "whsk_c29tZWJvZHkgZWxzZSdzIGtleSBvZiAzMiBieXRlcyE=",
    ];
    for (sender, stranger) in [Sender::Shared, Sender::Private].into_iter().zip(strangers) {
        let unknown = "/api/webhooks/unheard-of";
        let wrong =
            |path: &str, at, secret: &str| sender.sign(path, "evt_1", at, &sender.body("evt_1"), secret);
        for at in [world.now(), world.now() - Duration::hours(1), world.now() + Duration::hours(1)] {
            let known = world.expect_kept_out(wrong(&sender.path(), at, stranger), 401, "known").await;
            for path in [unknown, "/api/webhooks/Sandbox", "/api/webhooks/%2e%2e", "/api/webhooks/sandbox%00"]
            {
                let answer = world.expect_kept_out(wrong(path, at, stranger), 401, path).await;
                assert_eq!(comparable(&answer), comparable(&known), "{path}");
            }
        }
        // Not even the right key of another source opens it.
        world.expect_kept_out(wrong(unknown, world.now(), sender.secret()), 401, "another's key").await;
        let corpus = hostile(sender, &sender.path(), &world);
        for ((why, known), (_, unknown)) in corpus.into_iter().zip(hostile(sender, unknown, &world)) {
            let (known, unknown) = (world.ask(known).await, world.ask(unknown).await);
            assert_eq!(comparable(&known), comparable(&unknown), "{why}");
        }
        let large = vec![b' '; 256 * 1024 + 1];
        let large = |path: &str| sender.sign(path, "evt_1", world.now(), &large, stranger);
        let known = world.expect_kept_out(large(&sender.path()), 413, "large").await;
        assert_eq!(
            comparable(&known),
            comparable(&world.expect_kept_out(large(unknown), 413, "large").await)
        );
    }
}

#[tokio::test]
async fn a_wrong_key_body_or_id_is_refused() {
    let world = World::start().await;
    for sender in Sender::ALL {
        let (good, path) = (sender.body("evt_1"), sender.path());
        let mut tampered = sender.deliver(&world, "evt_1");
        *tampered.body_mut() = Body::from(sender.body("evt_2").repeat(2));
        world.expect_kept_out(tampered, 401, "another body").await;
        let mut cut = sender.deliver(&world, "evt_1");
        *cut.body_mut() = Body::from(good[..good.len() - 1].to_vec());
        world.expect_kept_out(cut, 401, "a body without its last byte").await;
        if sender != Sender::Stripe {
            let mut renamed = sender.deliver(&world, "evt_1");
            renamed.headers_mut().insert("webhook-id", HeaderValue::from_static("evt_3"));
            world.expect_kept_out(renamed, 401, "another id").await;
        }
        // A delivery for one endpoint is none for another.
        for other in ["/api/webhooks/stripe", "/api/webhooks/sandbox", "/api/webhooks/whop"] {
            if other != path {
                let request = sender.sign(other, "evt_1", world.now(), &good, sender.secret());
                world.expect_kept_out(request, 401, other).await;
            }
        }
    }
}

#[tokio::test]
async fn a_signature_counts_for_five_minutes_in_both_directions() {
    let world = World::start().await;
    for sender in Sender::ALL {
        let body = sender.body("evt_1");
        for seconds in [-301, 301, -86_400, 86_400 * 400] {
            let at = world.now() + Duration::seconds(seconds);
            let request = sender.sign(&sender.path(), "evt_1", at, &body, sender.secret());
            world.expect_kept_out(request, 401, &format!("{sender:?} at {seconds} s")).await;
        }
        for seconds in [-300, 300] {
            let at = world.now() + Duration::seconds(seconds);
            let id = format!("evt_{sender:?}{seconds}");
            let request = sender.sign(&sender.path(), &id, at, &sender.body(&id), sender.secret());
            assert_eq!(world.ask(request).await.ok()["outcome"], "kept");
        }
    }
}

#[tokio::test]
async fn a_body_that_is_no_event_is_refused() {
    let world = World::start().await;
    let deep = format!("{{\"id\":\"evt_1\",\"type\":{}{}}}", "[".repeat(50_000), "]".repeat(50_000));
    for sender in Sender::ALL {
        for (body, why) in [
            (&b""[..], "empty"),
            (b"{\"id\":\"evt_1\"", "broken off"),
            (b"\xff\xfe\x00", "no text"),
            (b"[]", "a list"),
            (b"7", "a number"),
            (b"null", "null"),
            (b"id=evt_1&type=charge.refunded", "a form"),
            (deep.as_bytes(), "a well without a ground"),
        ] {
            let request = sender.sign(&sender.path(), "evt_1", world.now(), body, sender.secret());
            world.expect_kept_out(request, 400, &format!("{sender:?} {why}")).await;
        }
    }
}

#[tokio::test]
async fn a_signed_event_of_stripe_without_an_id_is_kept_once() {
    let world = World::start().await;
    for body in [json!({}), json!({"id": ""}), json!({"id": null, "type": "x"}), json!({"id": 1})] {
        let (stripe, body) = (Sender::Stripe, body.to_string());
        let deliver = || stripe.sign(&stripe.path(), "", world.now(), body.as_bytes(), stripe.secret());
        let first = world.ask(deliver()).await.ok();
        assert_eq!(first["outcome"], "kept", "{body}");
        let second = world.ask(deliver()).await.ok();
        assert_eq!((&second["outcome"], &second["event_id"]), (&json!("duplicate"), &first["event_id"]));
    }
}

#[tokio::test]
async fn the_largest_body_is_kept_whole_and_a_larger_one_is_not_read() {
    let world = World::start().await;
    for sender in Sender::ALL {
        let id = format!("evt_{sender:?}");
        let padded = |bytes: usize| {
            let mut body = sender.body(&id);
            body.resize(bytes, b' ');
            sender.sign(&sender.path(), &id, world.now(), &body, sender.secret())
        };
        world.expect_kept_out(padded(256 * 1024 + 1), 413, "too large").await;
        assert_eq!(world.ask(padded(256 * 1024)).await.ok()["outcome"], "kept", "{sender:?}");
    }
}

#[tokio::test]
async fn what_is_not_configured_is_off_and_named() {
    let malformed = "whsec_this is no base64 at all";
    for (name, value, status_of_stripe, status_of_source) in [
        // Without a webhook secret no request is authenticated as Stripe's.
        ("STRIPE_WEBHOOK_SECRET", "", 401, 200),
        // Without keys there are no sources, and a source that does not exist is nothing to wait for.
        ("WEBHOOK_SECRETS", "", 200, 401),
        ("WEBHOOK_SECRETS", &format!("sandbox={malformed}"), 200, 503),
        (
            "WEBHOOK_SECRETS",
            &format!("sandbox={},sandbox=whpk_c2l4dGVlbiBieXRlcyBvciBtb3Jl", Sender::Shared.secret()),
            200,
            503,
        ),
        ("ENCRYPTION_KEY", "", 503, 503),
        ("TABLE_NAME", "", 503, 503),
    ] {
        let lookup = |asked: &str| (asked == name).then(|| value.to_owned());
        let world = World::with(EmbeddedDynamo::memory(), lookup).await;
        for (sender, expected) in [(Sender::Stripe, status_of_stripe), (Sender::Shared, status_of_source)] {
            let answer = world.ask(sender.deliver(&world, "evt_1")).await;
            assert_eq!(answer.status, expected, "{name} {sender:?}: {answer:?}");
            // The answer names a missing setting, but not the error in a secret.
            let is_named = expected == 503 && value.is_empty();
            assert_eq!(answer.body.contains(name), is_named, "{answer:?}");
            assert!(!answer.body.contains("base64"), "{answer:?}");
            assert_eq!(answer.header("retry-after").is_some(), expected == 503, "{answer:?}");
        }
    }
}

#[tokio::test]
async fn another_method_is_refused_with_the_allowed_one() {
    let world = World::start().await;
    for path in ["/api/webhooks/stripe", "/api/webhooks/sandbox", "/api/webhooks/unheard-of"] {
        let answer = world.ask(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some("POST")), "{path}");
    }
}
