//! Lists of bookings: each one query, whole, and in order.

use std::collections::BTreeSet;

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use shared::domain::kernel::time;

use support::parties::PROFESSIONAL;
use support::world::World;

/// Nine bookings of two professionals and three customers, three of them accepted, three declined.
async fn with_bookings() -> World {
    let world = World::start().await;
    for number in 0..9_i64 {
        let mut job = world.job();
        job["customer_id"] = json!(format!("user_customer_{}", number % 3));
        job["professional_id"] = json!(if number == 8 { "user_other" } else { PROFESSIONAL });
        // The later a booking was requested, the earlier its job begins.
        job["scheduled_start"] = json!(time::format(world.now() + Duration::days(30 - 2 * number)));
        let booking = world.keyed(Method::POST, "/api/bookings", &format!("key-{number}"), job).await.json();
        if number >= 3 {
            world.authorize(&booking).await;
            let what = if number >= 6 { "accept" } else { "decline" };
            world.decide(&booking, what, &format!("key-{number}-{what}")).await.ok();
        }
        world.advance(Duration::minutes(7));
    }
    world
}

/// All pages of a list, so many bookings each.
async fn all(world: &World, query: &str, limit: usize) -> Vec<Value> {
    let (mut found, mut next) = (Vec::new(), Value::Null);
    for _ in 0..20 {
        let cursor = next.as_str().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = world.get(&format!("/api/bookings?limit={limit}{query}{cursor}")).await;
        let data = page["data"].as_array().unwrap();
        assert!(data.len() <= limit);
        found.extend(data.iter().cloned());
        next = page["next_cursor"].clone();
        if next.is_null() {
            return found;
        }
    }
    panic!("a list without an end: {query}");
}

fn times<'a>(bookings: &'a [Value], field: &str) -> Vec<&'a str> {
    bookings.iter().map(|booking| booking[field].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_list_is_whole_in_pages_of_any_size_and_in_order() {
    let world = with_bookings().await;
    for (query, count) in [
        ("", 9),
        ("&status=accepted", 3),
        ("&status=completed", 0),
        ("&professional_id=user_professional", 8),
        ("&professional_id=user_professional&status=accepted", 2),
        ("&professional_id=user_nobody", 0),
        ("&customer_id=user_customer_1", 3),
        ("&customer_id=user_customer_1&status=declined", 1),
    ] {
        let whole = all(&world, query, 100).await;
        let ids: BTreeSet<&str> =
            whole.iter().map(|booking| booking["booking_id"].as_str().unwrap()).collect();
        assert_eq!((whole.len(), ids.len()), (count, count), "{query}");
        for limit in [1, 2, 4] {
            assert_eq!(all(&world, query, limit).await, whole, "{query} by {limit}");
        }
    }
    let newest = all(&world, "", 100).await;
    assert!(times(&newest, "created_at").is_sorted_by(|a, b| a > b));
    let starts = all(&world, "&professional_id=user_professional&status=declined", 100).await;
    assert!(times(&starts, "scheduled_start").is_sorted_by(|a, b| a < b));
    let asked = all(&world, "&customer_id=user_customer_0&status=accepted", 100).await;
    assert!(times(&asked, "created_at").is_sorted_by(|a, b| a > b));
}

#[tokio::test]
async fn a_list_costs_one_query_and_one_read_of_its_rows() {
    let world = with_bookings().await;
    for query in [
        "",
        "?status=accepted",
        "?professional_id=user_professional",
        "?customer_id=user_customer_1&status=declined",
    ] {
        world.service.dynamo.reset_requests();
        world.get(&format!("/api/bookings{query}")).await;
        let asked = world.table_requests();
        let count = |name: &str| asked.iter().filter(|asked| *asked == name).count();
        assert_eq!((count("Query"), count("BatchGetItem")), (1, 1), "{query}: {asked:?}");
        assert_eq!(asked.len(), 3, "and one write that counts the limit: {asked:?}");
    }
}

#[tokio::test]
async fn a_cursor_leads_only_through_the_list_that_gave_it() {
    let world = with_bookings().await;
    let cursor = async |query: &str| {
        let page = world.get(&format!("/api/bookings?limit=1{query}")).await;
        page["next_cursor"].as_str().unwrap().to_owned()
    };
    let (of_all, of_one) =
        (cursor("").await, cursor("&professional_id=user_professional&status=declined").await);
    for (query, cursor) in [
        ("", of_one.as_str()),
        ("&status=accepted", &of_one),
        ("&professional_id=user_professional&status=accepted", &of_one),
        ("&customer_id=user_customer_1", &of_all),
        ("", "x"),
        ("", "AAAA"),
        ("", "IyMj"),
    ] {
        let path = format!("/api/bookings?cursor={cursor}{query}");
        let answer = world.owner(Method::GET, &path, None).await;
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
        assert_eq!(answer.json()["errors"][0]["field"], "cursor");
    }
}

#[tokio::test]
async fn invalid_parameters_are_named() {
    let world = World::start().await;
    for (query, field) in [
        ("status=paid", "status"),
        ("status=accepted&status=accepted", "status"),
        ("professional_id=a%20b", "professional_id"),
        ("customer_id=%23", "customer_id"),
        ("customer_id=user_1&professional_id=user_2", "customer_id"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("state=accepted", "state"),
    ] {
        let answer = world.owner(Method::GET, &format!("/api/bookings?{query}"), None).await;
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
        assert_eq!(answer.json()["errors"][0]["field"], field, "{query}");
    }
}

#[tokio::test]
async fn every_caller_sees_its_own_list() {
    let world = World::start().await;
    let (customer, professional) = (world.party("customer-1"), world.party("professional-1"));
    for number in 0..4 {
        let mut job = world.job();
        if number % 2 == 0 {
            job["customer_id"] = json!(customer);
        }
        if number >= 2 {
            job["professional_id"] = json!(professional);
        }
        assert_eq!(
            world.keyed(Method::POST, "/api/bookings", &format!("key-{number}"), job).await.status,
            201
        );
    }
    for (who, own, count) in [
        (("customer", "customer-1"), format!("?customer_id={customer}"), 2),
        (("professional", "professional-1"), format!("?professional_id={professional}"), 2),
        (("provider", "staff"), String::new(), 4),
    ] {
        for query in [String::new(), own] {
            let list = world.as_party(who, Method::GET, &format!("/api/bookings{query}"), None).await.ok();
            assert_eq!(list["data"].as_array().unwrap().len(), count, "{who:?}: {list:#}");
        }
    }
}
