use serde_json::{Value, json};

use super::echo::Echo;
use platforms::PATIENCE;
use platforms::lambda::{Outcome, RuntimeApi};

/// The API with the example service that polls it.
struct Lambda {
    echo: Echo,
    api: RuntimeApi,
}

impl Lambda {
    async fn start() -> Self {
        let api = RuntimeApi::start("echo").await.expect("a port");
        let own = api.environment();
        let own = own.iter().map(|(name, value)| (*name, value.as_str()));
        let environment: Vec<_> = own.chain([("RUST_LOG", "trace")]).collect();
        Self { echo: Echo::start(&environment), api }
    }

    async fn invoke(&mut self, payload: impl ToString) -> Outcome {
        let outcome = tokio::time::timeout(PATIENCE, self.api.invoke(payload)).await;
        outcome.expect("an outcome in time").expect("the API runs")
    }

    async fn ask(&mut self, method: &str, path: &str, query: &str, body: &str) -> Value {
        let outcome = self.invoke(request(method, path, query, body)).await;
        assert_eq!(outcome.kind, "response", "{outcome:?}");
        outcome.body
    }
}

fn request(method: &str, path: &str, query: &str, body: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
        "headers": {
            "host": "x.lambda-url.us-east-1.on.aws", "x-forwarded-proto": "https",
            "x-forwarded-for": "198.51.100.9", "x-vercel-forwarded-for": "198.51.100.9", "x-vercel-id": "forged",
        },
        "requestContext": {
            "stage": "$default", "timeEpoch": 1_795_000_000_000_u64,
            "http": {"method": method, "path": path, "sourceIp": "192.0.2.1", "protocol": "HTTP/1.1"},
        },
        "body": body, "isBase64Encoded": false,
    })
}

fn body_of(reply: &Value) -> Value {
    serde_json::from_str(reply["body"].as_str().expect("a text")).expect("JSON")
}

#[tokio::test]
async fn a_function_url_reaches_the_router_with_path_and_query_only() {
    let mut lambda = Lambda::start().await;
    let reply = lambda.ask("GET", "/echo-path", "a=1&b=%20", "").await;
    assert_eq!((&reply["statusCode"], &reply["body"]), (&json!(200), &json!("/echo-path?a=1&b=%20")));
    let raw = lambda.ask("GET", "/echo-path", "a=<b>", "").await;
    assert_eq!(raw["body"], "/echo-path?a=%3Cb%3E");
    assert_eq!(lambda.ask("GET", "/gone", "", "").await["statusCode"], 404);
}

