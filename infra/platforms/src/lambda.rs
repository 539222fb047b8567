//! Lambda's runtime API on a loopback socket: one event at a time, as on Lambda.
//!
//! Source: docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

mod event;

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

pub use event::{event, reply};

/// The API for one polling process.
pub struct RuntimeApi {
    address: String,
    function: String,
    events: UnboundedSender<(String, String)>,
    results: UnboundedReceiver<Outcome>,
    polled: watch::Receiver<bool>,
    served: JoinHandle<()>,
    count: u32,
}

/// The function's report about one invocation or its start.
#[derive(Debug)]
pub struct Outcome {
    /// The id of the invocation; `init` for the start.
    pub request_id: String,
    pub kind: String,
    pub body: Value,
}

#[derive(Clone)]
struct Api {
    function: String,
    events: Arc<Mutex<UnboundedReceiver<(String, String)>>>,
    results: UnboundedSender<Outcome>,
    polled: watch::Sender<bool>,
}

impl RuntimeApi {
    /// Starts to listen for a function's process.
    pub async fn start(function: &str) -> io::Result<Self> {
        let (events, queue) = unbounded_channel();
        let (reports, results) = unbounded_channel();
        let (polling, polled) = watch::channel(false);
        let function = function.to_owned();
        let events_to_poll = Arc::new(Mutex::new(queue));
        let api =
            Api { function: function.clone(), events: events_to_poll, results: reports, polled: polling };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{kind}", post(report))
            .route("/2018-06-01/runtime/init/error", post(report_start))
            .layer(DefaultBodyLimit::disable())
            .with_state(api);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let served = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, function, events, results, polled, served, count: 0 })
    }

    /// The variables that Lambda sets for the process.
    pub fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_LAMBDA_RUNTIME_API", self.address.clone()),
            ("AWS_LAMBDA_FUNCTION_NAME", self.function.clone()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
        ]
    }

    /// Waits until the function polls for its first event, which ends its start.
    pub async fn polled(&mut self) {
        // The sender lives as long as the server, which lives as long as `self`.
        let _ = self.polled.wait_for(|polled| *polled).await;
    }

    /// Sends one payload and waits for its outcome; `None` if none can arrive any more.
    pub async fn invoke(&mut self, payload: impl ToString) -> Option<Outcome> {
        self.count += 1;
        let request_id = format!("lambda-request-{}", self.count);
        self.events.send((request_id.clone(), payload.to_string())).ok()?;
        loop {
            let outcome = self.results.recv().await?;
            // Reports of earlier invocations that timed out are skipped.
            if outcome.request_id == request_id {
                return Some(outcome);
            }
        }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.served.abort();
    }
}

async fn next(State(api): State<Api>) -> (HeaderMap, String) {
    let _ = api.polled.send(true);
    let Some((request_id, payload)) = api.events.lock().await.recv().await else {
        // There are no further invocations, and the process is about to end.
        return std::future::pending().await;
    };
    let mut headers = HeaderMap::new();
    let arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{}", api.function);
    for (name, value) in [
        ("lambda-runtime-aws-request-id", request_id.as_str()),
        ("lambda-runtime-deadline-ms", "4102444800000"),
        ("lambda-runtime-invoked-function-arn", &arn),
    ] {
        headers.extend(
            HeaderValue::from_str(value).map(|value| (axum::http::HeaderName::from_static(name), value)),
        );
    }
    (headers, payload)
}

async fn report(
    State(api): State<Api>,
    Path((request_id, kind)): Path<(String, String)>,
    body: Bytes,
) -> StatusCode {
    receive_report(&api, request_id, kind, &body)
}

async fn report_start(State(api): State<Api>, body: Bytes) -> StatusCode {
    receive_report(&api, "init".to_owned(), "error".to_owned(), &body)
}

fn receive_report(api: &Api, request_id: String, kind: String, body: &[u8]) -> StatusCode {
    // A body that is not JSON is kept as text, as Lambda passes it on unchanged.
    let body = serde_json::from_slice(body)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()));
    let _ = api.results.send(Outcome { request_id, kind, body });
    StatusCode::ACCEPTED
}
