//! One way to serve a router on a socket, which can also hang up without an answer.
//!
//! A provider that dies after acting leaves its caller with a broken connection and no status at
//! all. No HTTP response can say that, so a handler returns [`severed`] and the connection is
//! closed before a byte of an answer is written.
//!
//! Who asks is who is at the other end of the socket: headers that say otherwise are the client's own.

use std::convert::Infallible;
use std::io;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use shared::http::extension::ClientIp;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::ServiceExt;

/// Serves `router` until the future is dropped, which also closes every open connection.
pub async fn serve(router: Router, listener: TcpListener) -> io::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(talk(router.clone(), stream, ClientIp(Some(peer.ip()))));
                }
                Err(error) if gone_before_accepted(&error) => {}
                Err(error) => return Err(error),
            },
            // Finished connections are collected, so that a long session does not pile them up.
            Some(_) = connections.join_next() => {}
        }
    }
}

/// A response that [`serve`] never sends: it closes the connection instead.
pub fn severed() -> Response {
    let mut response = StatusCode::BAD_GATEWAY.into_response();
    response.extensions_mut().insert(Severed);
    response
}

#[derive(Debug, Clone, thiserror::Error)]
#[error("the connection is cut on purpose")]
struct Severed;

async fn talk(router: Router, stream: TcpStream, client_ip: ClientIp) {
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        let router = router.clone();
        request.extensions_mut().insert(client_ip);
        async move {
            let response = router.oneshot(request).await.unwrap_or_else(|never: Infallible| match never {});
            // hyper closes the connection when its service fails, without writing anything.
            if response.extensions().get::<Severed>().is_some() { Err(Severed) } else { Ok(response) }
        }
    });
    // A broken connection concerns its caller only, who sees it broken.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

fn gone_before_accepted(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}