#[tokio::test]
async fn what_the_platform_knows_comes_from_the_platform_and_not_from_headers() {
    let mut lambda = Lambda::start().await;
    assert_eq!(lambda.ask("GET", "/client-ip", "", "").await["body"], "Some(192.0.2.1)");
    assert_eq!(body_of(&lambda.ask("GET", "/ok", "", "").await)["id"], "lambda-request-2");
    let forged = lambda.ask("POST", "/job", "", r#"{"job":"reminders"}"#).await;
    assert_eq!(forged["statusCode"], 401);
}

#[tokio::test]
async fn a_schedule_runs_the_job_and_its_log_lines_name_it() {
    let mut lambda = Lambda::start().await;
    let payload = json!({"job": "reminders", "scheduled_at": "2026-11-20T14:05:00Z"});
    let outcome = lambda.invoke(&payload).await;
    assert_eq!((outcome.kind.as_str(), &outcome.body["job"]), ("response", &json!("reminders")));
    assert_eq!(outcome.body["scheduled_at"], "2026-11-20T14:05:00Z");
    let line = &lambda.echo.lines_of(&outcome.request_id, 1)[0];
    assert_eq!((&line["service"], &line["cron"]), (&json!("echo"), &json!("reminders")));
    assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"], "done");
    let by_hand = lambda.invoke(json!({"job": "reminders", "scheduled_at": "soon"})).await;
    assert_eq!(by_hand.body["scheduled_at"], json!(null));
}

#[tokio::test]
async fn names_that_the_parser_keeps_for_itself_are_data_and_the_answer_is_ours() {
    let mut lambda = Lambda::start().await;
    for name in ["$serde_json::private::RawValue", "$serde_json::private::Number"] {
        for field in
            ["queryStringParameters", "headers", "pathParameters", "stageVariables", "requestContext/more"]
        {
            let mut event = request("GET", "/echo-path", &format!("{name}=x"), "");
            let (parent, key) = field.split_once('/').map_or(("", field), |(parent, key)| (parent, key));
            let parent = if parent.is_empty() { &mut event } else { &mut event[parent] };
            parent[key] = json!({name: "x"});
            let outcome = lambda.invoke(&event).await;
            assert_eq!(
                (outcome.kind.as_str(), &outcome.body["statusCode"]),
                ("response", &json!(200)),
                "{outcome:?}"
            );
            assert_eq!(outcome.body["body"], format!("/echo-path?{name}=x"));
        }
        let text = json!({"job": "reminders"}).to_string();
        let disguised = lambda.invoke(json!({name: text})).await;
        assert_eq!(disguised.kind, "error", "a text is no schedule: {disguised:?}");
    }
    let deep = format!("{{\"job\":\"reminders\",\"a\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
    assert_eq!(lambda.invoke(deep).await.kind, "error");
    assert_eq!(lambda.ask("GET", "/ok", "", "").await["statusCode"], 200);
}

#[tokio::test]
async fn a_failed_run_fails_the_invocation_and_the_next_one_is_served() {
    let mut lambda = Lambda::start().await;
    for job in ["broken", "panic"] {
        let outcome = lambda.invoke(json!({ "job": job })).await;
        let expected = json!({"errorType": "Failed", "errorMessage": "the scheduled run failed"});
        assert_eq!((outcome.kind.as_str(), outcome.body), ("error", expected));
    }
    assert_eq!(lambda.ask("GET", "/ok", "", "").await["statusCode"], 200);
}

#[tokio::test]
async fn a_panic_is_an_opaque_answer_and_one_error_line_without_its_text() {
    let mut lambda = Lambda::start().await;
    let reply = lambda.ask("GET", "/panic", "", "").await;
    assert_eq!(reply["statusCode"], 500);
    assert_eq!(reply["headers"]["content-type"], "application/problem+json");
    assert_eq!(reply["headers"]["x-request-id"], "lambda-request-1");
    let problem = body_of(&reply);
    assert_eq!(
        (&problem["type"], &problem["title"], &problem["status"]),
        (&json!("about:blank"), &json!("Internal Server Error"), &json!(500))
    );
    assert_eq!(problem["request_id"], "lambda-request-1");
    assert_eq!(lambda.ask("GET", "/ok", "", "").await["statusCode"], 200);
    let lines = lambda.echo.lines_of("lambda-request-1", 1);
    let errors: Vec<_> = lines.iter().filter(|line| line["level"] == "error").collect();
    assert!(errors.len() == 1 && errors[0]["place"].as_str().unwrap().contains("echo.rs"), "{lines:?}");
    assert!(!lambda.echo.output().concat().contains("customer's data"));
}

#[tokio::test]
async fn what_is_neither_request_nor_schedule_fails_and_is_logged() {
    let mut lambda = Lambda::start().await;
    for garbage in ["{}", "null", r#"{"job":7}"#, r#"{"detail-type":"Scheduled Event"}"#] {
        let outcome = lambda.invoke(garbage).await;
        assert_eq!(outcome.kind, "error", "{garbage}");
        let lines = lambda.echo.lines_of(&outcome.request_id, 1);
        assert!(lines.iter().any(|line| line["level"] == "error"), "{lines:?}");
    }
    assert_eq!(lambda.invoke("no JSON").await.kind, "error");
    let unreadable = json!({"rawPath": "/ok", "requestContext": {"http": {"method": "NO WAY"}}});
    assert_eq!(lambda.invoke(unreadable).await.body["statusCode"], 400);
    assert_eq!(lambda.ask("GET", "/ok", "", "").await["statusCode"], 200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_the_router() {
    let mut lambda = Lambda::start().await;
    let limit = 256 * 1024 + 1;
    assert_eq!(lambda.ask("POST", "/length", "", &"a".repeat(limit)).await["body"], limit.to_string());
    let reply = lambda.ask("POST", "/length", "", &"a".repeat(limit + 1)).await;
    assert_eq!((&reply["statusCode"], &body_of(&reply)["status"]), (&json!(413), &json!(413)));
}

#[tokio::test]
async fn a_streamed_answer_arrives_whole() {
    let mut lambda = Lambda::start().await;
    assert_eq!(lambda.ask("GET", "/stream", "", "").await["body"], "part 0\npart 1\n");
}

#[tokio::test]
async fn even_at_trace_every_line_is_json_and_none_quotes_an_event() {
    let mut lambda = Lambda::start().await;
    lambda.ask("POST", "/length", "token=secret-in-query", "secret-in-body").await;
    lambda.invoke(json!({"job": "reminders"})).await;
    lambda.echo.lines_of("lambda-request-2", 1);
    for line in lambda.echo.output() {
        assert!(serde_json::from_str::<Value>(&line).is_ok() && !line.contains("secret-in"), "{line}");
    }
}
