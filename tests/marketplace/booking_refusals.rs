//! Invalid booking requests, and bookings of others.

use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};
use stand_ins::whop::APP_ID;

use support::answer::is_replay;
use support::parties::path_of;
use support::world::{Answer, COMPANY, OWNER, World};

/// The fields that an answer finds fault with.
fn faulty(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 400, "{answer:?}");
    let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
}

/// The owner's request with this text as its body.
async fn raw(world: &World, body: &str, key: &str) -> Answer {
    let token = world.service.sandbox.whop.user_token(OWNER, APP_ID);
    let request = Request::post("/api/bookings")
        .header("x-whop-user-token", token)
        .header("x-company-id", COMPANY)
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(Body::from(body.to_owned()));
    world.ask(request.unwrap()).await
}

#[tokio::test]
async fn every_field_that_is_wrong_is_named() {
    let world = World::start().await;
    for (field, wrong) in [
        ("amount", json!(0)),
        ("amount", json!(-5)),
        ("amount", json!("100")),
        ("amount", json!(1.5)),
        ("amount", json!(null)),
        ("amount", json!(1_000_000_000_000_001_i64)),
        ("amount", json!(i64::MAX)),
        ("amount", json!(u64::MAX)),
        ("currency", json!("xyz")),
        ("currency", json!("dollars")),
        ("currency", json!(840)),
        ("professional_id", json!("")),
        ("professional_id", json!("a b")),
        ("professional_id", json!("user#1")),
        ("professional_id", json!("x".repeat(129))),
        ("professional_id", json!("user_customer")),
        ("customer_id", json!(null)),
        ("customer_id", json!(["user_customer"])),
        ("scheduled_start", json!("2025-11-18T09:02:03.000Z")),
        ("scheduled_start", json!("2025-11-17T09:00:00Z")),
        ("scheduled_start", json!("2099-01-01T00:00:00Z")),
        ("scheduled_start", json!("9999-12-31T23:59:59-23:59")),
        ("scheduled_start", json!("tomorrow")),
        ("scheduled_start", json!(1_763_456_400)),
        ("customer_email", json!("nobody")),
        ("customer_email", json!(null)),
        ("language", json!("fr")),
        ("note", json!("hello")),
    ] {
        let mut job = world.job();
        job[field] = wrong.clone();
        let answer = world
            .keyed(Method::POST, "/api/bookings", &format!("key-{field}-{wrong}").replace(' ', "-"), job)
            .await;
        assert_eq!(faulty(&answer), [field], "{wrong}");
    }
    let job = world.job().to_string();
    for amount in
        ["9223372036854775808", "1e4", "10000.0", "-9223372036854775809", "123456789012345678901234567890"]
    {
        let answer = raw(&world, &job.replace("10000", amount), "key-1").await;
        assert_eq!(faulty(&answer), ["amount"], "{amount}");
    }
    let all = raw(&world, "{}", "key-1").await;
    assert_eq!(faulty(&all), ["professional_id", "customer_id", "amount", "currency", "scheduled_start"]);
    let fils = raw(&world, &job.replace("10000", "1235").replace("usd", "kwd"), "key-1").await;
    assert_eq!(faulty(&fils), ["amount"]);
    for body in ["", "[]", "null", "\"job\"", "{", "{\"amount\": NaN}"] {
        assert_eq!(raw(&world, body, "key-1").await.status, 400, "{body}");
    }
    assert!(world.rows_of("BOOKING#").await.is_empty());
    assert!(!world.service.sandbox.stripe.requests().contains_key("create_payment_intent"));
}

#[tokio::test]
async fn money_is_not_moved_without_a_key() {
    let world = World::start().await;
    let answer = world.post("/api/bookings", world.job()).await;
    assert_eq!(faulty(&answer), ["Idempotency-Key"]);
    let booking = world.held("key-1").await;
    for what in ["accept", "decline", "complete", "cancel"] {
        let answer = world.post(&format!("{}/{what}", path_of(&booking)), json!({})).await;
        assert_eq!(faulty(&answer), ["Idempotency-Key"]);
    }
    assert_eq!(world.seen(&booking).await["status"], "authorized");
}

