//! A stand-in for one source at Better Stack, which accepts lines of JSON.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::Value;
use shared::domain::kernel::time;
use shared::json::read_trusted;

use crate::base::headers::{bearer, header_text};
use crate::base::{ProviderState, StandIn, keep_newest};
use crate::fault::Operation;
use crate::outbox::Provider;

/// The token of the source.
pub const SOURCE_TOKEN: &str = "sandbox-source-token";

/// Its path here; the real service has its own host.
pub const PATH: &str = "/better-stack";

/// How many lines are remembered.
const MAX_LINES: usize = 1_000;

const MAX_BYTES: usize = 10 * 1024 * 1024;

/// The source. Its state is dropped with the last clone.
pub type BetterStackStandIn = StandIn<Source>;

/// The newest lines, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Source(Vec<Value>);

impl BetterStackStandIn {
    pub fn router(&self) -> Router {
        Router::new().route(&format!("{PATH}/"), post(ingest)).with_state(self.clone())
    }

    /// The newest lines that were taken, in the order in which they came.
    pub fn lines(&self) -> Vec<Value> {
        self.state().0.clone()
    }

    fn take(&self, headers: &HeaderMap, body: &[u8]) -> Response {
        if bearer(headers) != Some(SOURCE_TOKEN) {
            return refusal(StatusCode::FORBIDDEN);
        }
        if body.len() > MAX_BYTES {
            return refusal(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let is_lines = header_text(headers, header::CONTENT_TYPE.as_str()) == "application/x-ndjson";
        let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let lines: Result<Vec<Value>, _> = lines.map(read_trusted).collect();
        let is_dated = |line: &Value| line["dt"].as_str().is_some_and(|at| time::parse(at).is_some());
        match lines {
            Ok(lines) if is_lines && !lines.is_empty() && lines.iter().all(is_dated) => {
                keep_newest(&mut self.state().0, lines, MAX_LINES);
                StatusCode::ACCEPTED.into_response()
            }
            _ => refusal(StatusCode::NOT_ACCEPTABLE),
        }
    }
}

impl ProviderState for Source {
    const PROVIDER: Provider = Provider::BetterStack;

    fn refuse(status: StatusCode, _code: Option<&str>) -> Response {
        refusal(status)
    }
}

async fn ingest(State(source): State<BetterStackStandIn>, headers: HeaderMap, body: Bytes) -> Response {
    source.answer(Operation::Ingest, None, move |source| source.take(&headers, &body)).await
}

fn refusal(status: StatusCode) -> Response {
    (status, "the sandbox refuses it").into_response()
}
