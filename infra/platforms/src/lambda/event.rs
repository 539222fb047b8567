//! Converts a request to a function URL's event of format 2.0, and the reply to an answer.
//!
//! Source: docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html

use std::net::{IpAddr, Ipv4Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::Failed;

/// The default client address, from a range reserved for documentation.
const DEFAULT_CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// The event of a request. An [`IpAddr`] among its extensions is the client's address.
pub fn event(request: &Request<Bytes>) -> Value {
    let (method, uri) = (request.method().as_str(), request.uri());
    let source_ip = request.extensions().get::<IpAddr>().copied().unwrap_or(DEFAULT_CLIENT);
    let mut event = json!({
        "version": "2.0", "routeKey": "$default",
        "rawPath": uri.path(), "rawQueryString": uri.query().unwrap_or_default(), "headers": headers(request),
        "requestContext": {
            "accountId": "anonymous", "apiId": "x", "domainName": "x.lambda-url.us-east-1.on.aws",
            "domainPrefix": "x", "requestId": "id", "routeKey": "$default", "stage": "$default",
            "time": "12/Mar/2020:19:03:58 +0000", "timeEpoch": 1_600_000_000_000_u64,
            "http": {
                "method": method, "path": uri.path(), "protocol": "HTTP/1.1",
                "sourceIp": source_ip.to_string(), "userAgent": "agent",
            },
        },
        "isBase64Encoded": false,
    });
    let cookies: Vec<String> = request.headers().get_all(COOKIE).iter().map(text).collect();
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    let parameters = parameters(uri.query().unwrap_or_default());
    if !parameters.is_empty() {
        event["queryStringParameters"] = Value::Object(parameters);
    }
    match std::str::from_utf8(request.body()) {
        Ok("") => {}
        Ok(body) => event["body"] = json!(body),
        Err(_) => {
            event["body"] = json!(STANDARD.encode(request.body()));
            event["isBase64Encoded"] = json!(true);
        }
    }
    event
}

/// The decoded query by name; several values of one name are joined by commas.
fn parameters(query: &str) -> Map<String, Value> {
    let mut parameters = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name), decode(value));
        let joined = match parameters.get(&name).and_then(Value::as_str) {
            Some(earlier) => format!("{earlier},{value}"),
            None => value,
        };
        parameters.insert(name, Value::String(joined));
    }
    parameters
}

fn decode(text: &str) -> String {
    let (mut decoded, mut rest) = (Vec::new(), text.as_bytes());
    while let [byte, after @ ..] = rest {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = digits.filter(|_| *byte == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let plain = if *byte == b'+' { b' ' } else { *byte };
        decoded.push(escaped.unwrap_or(plain));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The headers joined by name without cookies, and those that every function URL adds.
fn headers(request: &Request<Bytes>) -> Map<String, Value> {
    let mut lines = Map::new();
    lines.insert("host".to_owned(), json!("x.lambda-url.us-east-1.on.aws"));
    lines.insert("x-forwarded-proto".to_owned(), json!("https"));
    for name in request.headers().keys().filter(|name| **name != COOKIE) {
        let values: Vec<String> = request.headers().get_all(name).iter().map(text).collect();
        lines.insert(name.to_string(), json!(values.join(",")));
    }
    lines
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// The answer that a function URL would return.
pub fn reply(reply: &Value) -> Result<Response<Bytes>, Failed> {
    let broken = |what: &str| Failed::Protocol(format!("{what} in {reply}"));
    let status = reply["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let body = reply["body"].as_str().unwrap_or_default();
    let body = match reply["isBase64Encoded"].as_bool() {
        Some(true) => STANDARD.decode(body).map_err(|_| broken("no base64"))?.into(),
        _ => Bytes::from(body.to_owned()),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status.ok_or_else(|| broken("no statusCode"))?;
    let named = reply["headers"].as_object().into_iter().flatten();
    let named = named.map(|(name, value)| (name.as_str(), value));
    let cookies = reply["cookies"].as_array().into_iter().flatten();
    for (name, value) in named.chain(cookies.map(|cookie| (SET_COOKIE.as_str(), cookie))) {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| broken("no header"))?;
        let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
        response.headers_mut().append(name, value.ok_or_else(|| broken("no header"))?);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_becomes_the_event_of_a_function_url() {
        let request =
            Request::post("/api/settings?a=1").header("cookie", "a=b").header("x-a", "1").header("x-a", "2");
        let mut request = request.body(Bytes::from_static(b"{}")).unwrap();
        request.extensions_mut().insert(IpAddr::from([192, 0, 2, 7]));
        let event = event(&request);
        assert_eq!((&event["rawPath"], &event["rawQueryString"]), (&json!("/api/settings"), &json!("a=1")));
        assert_eq!((&event["cookies"], &event["headers"]["x-a"]), (&json!(["a=b"]), &json!("1,2")));
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("{}"), &json!(false)));
        assert_eq!(event["requestContext"]["http"]["sourceIp"], "192.0.2.7");
        assert!(event["headers"].get("cookie").is_none());
    }

    #[test]
    fn a_query_is_listed_by_name_too() {
        let event = event(&Request::get("/?a=1&b%3A=x+y&a=2&c").body(Bytes::new()).unwrap());
        assert_eq!(event["queryStringParameters"], json!({"a": "1,2", "b:": "x y", "c": ""}));
    }

    #[test]
    fn binary_bodies_are_sent_as_base64() {
        let event = event(&Request::post("/").body(Bytes::from_static(&[0, 255])).unwrap());
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("AP8="), &json!(true)));
    }

    #[test]
    fn a_reply_becomes_the_answer_that_a_client_sees() {
        let response = reply(&json!({
            "statusCode": 201, "headers": {"x-a": "1"}, "cookies": ["a=1", "b=2"], "body": "AP8=", "isBase64Encoded": true,
        }));
        let response = response.unwrap();
        assert_eq!((response.status(), response.body().as_ref()), (StatusCode::CREATED, &[0, 255][..]));
        assert_eq!(response.headers().get_all(SET_COOKIE).iter().count(), 2);
    }

    #[test]
    fn a_reply_without_a_status_is_none() {
        assert!(reply(&json!({"body": "fine"})).is_err());
    }
}