#[tokio::test]
async fn the_same_key_makes_the_same_booking_also_long_after_its_start_is_past() {
    let world = World::start().await;
    let job = world.job();
    let first = world.keyed(Method::POST, "/api/bookings", "key-1", job.clone()).await;
    world.advance(chrono::Duration::days(20));
    let again = world.keyed(Method::POST, "/api/bookings", "key-1", job.clone()).await;
    assert!(is_replay(&again) && again.body == first.body && again.status == 201, "{again:?}");
    let mut other = job;
    other["amount"] = json!(9_999);
    assert_eq!(world.keyed(Method::POST, "/api/bookings", "key-1", other).await.status, 422);
    let list = world.get("/api/bookings").await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn anothers_booking_is_as_absent_as_none() {
    let world = World::start().await;
    let (customer, professional) = (world.party("customer-1"), world.party("professional-1"));
    let mut job = world.job();
    (job["customer_id"], job["professional_id"]) = (json!(customer), json!(professional));
    let booking = world.keyed(Method::POST, "/api/bookings", "key-1", job).await.json();
    world.authorize(&booking).await;
    let none = json!({"booking_id": "00000000-0000-4000-8000-000000000000"});
    let comparable = |answer: &Answer| {
        let mut problem = answer.json();
        problem.as_object_mut().unwrap().remove("request_id");
        problem
    };
    let strangers =
        [("customer", "customer-2"), ("professional", "professional-2"), ("customer", "professional-1")];
    for (number, who) in strangers.into_iter().enumerate() {
        let theirs = world.as_party(who, Method::GET, &path_of(&booking), None).await;
        let absent = world.as_party(who, Method::GET, &path_of(&none), None).await;
        assert_eq!((theirs.status.as_u16(), comparable(&theirs)), (404, comparable(&absent)), "{who:?}");
        for what in ["accept", "decline", "complete", "cancel", "payment"] {
            let may = who.0 == "professional" && what != "payment"
                || who.0 == "customer" && ["cancel", "payment"].contains(&what);
            let body = (what != "payment").then(|| (format!("key-{number}"), json!({})));
            let method = if what == "payment" { Method::GET } else { Method::POST };
            let body = body.as_ref().map(|(key, body)| (key.as_str(), body.clone()));
            let answer = world.as_party(who, method, &format!("{}/{what}", path_of(&booking)), body).await;
            assert_eq!(answer.status, if may { 404 } else { 403 }, "{who:?} {what}: {answer:?}");
        }
        let list = world.as_party(who, Method::GET, "/api/bookings", None).await.ok();
        assert_eq!(list["data"], json!([]), "{who:?}");
        for named in [format!("customer_id={customer}"), format!("professional_id={professional}")] {
            let list = world.as_party(who, Method::GET, &format!("/api/bookings?{named}"), None).await;
            assert_eq!(list.status, 400, "{who:?} {named}: {list:?}");
        }
    }
    assert_eq!(world.seen(&booking).await["status"], "authorized");
    let seen =
        world.as_party(("professional", "professional-1"), Method::GET, &path_of(&booking), None).await.ok();
    assert_eq!(seen["payable_amount"], 0);
    let accept = format!("{}/accept", path_of(&booking));
    let accepted = world
        .as_party(("professional", "professional-1"), Method::POST, &accept, Some(("key-1", json!({}))))
        .await;
    assert_eq!(accepted.ok()["status"], "accepted");
    let seen = world.as_party(("customer", "customer-1"), Method::GET, &path_of(&booking), None).await.ok();
    assert_eq!((&seen["fee_amount"], &seen["payable_amount"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_customer_cancels_only_before_the_acceptance() {
    let world = World::start().await;
    let customer = ("customer", "customer-1");
    let mut job = world.job();
    for name in ["customer_id", "customer_email"] {
        job.as_object_mut().unwrap().remove(name);
    }
    for (promised, status) in [(false, 200), (true, 409)] {
        let key = format!("key-{promised}");
        let booking =
            world.as_party(customer, Method::POST, "/api/bookings", Some((&key, job.clone()))).await;
        assert_eq!(booking.status, 201, "{booking:?}");
        let booking = booking.json();
        assert_eq!(booking["customer_id"], world.party("customer-1"));
        world.authorize(&booking).await;
        if promised {
            world.decide(&booking, "accept", "key-accept").await.ok();
        }
        let cancel = format!("{}/cancel", path_of(&booking));
        let answer = world.as_party(customer, Method::POST, &cancel, Some(("key-1", json!({})))).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
    let mut elsewhere = job;
    elsewhere["customer_id"] = json!("user_somebody_else");
    let answer = world.as_party(customer, Method::POST, "/api/bookings", Some(("key-9", elsewhere))).await;
    assert_eq!(faulty(&answer), ["customer_id"]);
    world.check_the_books().await;
}

#[tokio::test]
async fn an_invalid_id_and_an_unexpected_body_are_refused() {
    let world = World::start().await;
    for id in ["1", "00000000-0000-4000-8000-00000000000G", "00000000000040008000000000000000"] {
        let answer = world.owner(Method::GET, &format!("/api/bookings/{id}"), None).await;
        assert_eq!(faulty(&answer), ["booking_id"], "{id}");
    }
    let booking = world.held("key-1").await;
    let answer = world
        .keyed(Method::POST, &format!("{}/accept", path_of(&booking)), "key-2", json!({"amount": 1}))
        .await;
    assert_eq!(faulty(&answer), ["amount"]);
}
