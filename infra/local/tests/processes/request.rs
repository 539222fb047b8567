//! Requests as a function URL hands them to Lambda, and the answers it takes back.
//!
//! Source: docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html

use serde_json::{Map, Value, json};

/// A request on its way.
#[derive(Debug, Clone)]
pub struct Request {
    method: &'static str,
    path: String,
    source_ip: String,
    headers: Map<String, Value>,
    cookies: Vec<String>,
    body: Option<String>,
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
        Self { body: Some(body.to_owned()), ..request }
    }

    fn of(method: &'static str, path: &str) -> Self {
        let source_ip = "192.0.2.1".to_owned();
        let request = Self {
            method,
            path: path.to_owned(),
            source_ip,
            headers: Map::new(),
            cookies: vec![],
            body: None,
        };
        request.header("host", "x.lambda-url.us-east-1.on.aws").header("x-forwarded-proto", "https")
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), json!(value));
        self
    }

    pub fn cookie(mut self, pair: &str) -> Self {
        self.cookies.push(pair.to_owned());
        self
    }

    /// From this address, as the platform knows it.
    pub fn from(self, source_ip: &str) -> Self {
        Self { source_ip: source_ip.to_owned(), ..self }
    }

    pub fn event(&self) -> Value {
        let mut event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": self.path, "rawQueryString": "",
            "headers": self.headers,
            "requestContext": {
                "accountId": "anonymous", "apiId": "x", "domainName": "x.lambda-url.us-east-1.on.aws",
                "domainPrefix": "x", "requestId": "id", "routeKey": "$default", "stage": "$default",
                "time": "12/Mar/2020:19:03:58 +0000", "timeEpoch": 1_600_000_000_000_u64,
                "http": {
                    "method": self.method, "path": self.path, "protocol": "HTTP/1.1",
                    "sourceIp": self.source_ip, "userAgent": "agent",
                },
            },
            "isBase64Encoded": false,
        });
        if !self.cookies.is_empty() {
            event["cookies"] = json!(self.cookies);
        }
        if let Some(body) = &self.body {
            event["body"] = json!(body);
        }
        event
    }
}

/// What the function URL is to answer.
#[derive(Debug, Clone)]
pub struct Reply(pub Value);

impl Reply {
    pub fn status(&self) -> u16 {
        self.0["statusCode"].as_u64().unwrap().try_into().unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.0["headers"][name].as_str()
    }

    /// The one cookie that is set.
    pub fn cookie(&self) -> &str {
        let cookies = self.0["cookies"].as_array().unwrap();
        assert_eq!((cookies.len(), self.header("set-cookie")), (1, None), "{self:?}");
        cookies[0].as_str().unwrap()
    }

    pub fn body(&self) -> &str {
        self.0["body"].as_str().unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(self.body()).unwrap()
    }

    pub fn ok(self) -> Self {
        assert_eq!(self.status(), 200, "{self:?}");
        self
    }

    /// That it is refused, in the words of a problem document.
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
