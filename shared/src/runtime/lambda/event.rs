//! The request of a function URL, payload format 2.0.
//!
//! Source: docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html

use std::borrow::Cow;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::COOKIE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use http_body_util::Full;
use serde_json::Value;

use crate::json::{TRUSTED, rename_reserved};
use crate::runtime::ClientIp;

/// Renames reserved field names before the runtime parses an invocation. Clients choose names in it (query
/// parameters are a map), and a reserved one would fail the invocation before our code runs. A payload that is
/// not JSON becomes one that is neither a request nor a schedule.
pub(super) fn neutralize(payload: Bytes) -> Bytes {
    match rename_reserved(&payload, TRUSTED) {
        Ok(Cow::Borrowed(_)) => payload,
        Ok(Cow::Owned(renamed)) => Bytes::from(renamed),
        Err(_) => Bytes::from_static(b"null"),
    }
}

/// Lambda alone writes the top level of the payload, so no client can make its request look like a schedule.
pub(super) fn is_http(payload: &Value) -> bool {
    payload.pointer("/requestContext/http").is_some()
}

/// Parses the request and the client's address; `None` if it is no valid HTTP request.
pub(super) fn read(mut payload: Value) -> Option<(Request<Full<Bytes>>, ClientIp)> {
    let body = match payload.get_mut("body").map(Value::take) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(body)) => body,
        Some(_) => return None,
    };
    let is_base64 = payload.get("isBase64Encoded").and_then(Value::as_bool).unwrap_or_default();
    let body = if is_base64 { STANDARD.decode(body).ok()? } else { body.into_bytes() };
    let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str);
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = Method::from_bytes(text("/requestContext/http/method")?.as_bytes()).ok()?;
    *request.uri_mut() = target(text("/rawPath"), text("/rawQueryString")).parse().ok()?;
    *request.headers_mut() = headers(&payload);
    let source_ip: Option<IpAddr> =
        text("/requestContext/http/sourceIp").and_then(|address| address.parse().ok());
    Some((request, ClientIp(source_ip)))
}

/// Path and query; bytes that an HTTP request line cannot hold are escaped. A `%` stays, because a function URL
/// passes on the path as it was sent.
fn target(path: Option<&str>, query: Option<&str>) -> String {
    let path = path.unwrap_or_default();
    let mut target = if path.starts_with('/') { String::new() } else { "/".to_owned() };
    escape(path, b"\"<>`^{|}\\#?", &mut target);
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        target.push('?');
        escape(query, b"\"<>`^{|}\\#", &mut target);
    }
    target
}

