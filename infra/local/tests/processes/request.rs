//! Requests of the tests, and checks of their answers.

use std::net::IpAddr;

use bytes::Bytes;
use http::Response;
use serde_json::Value;

/// A request to be sent.
#[derive(Debug, Clone)]
pub struct Request {
    method: &'static str,
    path: String,
    source_ip: IpAddr,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Request {
    pub fn get(path: &str) -> Self {
        Self::of("GET", path)
    }

    pub fn options(path: &str) -> Self {
        Self::of("OPTIONS", path)
    }

    pub fn post(path: &str, body: &Value) -> Self {
        Self::post_text(path, &body.to_string())
    }

    pub fn post_text(path: &str, body: &str) -> Self {
        let request = Self::of("POST", path).header("content-type", "application/json");
        Self { body: body.to_owned(), ..request }
    }

    fn of(method: &'static str, path: &str) -> Self {
        let source_ip = IpAddr::from([192, 0, 2, 1]);
        Self { method, path: path.to_owned(), source_ip, headers: Vec::new(), body: String::new() }
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub fn cookie(self, pair: &str) -> Self {
        self.header("cookie", pair)
    }

    /// Sets the client's address, as the platform reports it.
    pub fn from(self, source_ip: &str) -> Self {
        Self { source_ip: source_ip.parse().unwrap(), ..self }
    }

    pub fn http(&self) -> http::Request<Bytes> {
        let mut request = http::Request::builder().method(self.method).uri(&self.path);
        for (name, value) in &self.headers {
            request = request.header(*name, value.as_bytes());
        }
        request.extension(self.source_ip).body(Bytes::from(self.body.clone())).unwrap()
    }
}

/// The answer of the function URL.
#[derive(Debug, Clone)]
pub struct Reply(pub Response<Bytes>);

impl Reply {
    pub fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// The one cookie that is set.
    pub fn cookie(&self) -> &str {
        assert_eq!(self.0.headers().get_all("set-cookie").iter().count(), 1, "{self:?}");
        self.header("set-cookie").unwrap()
    }

    pub fn body(&self) -> &str {
        std::str::from_utf8(self.0.body()).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(self.body()).unwrap()
    }

    pub fn ok(self) -> Self {
        assert_eq!(self.status(), 200, "{self:?}");
        self
    }

    /// Asserts a refusal with a problem document.
    pub fn refused(&self, status: u16) {
        assert_eq!(
            (self.status(), self.json()["status"].as_u64()),
            (status, Some(status.into())),
            "{self:?}"
        );
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert!(self.header("x-request-id").is_some());
    }
}
