use super::echo::{Echo, ask, free_port};

fn start() -> (Echo, u16) {
    let port = free_port();
    (Echo::start(&[("PORT", &port.to_string())]), port)
}

#[test]
fn a_plain_server_answers_as_the_platforms_do() {
    let (echo, port) = start();
    assert_eq!(ask(port, "GET http://x.example/echo-path?a=1 HTTP/1.1", b"").body, "/echo-path?a=1");
    let answer = ask(port, "GET /client-ip HTTP/1.1\r\nx-vercel-forwarded-for: 198.51.100.9", b"");
    assert_eq!(answer.body, "Some(127.0.0.1)");
    assert!(!ask(port, "GET /ok HTTP/1.1\r\nx-vercel-id: forged", b"").body.contains("forged"));
    assert_eq!(ask(port, "GET /panic HTTP/1.1", b"").status, 500);
    assert_eq!(ask(port, "POST /length HTTP/1.1", &vec![b'a'; 1_000_000]).status, 413);
    assert!(ask(port, "GET /stream HTTP/1.1", b"").body.contains("part 1"));
    assert!(!echo.output().concat().contains("customer's data"));
}

#[test]
fn a_wrong_environment_ends_the_process_with_a_reason() {
    let mut echo = Echo::start(&[("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9")]);
    assert!(echo.end()["error"].as_str().unwrap().contains("missing: AWS_LAMBDA_FUNCTION_NAME"));
    let mut echo = Echo::start(&[("PORT", "eighty")]);
    assert_eq!(echo.end()["error"], "PORT is not a port number");
}
