//! Lambda's runtime API over a loopback listener: one event at a time, as Lambda does it.
//!
//! Source: docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How long anybody waits for a child process.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The API, for the one process that polls it.
pub struct RuntimeApi {
    address: String,
    function: String,
    events: UnboundedSender<(String, String)>,
    results: UnboundedReceiver<Outcome>,
    count: u32,
}

/// What the service reported about one invocation.
#[derive(Debug)]
pub struct Outcome {
    pub request_id: String,
    /// `response` or `error`.
    pub kind: String,
    pub body: Value,
}

#[derive(Clone)]
struct Api {
    events: Arc<Mutex<UnboundedReceiver<(String, String)>>>,
    results: UnboundedSender<Outcome>,
}

impl RuntimeApi {
    /// Listens for the process of a function.
    pub async fn start(function: &str) -> Self {
        let (events, queue) = unbounded_channel();
        let (reports, results) = unbounded_channel();
        let api = Api { events: Arc::new(Mutex::new(queue)), results: reports };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{kind}", post(report))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(api);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, function: function.to_owned(), events, results, count: 0 }
    }

    /// What Lambda puts into the environment of the process.
    pub fn environment(&self) -> [(&str, &str); 4] {
        [
            ("AWS_LAMBDA_RUNTIME_API", &self.address),
            ("AWS_LAMBDA_FUNCTION_NAME", &self.function),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ]
    }

    /// Hands over one payload and waits for what comes of it.
    pub async fn invoke(&mut self, payload: impl ToString) -> Outcome {
        self.count += 1;
        let request_id = format!("lambda-request-{}", self.count);
        self.events.send((request_id.clone(), payload.to_string())).expect("the API runs");
        let outcome = tokio::time::timeout(PATIENCE, self.results.recv()).await.expect("an outcome in time");
        let outcome = outcome.expect("the API runs");
        assert_eq!(outcome.request_id, request_id);
        outcome
    }

    /// Hands over a function URL's request, which must not see a failed invocation.
    pub async fn ask(&mut self, event: Value) -> Value {
        let outcome = self.invoke(event).await;
        assert_eq!(outcome.kind, "response", "{outcome:?}");
        outcome.body
    }
}

async fn next(State(api): State<Api>) -> (HeaderMap, String) {
    let Some((request_id, payload)) = api.events.lock().await.recv().await else {
        // The test is over, and its process about to end.
        return std::future::pending().await;
    };
    let mut headers = HeaderMap::new();
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:echo";
    for (name, value) in [
        ("lambda-runtime-aws-request-id", request_id.as_str()),
        ("lambda-runtime-deadline-ms", "4102444800000"),
        ("lambda-runtime-invoked-function-arn", arn),
    ] {
        headers.insert(name, value.parse().expect("a header"));
    }
    (headers, payload)
}

async fn report(
    State(api): State<Api>,
    Path((request_id, kind)): Path<(String, String)>,
    body: String,
) -> StatusCode {
    let body = serde_json::from_str(&body).expect("a JSON report");
    let _ = api.results.send(Outcome { request_id, kind, body });
    StatusCode::ACCEPTED
}