fn escape(text: &str, forbidden: &[u8], target: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !forbidden.contains(&byte) {
            target.push(char::from(byte));
        } else {
            target.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// Builds the headers. Invalid ones are left out: they are the client's mistake and no reason to fail.
fn headers(payload: &Value) -> HeaderMap {
    let named = payload.get("headers").and_then(Value::as_object).into_iter().flatten();
    let pairs = named.filter_map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(value.as_str()?.as_bytes()).ok()?))
    });
    let mut headers: HeaderMap = pairs.collect();
    // Lambda moves the cookies from the headers to a list.
    let cookies = payload.get("cookies").and_then(Value::as_array).into_iter().flatten();
    let cookies = cookies.filter_map(Value::as_str).collect::<Vec<_>>().join("; ");
    if !cookies.is_empty()
        && let Ok(cookies) = HeaderValue::from_bytes(cookies.as_bytes())
    {
        headers.insert(COOKIE, cookies);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use serde_json::json;

    fn event() -> Value {
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/api/settings", "rawQueryString": "a=1&a=2",
            "cookies": ["__Host-session=s", "theme=dark"],
            "headers": {"host": "x.lambda-url.us-east-1.on.aws", "x-forwarded-for": "198.51.100.9"},
            "queryStringParameters": {"a": "1,2"}, "pathParameters": null, "stageVariables": null,
            "requestContext": {
                "accountId": "anonymous", "apiId": "x", "authentication": null, "authorizer": null,
                "domainName": "x.lambda-url.us-east-1.on.aws", "domainPrefix": "x", "requestId": "id",
                "http": {
                    "method": "PUT", "path": "/api/settings", "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.1", "userAgent": "agent",
                },
                "routeKey": "$default", "stage": "$default",
                "time": "12/Mar/2020:19:03:58 +0000", "timeEpoch": 1_600_000_000_000_u64,
            },
            "body": "{\"push_enabled\":true}", "isBase64Encoded": false,
        })
    }

    #[tokio::test]
    async fn a_function_urls_request_becomes_an_http_request() {
        let (request, client_ip) = read(event()).unwrap();
        assert_eq!(
            (request.method().as_str(), request.uri().to_string()),
            ("PUT", "/api/settings?a=1&a=2".into())
        );
        assert_eq!(request.headers()["cookie"], "__Host-session=s; theme=dark");
        assert_eq!(client_ip, ClientIp("192.0.2.1".parse().ok()));
        assert_eq!(request.into_body().collect().await.unwrap().to_bytes(), "{\"push_enabled\":true}");
    }

    #[tokio::test]
    async fn a_binary_body_is_decoded() {
        let mut event = event();
        event["body"] = json!("AP8=");
        event["isBase64Encoded"] = json!(true);
        let (request, _) = read(event.clone()).unwrap();
        assert_eq!(&request.into_body().collect().await.unwrap().to_bytes()[..], [0, 255]);
        event["body"] = json!("not base64!");
        assert!(read(event).is_none());
    }

    #[test]
    fn a_name_that_means_something_to_the_parser_is_data_wherever_it_stands() {
        for name in ["$serde_json::private::RawValue", "$serde_json::private::Number"] {
            let mut event = event();
            event["rawPath"] = json!(format!("/{name}"));
            event["rawQueryString"] = json!(format!("{name}=x"));
            for field in ["headers", "queryStringParameters", "pathParameters", "stageVariables"] {
                event[field] = json!({name: "x"});
            }
            event["cookies"] = json!([format!("{name}=x")]);
            event["body"] = json!(json!({name: "x"}).to_string());
            let bytes = neutralize(Bytes::from(event.to_string()));
            let (request, _) = read(serde_json::from_slice(&bytes).unwrap()).unwrap();
            assert_eq!(request.uri().to_string(), format!("/{name}?{name}=x"));
            assert_eq!(request.headers()["cookie"], format!("{name}=x"));
        }
        assert_eq!(neutralize(Bytes::from("[".repeat(10_000))), "null");
    }

    #[test]
    fn what_no_request_line_can_hold_is_escaped() {
        for (path, query, seen) in [
            ("/a b", "", "/a%20b"),
            ("/a?b#c", "q=<b> \"#", "/a%3Fb%23c?q=%3Cb%3E%20%22%23"),
            ("/%2F/é", "q=é&r=%20+", "/%2F/%C3%A9?q=%C3%A9&r=%20+"),
            ("", "", "/"),
            ("/a/../b", "", "/a/../b"),
        ] {
            let mut event = event();
            event["rawPath"] = json!(path);
            event["rawQueryString"] = json!(query);
            assert_eq!(read(event).unwrap().0.uri().to_string(), seen);
        }
    }

    #[test]
    fn an_impossible_header_does_not_fail_the_request() {
        let mut event = event();
        event["headers"] = json!({"x-good": "café", "bad name": "x", "x-bad": "a\nb"});
        event["cookies"] = json!(null);
        let (request, _) = read(event.clone()).unwrap();
        assert_eq!(request.headers().len(), 1);
        event["cookies"] = json!(["name=é", "a=b"]);
        let (request, _) = read(event).unwrap();
        assert_eq!(request.headers()["cookie"].as_bytes(), "name=é; a=b".as_bytes());
    }

    #[test]
    fn a_schedule_is_no_request_even_with_a_context() {
        assert!(is_http(&event()));
        assert!(!is_http(&json!({"job": "reminders"})));
        assert!(!is_http(&json!({"requestContext": {"condition": "Success"}, "responsePayload": {}})));
        assert!(!is_http(&json!("text")));
    }
}
