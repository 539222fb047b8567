use super::Sandbox;
use stand_ins::healthchecks::{PATH, PING_KEY};

const RUN: &str = "rid=123e4567-e89b-42d3-a456-426614174000";

async fn ping(sandbox: &Sandbox, place: &str) -> (u16, String) {
    let answer = sandbox.http.post(format!("{}{PATH}/{place}", sandbox.base)).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_check_is_made_once_by_the_first_ping_that_asks_for_it() {
    let sandbox = Sandbox::start().await;
    let check = format!("{PING_KEY}/nightly-run");
    assert_eq!(ping(&sandbox, &check).await, (404, "not found".to_owned()));
    assert_eq!(ping(&sandbox, &format!("{check}/start?create=1&{RUN}")).await, (201, "Created".to_owned()));
    for action in ["", "/start", "/fail"] {
        assert_eq!(ping(&sandbox, &format!("{check}{action}?create=1&{RUN}")).await, (200, "OK".to_owned()));
    }
}

#[tokio::test]
async fn a_foreign_key_an_invalid_slug_and_an_invalid_run_are_refused() {
    let sandbox = Sandbox::start().await;
    for (place, status) in [
        ("another-ping-key/nightly?create=1".to_owned(), 404),
        (format!("{PING_KEY}/Nightly?create=1"), 400),
        (format!("{PING_KEY}/nightly?create=1&rid=7"), 400),
        (format!("{PING_KEY}/nightly/stop?create=1"), 404),
    ] {
        assert_eq!(ping(&sandbox, &place).await.0, status, "{place}");
    }
}
