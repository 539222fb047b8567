//! Vercel: its official runtime carries plain HTTP; the answer's body is streamed.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::sync::oneshot;
use vercel_runtime::{AppState, Error, Request, ResponseBody};

use crate::aws::role;
use crate::telemetry::{Invocation, Telemetry};

use super::answer::{RequestMetadata, answer};
use super::{ClientIp, RequestId, ServeError, Service};

/// The header of Vercel's OIDC token for the deployment; Vercel overwrites a value sent by the client.
const TOKEN: &str = "x-vercel-oidc-token";

/// Serves until Vercel ends the process.
pub(super) async fn serve(service: Service) -> Result<(), ServeError> {
    let router = service.router;
    let handler = move |request: Request, state: AppState| {
        let router = router.clone();
        async move {
            if let Some(token) = request.headers().get(TOKEN).and_then(|token| token.to_str().ok()) {
                role::store_token(token);
            }
            let metadata = metadata(request.headers());
            let watched = Telemetry::installed().begin();
            let response = watched.around(answer(router, request, metadata)).await;
            streamed(response, &state, watched)
        }
    };
    let ended = vercel_runtime::run(vercel_runtime::service_fn(handler)).await;
    ended.map_err(|source| ServeError::Runtime { platform: "Vercel", source })
}

/// Vercel sets both headers itself and overwrites what a client sends under these names.
fn metadata(headers: &HeaderMap) -> RequestMetadata {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let first = text("x-vercel-forwarded-for").and_then(|list| list.split(',').next());
    RequestMetadata {
        request_id: RequestId::from_platform(text("x-vercel-id")),
        client_ip: ClientIp(first.and_then(|address| address.trim().parse().ok())),
        trigger: None,
    }
}

/// Streams the body and keeps the invocation open until its last byte is read: the runtime would report the end
/// with the headers, and Vercel may freeze an ended invocation. Telemetry is sent after that, so that no client
/// waits for it.
fn streamed(response: Response<Body>, state: &AppState, watched: Invocation) -> Response<ResponseBody> {
    let (taken, end) = oneshot::channel::<()>();
    let is_ok = response.status().is_success();
    state.wait_until(async move {
        // An error means that the body was dropped, which is what is waited for.
        let _ = end.await;
        watched.end(is_ok).await;
    });
    response.map(|body| ResponseBody(Streamed { body: Mutex::new(body), _taken: taken }.boxed()))
}

/// A body that is `Sync`, as the runtime's type demands, although no two threads use it at once.
struct Streamed {
    body: Mutex<Body>,
    _taken: oneshot::Sender<()>,
}

impl http_body::Body for Streamed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let body = self.body.get_mut().unwrap_or_else(PoisonError::into_inner);
        Pin::new(body).poll_frame(context).map_err(Error::from)
    }

    fn is_end_stream(&self) -> bool {
        self.body.lock().unwrap_or_else(PoisonError::into_inner).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.lock().unwrap_or_else(PoisonError::into_inner).size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client_ip(value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "198.51.100.9".parse().unwrap());
        headers.insert("x-vercel-forwarded-for", value.parse().unwrap());
        metadata(&headers).client_ip.0.map(|address| address.to_string())
    }

    #[test]
    fn the_client_is_the_first_address_that_vercel_names() {
        assert_eq!(client_ip("192.0.2.1").as_deref(), Some("192.0.2.1"));
        assert_eq!(client_ip(" 2001:db8::1 , 192.0.2.7").as_deref(), Some("2001:db8::1"));
        assert_eq!(client_ip("unknown"), None);
    }

    #[test]
    fn a_client_cannot_name_its_own_address() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "192.0.2.1".parse().unwrap());
        assert_eq!(metadata(&headers).client_ip, ClientIp(None));
    }

    #[test]
    fn the_request_id_is_vercels() {
        let mut headers = HeaderMap::new();
        headers.insert("x-vercel-id", "fra1::iad1::k2x-17".parse().unwrap());
        assert_eq!(metadata(&headers).request_id.0, "fra1::iad1::k2x-17");
    }
}
