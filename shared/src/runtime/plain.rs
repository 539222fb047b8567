//! A plain HTTP server on 127.0.0.1, to try a single function locally.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::Request;
use tokio::net::TcpListener;

use super::answer::{RequestMetadata, answer};
use super::{ClientIp, RequestId, ServeError, Service};
use crate::telemetry::Telemetry;

/// Serves until the process ends.
pub(super) async fn serve(service: Service, port: u16) -> Result<(), ServeError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(ServeError::Listen)?;
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "listening");
    }
    let router = service.router;
    let service = Router::new().fallback(move |request: Request| {
        let metadata = metadata(&request);
        let (router, watched) = (router.clone(), Telemetry::installed().begin());
        async move {
            let response = watched.around(answer(router, request, metadata)).await;
            tokio::spawn(watched.end(response.status().is_success()));
            response
        }
    });
    let service = service.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).await.map_err(ServeError::Listen)
}

fn metadata(request: &Request) -> RequestMetadata {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    RequestMetadata {
        request_id: RequestId::from_platform(None),
        client_ip: ClientIp(peer.map(|ConnectInfo(address)| address.ip())),
        trigger: None,
    }
}
