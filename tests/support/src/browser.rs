//! A browser with a session cookie on one of our pages; and a mailbox.

use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};
use stand_ins::outbox::{Entry, Kind};

use crate::world::{Answer, World};

/// The origin of the sandbox's pages.
pub const ORIGIN: &str = "http://127.0.0.1:3000";

pub const PASSWORD: &str = "correct horse battery";

/// A browser that stores the session's cookie and CSRF token.
#[derive(Debug, Clone, Default)]
pub struct Browser {
    pub cookie: Option<String>,
    pub csrf_token: String,
}

impl Browser {
    pub async fn get(&mut self, world: &World, path: &str) -> Answer {
        self.send(world, Method::GET, path, None).await
    }

    pub async fn post(&mut self, world: &World, path: &str, body: Value) -> Answer {
        self.send(world, Method::POST, path, Some(body)).await
    }

    pub async fn send(&mut self, world: &World, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("origin", ORIGIN);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", format!("theme=dark; {cookie}"));
        }
        if !self.csrf_token.is_empty() {
            request = request.header("x-csrf-token", &self.csrf_token);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let answer = world.ask(request.body(body).unwrap()).await;
        if let Some(cookie) = answer.header("set-cookie") {
            let pair = cookie.split(';').next().unwrap().to_owned();
            self.cookie = (!pair.ends_with('=')).then_some(pair);
        }
        if answer.status.is_success()
            && let Ok(body) = serde_json::from_str::<Value>(&answer.body)
            && let Some(token) = body["csrf_token"].as_str()
        {
            self.csrf_token = token.to_owned();
        }
        answer
    }

    pub async fn sign_in(&mut self, world: &World, username: &str, password: &str) -> Answer {
        self.post(world, "/api/auth/sign-in", json!({"username": username, "password": password})).await
    }

    /// Whether the browser is signed in.
    pub async fn is_in(&mut self, world: &World) -> bool {
        let status = self.get(world, "/api/auth/session").await.status;
        assert!(status == 200 || status == 401, "{status}");
        status == 200
    }
}

impl World {
    /// A browser with a signed-in staff account.
    pub async fn staff(&self, role: &str) -> Browser {
        let mut browser = Browser::default();
        browser.sign_in(self, role, &format!("sandbox-{role}-password")).await.ok();
        browser
    }

    /// A request of a browser without a session.
    pub async fn post_without_session(&self, path: &str, body: Value) -> Answer {
        Browser::default().post(self, path, body).await
    }

    /// Signs up an address and returns the token of its link.
    pub async fn sign_up(&self, email: &str, password: &str) -> String {
        let body = json!({"email": email, "password": password, "role": "customer"});
        assert_eq!(self.post_without_session("/api/auth/sign-up", body).await.status, 202);
        self.newest_mail().token()
    }

    pub async fn add_account(&self, email: &str, password: &str) {
        let token = self.sign_up(email, password).await;
        self.post_without_session("/api/auth/confirm", json!({"token": token, "password": password}))
            .await
            .ok();
    }

    /// Requests a password reset and returns the token of the link.
    pub async fn request_password_reset(&self, email: &str) -> String {
        let answer = self.post_without_session("/api/auth/password/forgot", json!({"email": email})).await;
        assert_eq!(answer.status, 202);
        self.newest_mail().token()
    }

    pub fn newest_mail(&self) -> Mail {
        let entries = self.service.sandbox.outbox.entries();
        Mail(entries.into_iter().rfind(|entry| entry.kind == Kind::Mail).unwrap())
    }

    /// The numbers of rows by kind that were read and written since the counts were reset, request by request:
    /// what the time of an answer may reveal.
    pub fn table_work(&self) -> Vec<(String, usize)> {
        let requests = self.service.dynamo.requests().into_iter();
        let rows = |keys: &std::collections::BTreeMap<String, std::collections::BTreeSet<String>>| {
            keys.values().map(std::collections::BTreeSet::len).sum()
        };
        requests.map(|request| (request.operation, rows(&request.leading_keys))).collect()
    }

    /// The requests to the table by kind since the counts were reset.
    pub fn table_requests(&self) -> Vec<String> {
        let requests = self.service.dynamo.requests().into_iter();
        requests.map(|request| request.operation).collect()
    }
}

/// A mail that arrived.
#[derive(Debug, Clone)]
pub struct Mail(pub Entry);

impl Mail {
    pub fn text(&self) -> String {
        self.0.detail["text"].as_str().unwrap().to_owned()
    }

    pub fn subject(&self) -> String {
        self.0.detail["subject"].as_str().unwrap().to_owned()
    }

    pub fn link(&self) -> String {
        let text = self.text();
        let link = text.split_whitespace().find(|word| word.starts_with(ORIGIN));
        link.unwrap_or_else(|| panic!("no link: {text}")).to_owned()
    }

    /// The text after the `#` of the link.
    pub fn token(&self) -> String {
        self.link().split_once('#').expect("a token").1.to_owned()
    }
}

/// Origins of a server whose own pages are at `https://app.example.com` and at [`ORIGIN`].
pub const FOREIGN: [&str; 22] = [
    "null",
    "",
    "*",
    "https://evil.example",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://app.example.com:443",
    "https://app.example.com/",
    "https://app.example.com.",
    "https://APP.example.com",
    "https://example.com",
    "https://www.app.example.com",
    "https://app.example.com.evil.example",
    "https://app.example.com@evil.example",
    "https://evil.example/https://app.example.com",
    "https://evilapp.example.com",
    "https://app.example.co",
    "https://app.example.com, https://evil.example",
    "https://app.example.com https://evil.example",
    "https://127.0.0.1:3000",
    "http://127.0.0.1:3001",
    "http://localhost:3000",
];
