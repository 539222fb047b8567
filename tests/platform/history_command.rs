//! `cargo history` against the API, over a socket.

use operator::api::{self, ApiError};
use operator::options::Options;
use operator::table;
use support::askers::ON_CALL_KEY;
use support::parties::payment_of;
use support::world::{COMPANY, World};
use tokio::net::TcpListener;

fn options(url: &str, kind: &str, id: &str) -> Options {
    Options {
        kind: kind.to_owned(),
        id: id.to_owned(),
        url: url.to_owned(),
        company: Some(COMPANY.to_owned()),
        from: None,
        most: 1_000,
        json: false,
        key: ON_CALL_KEY.to_owned(),
    }
}

async fn served(world: &World) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = world.service.router.clone();
    tokio::spawn(async move { stand_ins::server::serve(router, listener).await });
    url
}

#[tokio::test]
async fn a_bookings_history_is_printed_with_a_line_for_each_entry() {
    let world = World::start().await;
    let url = served(&world).await;
    let booking = world.accepted_booking("key-1").await;
    let id = booking["booking_id"].as_str().unwrap();
    let history = api::history(&options(&url, "booking", id)).await.unwrap();
    let text = table::format(&history, id);
    assert_eq!(text.lines().count(), history.entries.len(), "{text}");
    assert!(text.contains("payment_captured") && text.contains("postings=received +10000 usd"), "{text}");
    let by_payment = api::history(&options(&url, "payment", payment_of(&booking))).await.unwrap();
    assert_eq!(by_payment.entries, history.entries);
    let few = api::history(&Options { most: 2, ..options(&url, "booking", id) }).await.unwrap();
    assert!(few.more && few.entries == history.entries[..2], "{few:?}");
}

#[tokio::test]
async fn what_the_api_refuses_is_said_in_its_own_words_and_without_the_key() {
    let world = World::start().await;
    let url = served(&world).await;
    let refused = async |options: Options| api::history(&options).await.unwrap_err();
    let absent = refused(options(&url, "booking", "00000000-0000-4000-8000-000000000000")).await;
    assert!(matches!(absent, ApiError::Refused { status, .. } if status == 404), "{absent}");
    let malformed = refused(options(&url, "booking", "x/y")).await.to_string();
    assert!(malformed.contains("400") && malformed.contains("id: "), "{malformed}");
    let guessed = refused(Options { key: "guess".to_owned(), ..options(&url, "booking", "1") }).await;
    assert!(guessed.to_string().contains("401") && !guessed.to_string().contains("guess"), "{guessed}");
    let nobody = refused(options("http://127.0.0.1:9", "booking", "1")).await;
    assert!(matches!(nobody, ApiError::Unreachable { .. }), "{nobody}");
    assert!(matches!(refused(options("nowhere", "booking", "1")).await, ApiError::Url(_)));
}
