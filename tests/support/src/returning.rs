//! A browser that signs in at the issuer and returns.

use std::collections::BTreeMap;

use axum::body::Body;
use http::{Method, Request, header};
use serde_json::{Value, json};

use crate::world::{Answer, World};

pub const START: &str = "/api/auth/oidc/start";
pub const CALLBACK: &str = "/api/auth/oidc/callback";

/// A browser that stores cookies and follows redirects.
pub struct Browser<'a> {
    world: &'a World,
    pub cookies: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    pub fn new(world: &'a World) -> Self {
        Self { world, cookies: BTreeMap::new() }
    }

    pub async fn ask(&mut self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !self.cookies.is_empty() {
            let pairs: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, pairs.join("; "));
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = request.header(header::CONTENT_TYPE, "application/json").body(body).unwrap();
        let answer = self.world.ask(request).await;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
                assert!(cookie.split("; ").any(|part| part == attribute), "{cookie}");
            }
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            match cookie.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }

    /// Starts the sign-in and returns the issuer's URL.
    pub async fn start(&mut self) -> String {
        let url = self.ask(Method::POST, START, Some(json!({}))).await.ok();
        url["authorization_url"].as_str().unwrap().to_owned()
    }

    /// Signs in at the issuer and returns the parameters of the redirect.
    pub async fn visit(&self, url: &str, user: &str) -> Value {
        let response =
            self.world.service.app.http.get(format!("{url}&sandbox_user={user}")).send().await.unwrap();
        assert_eq!(response.status(), 303);
        let back = response.headers()[header::LOCATION].to_str().unwrap().to_owned();
        let (path, query) = back.split_once('?').unwrap();
        assert!(path.ends_with(CALLBACK), "{path}");
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        Value::Object(pairs.map(|(name, value)| (name.to_owned(), json!(value))).collect())
    }

    pub async fn finish(&mut self, returned: &Value) -> Answer {
        self.ask(Method::POST, CALLBACK, Some(returned.clone())).await
    }

    pub async fn sign_in(&mut self, user: &str) -> Answer {
        let url = self.start().await;
        let returned = self.visit(&url, user).await;
        self.finish(&returned).await
    }
}

/// Signs in twice, so that a session is created and then replaced.
pub async fn sign_in_twice(world: &World) {
    let mut browser = Browser::new(world);
    browser.sign_in("provider").await.ok();
    browser.sign_in("provider").await.ok();
}
