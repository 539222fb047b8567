//! The reply that an invocation returns to Lambda.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, Response};
use serde::Serialize;
use serde_json::Value;

use crate::json;

/// The JSON document that Lambda reads.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Reply {
    /// For a client of the function URL.
    Http(HttpReply),
    /// For the scheduler, which ignores it, and for a person who invokes the job.
    Job(Value),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HttpReply {
    status_code: u16,
    headers: BTreeMap<String, String>,
    cookies: Vec<String>,
    body: String,
    is_base64_encoded: bool,
}

impl Reply {
    /// Sends text as text for every content type, because base64 needs a third more of the 6 MB that an answer
    /// may have.
    pub(super) fn http(response: Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        let (body, is_base64_encoded) = match String::from_utf8(body.into()) {
            Ok(text) => (text, false),
            Err(binary) => (STANDARD.encode(binary.as_bytes()), true),
        };
        let cookies = parts.headers.get_all(SET_COOKIE).iter().map(text).collect();
        Self::Http(HttpReply {
            status_code: parts.status.as_u16(),
            headers: joined(&parts.headers),
            cookies,
            body,
            is_base64_encoded,
        })
    }

    /// The summary of the job's run, if it is JSON.
    pub(super) fn job(response: &Response<Bytes>) -> Self {
        Self::Job(json::read_trusted(response.body()).unwrap_or_default())
    }
}

/// Joins headers with the same name, because the format cannot repeat a header. Cookies are listed separately,
/// because commas do not separate them.
fn joined(headers: &HeaderMap) -> BTreeMap<String, String> {
    let names = headers.keys().filter(|name| *name != SET_COOKIE);
    let line = |name| headers.get_all(name).iter().map(text).collect::<Vec<_>>().join(", ");
    names.map(|name| (name.to_string(), line(name))).collect()
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reply(content_type: &str, body: &'static [u8]) -> Value {
        let response = Response::builder().header("content-type", content_type);
        serde_json::to_value(Reply::http(response.body(Bytes::from_static(body)).unwrap())).unwrap()
    }

    #[test]
    fn text_of_every_kind_goes_as_text() {
        for kind in ["application/json", "application/problem+json", "text/csv", "text/html", "image/svg+xml"]
        {
            let reply = reply(kind, "é,1".as_bytes());
            assert_eq!((&reply["body"], &reply["isBase64Encoded"]), (&json!("é,1"), &json!(false)), "{kind}");
        }
    }

    #[test]
    fn only_binary_bodies_are_base64() {
        let reply = reply("application/octet-stream", &[0, 255]);
        assert_eq!((&reply["body"], &reply["isBase64Encoded"]), (&json!("AP8="), &json!(true)));
    }

    #[test]
    fn headers_of_one_name_are_joined_and_cookies_listed() {
        let response = Response::builder()
            .status(201)
            .header("vary", "origin")
            .header("vary", "cookie")
            .header("set-cookie", "a=1; Expires=Thu, 01 Jan 2026 00:00:00 GMT")
            .header("set-cookie", "b=2")
            .header("x-raw", HeaderValue::from_bytes(b"\xff").unwrap());
        let reply = serde_json::to_value(Reply::http(response.body(Bytes::new()).unwrap())).unwrap();
        assert_eq!(reply["statusCode"], 201);
        assert_eq!(reply["headers"], json!({"vary": "origin, cookie", "x-raw": "\u{fffd}"}));
        assert_eq!(reply["cookies"], json!(["a=1; Expires=Thu, 01 Jan 2026 00:00:00 GMT", "b=2"]));
    }

    #[test]
    fn a_jobs_summary_is_returned_as_it_is() {
        let job = |body: &'static str| serde_json::to_value(Reply::job(&Response::new(body.into()))).unwrap();
        assert_eq!(job(r#"{"done":3}"#), json!({"done": 3}));
        assert_eq!(job("fine"), json!(null));
    }
}
