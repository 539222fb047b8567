//! Lambda's runtime API over a loopback listener: one event at a time, as Lambda does it.
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

/// The API, for the one process that polls it.
pub struct RuntimeApi {
    address: String,
    function: String,
    events: UnboundedSender<(String, String)>,
    results: UnboundedReceiver<Outcome>,
    polled: watch::Receiver<bool>,
    served: JoinHandle<()>,
    count: u32,
}

/// What the function reported about one invocation, or about its start.
#[derive(Debug)]
pub struct Outcome {
    /// Which invocation; `init` for the start.
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
    /// Listens for the process of a function.
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

    /// What Lambda puts into the environment of the process.
    pub fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_LAMBDA_RUNTIME_API", self.address.clone()),
            ("AWS_LAMBDA_FUNCTION_NAME", self.function.clone()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
        ]
    }

    /// Waits until the function asks for its first event: that is the end of its start.
    pub async fn polled(&mut self) {
        // The sender lives as long as the server, which lives as long as this.
        let _ = self.polled.wait_for(|polled| *polled).await;
    }

    /// Hands over one payload and waits for what comes of it; `None` when nobody will ever report.
    pub async fn invoke(&mut self, payload: impl ToString) -> Option<Outcome> {
        self.count += 1;
        let request_id = format!("lambda-request-{}", self.count);
        self.events.send((request_id.clone(), payload.to_string())).ok()?;
        loop {
            let outcome = self.results.recv().await?;
            // Whoever stopped waiting for an earlier one left its report behind.
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
        // Nobody will invoke any more, and the process is about to end.
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
    take(&api, request_id, kind, &body)
}

async fn report_start(State(api): State<Api>, body: Bytes) -> StatusCode {
    take(&api, "init".to_owned(), "error".to_owned(), &body)
}

fn take(api: &Api, request_id: String, kind: String, body: &[u8]) -> StatusCode {
    // What is no JSON is kept as text: Lambda would hand it on as it is.
    let body = serde_json::from_slice(body)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()));
    let _ = api.results.send(Outcome { request_id, kind, body });
    StatusCode::ACCEPTED
}
