//! Changing requests of people: a company's owner, who repeats them with the same idempotency key until they are
//! answered, and a person who starts payouts by hand.

use chrono::Duration;
use http::{Method, Request, StatusCode};
use local::service::TABLE;
use serde_json::{Value, json};
use shared::http::extension::RequestId;

use support::browser::{Browser, ORIGIN};
use support::exactly_once::LEASES;
use support::payees::PROCESS;
use support::world::{Answer, COMPANY, OWNER, World, unknown_client_ip};

/// The repetitions after which the claim on a key has lapsed.
const MOST_REPETITIONS: usize = 3;

/// A changing request with its idempotency key.
#[derive(Debug, Clone)]
pub struct KeyedRequest {
    pub path: String,
    pub key: String,
    pub body: Value,
}

impl KeyedRequest {
    pub async fn send(&self, world: &World) -> Answer {
        let body = Some(self.body.clone());
        let mut request = world.owner_request(COMPANY, OWNER, Method::POST, &self.path, body);
        // The answer is stored, so a random id would make every run different.
        request.extensions_mut().insert(RequestId(self.key.clone()));
        request.headers_mut().insert("idempotency-key", self.key.parse().unwrap());
        world.ask(request).await
    }

    /// Repeats it while another attempt holds the key or the service cannot answer.
    pub async fn send_until_answered(&self, world: &World) -> Answer {
        let mut answer = self.send(world).await;
        for _ in 0..MOST_REPETITIONS {
            if !is_transient(&answer) {
                return answer;
            }
            world.advance(LEASES + Duration::minutes(2));
            answer = self.send(world).await;
        }
        assert!(!is_transient(&answer), "never answered: {answer:?}");
        answer
    }
}

fn is_transient(answer: &Answer) -> bool {
    let is_busy = answer.status == StatusCode::CONFLICT && answer.header("retry-after").is_some();
    is_busy || answer.status == StatusCode::SERVICE_UNAVAILABLE
}

/// A person who pays for the platform in this company; the environment names another company.
pub async fn person_of_the_company(world: &World) -> Browser {
    let browser = world.staff("provider").await;
    let mut rows = world.service.dynamo.rows(TABLE);
    rows.retain(|row| row["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("SESSION#")));
    rows.iter_mut().for_each(|row| row["company"]["S"] = json!(COMPANY));
    world.service.dynamo.put_rows(TABLE, &rows);
    browser
}

/// Starts a payout run and returns the status of the answer.
pub async fn pay_by_hand(world: &World, person: &Browser) -> String {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(PROCESS)
        .header("origin", ORIGIN)
        .header("cookie", person.cookie.clone().unwrap())
        .header("x-csrf-token", &person.csrf_token)
        .header("content-type", "application/json")
        .header("idempotency-key", "by-hand")
        .body(json!({"dry_run": false}).to_string().into())
        .unwrap();
    request.extensions_mut().insert(unknown_client_ip());
    // The answer is stored, so a random id would make every run different.
    request.extensions_mut().insert(RequestId("by-hand".to_owned()));
    world.service.ask(request).await.status().to_string()
}
