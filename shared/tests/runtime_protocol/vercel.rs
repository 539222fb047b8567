use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::echo::{Answer, Echo, ask, free_port};
use platforms::PATIENCE;

/// Vercel's side: the socket for frames, and the address for requests.
struct Bridge {
    echo: Echo,
    port: u16,
    socket: PathBuf,
    frames: Receiver<(Instant, Value)>,
}

impl Bridge {
    fn start() -> Self {
        let port = free_port();
        let socket = std::env::temp_dir().join(format!("justonce-{}-{port}.sock", std::process::id()));
        let listener = UnixListener::bind(&socket).expect("a socket");
        let (sender, frames) = channel();
        std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a service");
            for frame in BufReader::new(stream).split(0).map_while(Result::ok) {
                let frame = serde_json::from_slice(&frame).expect("a JSON frame");
                let _ = sender.send((Instant::now(), frame));
            }
        });
        let path = socket.to_str().expect("a plain path");
        let port_text = port.to_string();
        let echo =
            Echo::start(&[("VERCEL_IPC_PATH", path), ("VERCEL", "1"), ("VERCEL_DEV_PORT", &port_text)]);
        let bridge = Self { echo, port, socket, frames };
        let started = bridge.frame().1;
        assert_eq!(
            (&started["type"], &started["payload"]["httpPort"]),
            (&json!("server-started"), &json!(port))
        );
        bridge
    }

    fn frame(&self) -> (Instant, Value) {
        self.frames.recv_timeout(PATIENCE).expect("a frame in time")
    }

    /// Asks as Vercel would, with its headers, and waits for the end of the invocation.
    fn ask(&self, head: &str, body: &[u8]) -> Answer {
        let answer = ask(self.port, &with_vercels_headers(head), body);
        let end = self.frame().1;
        let context = json!({"invocationId": "inv-1", "requestId": 7});
        assert_eq!((&end["type"], &end["payload"]["context"]), (&json!("end"), &context));
        answer
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
    }
}

fn with_vercels_headers(head: &str) -> String {
    format!(
        "{head}\r\nx-vercel-internal-invocation-id: inv-1\r\nx-vercel-internal-request-id: 7\r\n\
         x-vercel-id: fra1::iad1::k2x-17\r\nx-vercel-forwarded-for: 192.0.2.1\r\nx-forwarded-for: 198.51.100.9"
    )
}

#[test]
fn a_request_through_the_bridge_is_answered_and_ended() {
    let vercel = Bridge::start();
    assert_eq!(vercel.ask("GET /echo-path?a=1 HTTP/1.1", b"").body, "/echo-path?a=1");
    assert_eq!(vercel.ask("GET http://x.example/echo-path?a=1 HTTP/1.1", b"").body, "/echo-path?a=1");
    assert_eq!(vercel.ask("GET /client-ip HTTP/1.1", b"").body, "Some(192.0.2.1)");
    assert_eq!(vercel.ask("GET /ok HTTP/1.1", b"").body, r#"{"id":"fra1::iad1::k2x-17"}"#);
}

#[test]
fn a_panic_is_an_opaque_answer_and_does_not_leave_vercel_waiting() {
    let vercel = Bridge::start();
    let answer = vercel.ask("GET /panic HTTP/1.1", b"");
    assert!(
        answer.status == 500 && answer.head.contains("content-type: application/problem+json"),
        "{answer:?}"
    );
    let problem: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(problem["request_id"], "fra1::iad1::k2x-17");
    let lines = vercel.echo.lines_of("fra1::iad1::k2x-17", 1);
    assert_eq!((lines.len(), &lines[0]["level"]), (1, &json!("error")));
    assert!(!vercel.echo.output().concat().contains("customer's data"));
    assert_eq!(vercel.ask("GET /ok HTTP/1.1", b"").status, 200);
}

#[test]
fn the_invocation_ends_after_the_last_part_of_a_streamed_answer() {
    let vercel = Bridge::start();
    let start = Instant::now();
    let answer = vercel_stream(&vercel);
    let (ended, end) = vercel.frame();
    assert!(answer.body.contains("part 0") && answer.body.contains("part 1"), "{answer:?}");
    assert_eq!(end["type"], "end");
    assert!(ended - start >= Duration::from_millis(300), "ended after {:?}", ended - start);
}

fn vercel_stream(vercel: &Bridge) -> Answer {
    ask(vercel.port, &with_vercels_headers("GET /stream HTTP/1.1"), b"")
}

#[test]
fn a_body_over_the_limit_is_refused_in_a_readable_answer() {
    let vercel = Bridge::start();
    let limit = 256 * 1024 + 1;
    assert_eq!(vercel.ask("POST /length HTTP/1.1", &vec![b'a'; limit]).body, limit.to_string());
    assert_eq!(vercel.ask("POST /length HTTP/1.1", &vec![b'a'; limit + 1]).status, 413);
    assert_eq!(vercel.ask("POST /length HTTP/1.1", &vec![b'a'; 4_500_000]).status, 413);
}
