//! A local HTTP server that records requests and returns given answers.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use reqwest::Url;
use serde_json::Value;
use tokio::net::TcpListener;

#[derive(Debug)]
pub(super) struct Received {
    pub(super) method: Method,
    pub(super) path: String,
    /// The decoded names and values of the query in their order.
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Received {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The body; null if there is none.
    pub(super) fn json(&self) -> Value {
        if self.body.is_empty() { Value::Null } else { serde_json::from_slice(&self.body).unwrap() }
    }
}

#[derive(Clone)]
pub(super) struct Listener {
    pub(super) base: String,
    received: Arc<Mutex<Vec<Received>>>,
}

type Answers = Arc<Mutex<VecDeque<(u16, &'static str)>>>;

impl Listener {
    /// Answers one request with each of these in order, and all others with 404.
    pub(super) async fn start(answers: impl IntoIterator<Item = (u16, &'static str)>) -> Self {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let base = format!("http://{}/api/v1", socket.local_addr().unwrap());
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let answers: Answers = Arc::new(Mutex::new(answers.into_iter().collect()));
        let router = Router::new().fallback(receive).with_state((received.clone(), answers));
        tokio::spawn(async move { axum::serve(socket, router).await });
        Self { base, received }
    }

    /// Returns the requests received since the last call.
    pub(super) fn received(&self) -> Vec<Received> {
        std::mem::take(&mut self.received.lock().unwrap())
    }
}

async fn receive(
    State((received, answers)): State<(Arc<Mutex<Vec<Received>>>, Answers)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let url = Url::parse(&format!("http://whop.example{uri}")).unwrap();
    let query = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let path = url.path().to_owned();
    received.lock().unwrap().push(Received { method, path, query, headers, body });
    match answers.lock().unwrap().pop_front() {
        Some((status, answer)) => (StatusCode::from_u16(status).unwrap(), answer).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
