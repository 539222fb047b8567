//! The database on a socket: a function that runs as a process of its own needs a table too, and
//! finds this one by `AWS_ENDPOINT_URL_DYNAMODB`.

use std::io;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::net::TcpListener;

use super::EmbeddedDynamo;
use super::attempt::Outcome;
use stand_ins::server::{self, cut_connection};

/// The largest request of DynamoDB, a batch of writes.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

impl EmbeddedDynamo {
    /// Answers on `listener` until the future is dropped. Signatures are not checked: any client of a
    /// loopback port may use the sandbox.
    pub async fn serve(&self, listener: TcpListener) -> io::Result<()> {
        let router = Router::new().route("/", post(answer));
        let router = router.layer(DefaultBodyLimit::max(MAX_BODY_BYTES)).with_state(self.clone());
        server::serve(router, listener).await
    }
}

async fn answer(State(dynamo): State<EmbeddedDynamo>, headers: HeaderMap, body: String) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    match dynamo.attempt(target, &body, None) {
        Outcome::Answered { call, status, body } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let call = format!("EMBEDDED{call:044}");
            let named = [("content-type", "application/x-amz-json-1.0"), ("x-amzn-requestid", call.as_str())];
            (status, named, body).into_response()
        }
        Outcome::Broken(_) => cut_connection(),
        Outcome::Silent => std::future::pending().await,
    }
}
