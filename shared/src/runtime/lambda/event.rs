//! A function URL's request, payload format 2.0.
//!
//! Source: docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::COOKIE;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body_util::Full;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use serde_json::Value;

use crate::runtime::ClientIp;

/// Only Lambda writes the top level of the payload: no client can make its request look like a schedule.
pub(super) fn is_http(payload: &Value) -> bool {
    payload.pointer("/requestContext/http").is_some()
}

/// The request and who sent it; `None` where it cannot be put into HTTP's terms.
pub(super) fn read(mut payload: Value) -> Option<(Request<Full<Bytes>>, ClientIp)> {
    // Read apart, because the event type refuses the whole event for one header it cannot hold.
    let named = payload.get_mut("headers").map(Value::take).unwrap_or_default();
    let event: ApiGatewayV2httpRequest = serde_json::from_value(payload).ok()?;
    let body = event.body.unwrap_or_default();
    let body = if event.is_base64_encoded { STANDARD.decode(body).ok()? } else { body.into_bytes() };
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = event.request_context.http.method;
    *request.uri_mut() = target(event.raw_path, event.raw_query_string).parse().ok()?;
    *request.headers_mut() = headers(&named, event.cookies);
    let source_ip = event.request_context.http.source_ip;
    let source_ip: Option<IpAddr> = source_ip.and_then(|address| address.parse().ok());
    Some((request, ClientIp(source_ip)))
}

/// Path and query, with the bytes escaped that an HTTP request line cannot hold.
/// A `%` stays, because the path of a function URL arrives as it was sent.
fn target(path: Option<String>, query: Option<String>) -> String {
    let path = path.unwrap_or_default();
    let mut target = if path.starts_with('/') { String::new() } else { "/".to_owned() };
    escape(&path, b"\"<>`^{|}\\#?", &mut target);
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        target.push('?');
        escape(&query, b"\"<>`^{|}\\#", &mut target);
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

/// A header that is none is left out: it is the client's mistake and no reason to fail.
fn headers(named: &Value, cookies: Option<Vec<String>>) -> HeaderMap {
    let pairs = named.as_object().into_iter().flatten().filter_map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(value.as_str()?.as_bytes()).ok()?))
    });
    let mut headers: HeaderMap = pairs.collect();
    // Lambda takes the cookies out of the headers and lists them.
    let cookies = cookies.filter(|cookies| !cookies.is_empty()).map(|cookies| cookies.join("; "));
    if let Some(cookies) = cookies.and_then(|cookies| HeaderValue::from_bytes(cookies.as_bytes()).ok()) {
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
