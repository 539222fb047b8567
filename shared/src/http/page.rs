//! A small HTML page without a framework. It loads nothing from elsewhere, and only scripts with the answer's
//! nonce run, so an injected script does not.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

use super::random::Random;

/// The parts of a page.
#[derive(Debug, Clone, Copy)]
pub struct HtmlPage {
    /// The title, also used as the headline.
    pub title: &'static str,
    /// The content, as HTML without scripts and styles.
    pub body: &'static str,
    /// A script, which may use the functions of `page/ask.js`.
    pub script: &'static str,
}

const STYLE: &str = include_str!("page/style.css");
const ASK: &str = include_str!("page/ask.js");

impl HtmlPage {
    fn html(&self, nonce: &str) -> String {
        let Self { title, body, script } = self;
        format!(
            "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta name=\"color-scheme\" content=\"light dark\">
<title>{title}</title>
<style nonce=\"{nonce}\">
{STYLE}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}<p id=\"message\" role=\"status\" aria-live=\"polite\"></p>
<noscript><p>This page needs JavaScript.</p></noscript>
</main>
<script nonce=\"{nonce}\">
{ASK}{script}</script>
</body>
</html>
"
        )
    }
}

impl IntoResponse for HtmlPage {
    fn into_response(self) -> Response {
        let nonce = match Random::<16>::new() {
            Ok(nonce) => nonce.text(),
            Err(failure) => return failure.into_response(),
        };
        let policy = format!(
            "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; \
             form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
        );
        let mut response = self.html(&nonce).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}
