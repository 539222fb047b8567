//! Serves a router on a socket; it can also hang up without an answer.
//!
//! A provider that dies after acting leaves its client with a broken connection and no status. No HTTP
//! response can express that, so a handler returns [`cut_connection`], and the connection is closed before a
//! byte of an answer is written.
//!
//! The client's address is that of the socket, because a client can forge headers.
//!
//! It runs for weeks: a failed accept is retried after a pause, an idle connection is closed in time, and a
//! new connection never waits for idle ones.

mod connections;
mod timed_body;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use shared::http::extension::ClientIp;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use connections::Connections;
use timed_body::TimedBody;

/// How long a connection may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// For the head of a request, and for the next one to begin on a connection that stays open.
    pub head: Duration,
    /// For the rest of a request.
    pub body: Duration,
    /// The longest life of a connection, however many requests it carries, because a client may never read
    /// its answers.
    pub connection: Duration,
}

/// For clients of any kind. A clock that is moved by a month answers within the last of them.
pub const PATIENT: Deadlines = Deadlines {
    head: Duration::from_secs(10),
    body: Duration::from_secs(30),
    connection: Duration::from_secs(60 * 60),
};

/// While descriptors are used up, accepting fails at once, again and again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `router` until the future is dropped, which also closes every open connection. For callers of one's own:
/// they may take as long as they like.
pub async fn serve(router: Router, listener: TcpListener) -> io::Result<()> {
    serve_within(router, listener, None).await
}

/// The same with deadlines: a connection that exceeds them is closed.
pub async fn serve_within(
    router: Router,
    listener: TcpListener,
    deadlines: Option<Deadlines>,
) -> io::Result<()> {
    // Own callers are as many as they are, and must not be hung up on between two requests.
    let limit = if deadlines.is_some() { connections::limit() } else { usize::MAX };
    let mut connections = Connections::up_to(limit);
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.has_room() => match accepted {
                Ok((stream, peer)) => {
                    let busy = Arc::new(AtomicBool::new(false));
                    let client_ip = ClientIp(Some(peer.ip()));
                    let connection = serve_connection(router.clone(), stream, client_ip, busy.clone(), deadlines);
                    connections.spawn(connection, busy);
                }
                Err(error) if gone_before_accepted(&error) => {}
                // Descriptors or memory are used up, which passes; ending would take the service with it.
                Err(error) => {
                    tracing::warn!(reason = error.to_string(), "no connection can be accepted for a moment");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            () = connections.one_ended() => {}
        }
    }
}

/// A response that [`serve`] never sends: it closes the connection instead.
pub fn cut_connection() -> Response {
    let mut response = StatusCode::BAD_GATEWAY.into_response();
    response.extensions_mut().insert(ConnectionCut);
    response
}

#[derive(Debug, Clone, thiserror::Error)]
#[error("the connection is cut on purpose")]
struct ConnectionCut;

async fn serve_connection(
    router: Router,
    stream: TcpStream,
    client_ip: ClientIp,
    busy: Arc<AtomicBool>,
    deadlines: Option<Deadlines>,
) {
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        let (router, busy) = (router.clone(), busy.clone());
        request.extensions_mut().insert(client_ip);
        let request = request.map(|body| match deadlines {
            Some(deadlines) => Body::new(TimedBody::new(body, deadlines.body)),
            None => Body::new(body),
        });
        async move {
            busy.store(true, Ordering::Relaxed);
            let response = router.oneshot(request).await.unwrap_or_else(|never: Infallible| match never {});
            busy.store(false, Ordering::Relaxed);
            // hyper closes the connection when its service fails, without writing anything.
            if response.extensions().get::<ConnectionCut>().is_some() {
                Err(ConnectionCut)
            } else {
                Ok(response)
            }
        }
    });
    let mut builder = http1::Builder::new();
    // A broken connection concerns its client only, who sees it break.
    match deadlines {
        Some(deadlines) => {
            builder.timer(TokioTimer::new()).header_read_timeout(deadlines.head);
            let served = builder.serve_connection(TokioIo::new(stream), service);
            let _ = tokio::time::timeout(deadlines.connection, served).await;
        }
        None => {
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        }
    }
}

fn gone_before_accepted(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}
