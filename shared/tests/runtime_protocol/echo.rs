//! The example service as a child process, and a client for it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use platforms::PATIENCE;

/// The running service; it ends with this value, also when a test fails.
pub struct Echo {
    child: Child,
    output: Arc<Mutex<Vec<String>>>,
}

/// What a client got.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Echo {
    /// Starts it with these variables and no others.
    pub fn start(environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(executable());
        command.env_clear().envs(environment.iter().copied());
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the example starts");
        let output = Arc::default();
        collect(child.stdout.take().expect("a pipe"), &output);
        collect(child.stderr.take().expect("a pipe"), &output);
        Self { child, output }
    }

    /// Everything it has written so far, to either stream.
    pub fn output(&self) -> Vec<String> {
        self.output.lock().expect("no panic while reading").clone()
    }

    /// The log lines that belong to a request, once there are `count` of them.
    pub fn lines_of(&self, request_id: &str, count: usize) -> Vec<Value> {
        let start = Instant::now();
        loop {
            let lines: Vec<Value> =
                self.output().iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
            let lines: Vec<Value> =
                lines.into_iter().filter(|line| line["request_id"] == request_id).collect();
            if lines.len() >= count {
                return lines;
            }
            assert!(start.elapsed() < PATIENCE, "{count} lines of {request_id} in {:#?}", self.output());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for it to give up and returns the last line it logged.
    pub fn end(&mut self) -> Value {
        assert!(!self.child.wait().expect("a child").success());
        let start = Instant::now();
        loop {
            let lines = self.output();
            if let Some(line) = lines.iter().rev().find_map(|line| serde_json::from_str(line).ok()) {
                return line;
            }
            assert!(start.elapsed() < PATIENCE, "a log line in {lines:#?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Cargo puts the tests into `deps/` and the examples into `examples/` beside it.
pub fn executable() -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let profile = test.ancestors().nth(2).expect("a target directory");
    let path = profile.join("examples").join("echo");
    assert!(path.exists(), "first: cargo build -p shared --example echo --features aws,vercel");
    path
}

fn collect(stream: impl Read + Send + 'static, output: &Arc<Mutex<Vec<String>>>) {
    let output = Arc::clone(output);
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            output.lock().expect("no panic while writing").push(line);
        }
    });
}

/// A port without a listener.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// Sends a raw request and reads until the server closes.
pub fn ask(port: u16, head: &str, body: &[u8]) -> Answer {
    let mut stream = connect(port);
    let length = body.len();
    let head = format!("{head}\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("the head is sent");
    for part in body.chunks(64 * 1024) {
        // With pauses, as a network would: a server that stopped listening shows as a broken pipe.
        stream.write_all(part).expect("the body is sent");
        std::thread::sleep(Duration::from_millis(2));
    }
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

fn connect(port: u16) -> TcpStream {
    let start = Instant::now();
    loop {
        if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
            stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            return stream;
        }
        assert!(start.elapsed() < PATIENCE, "there is no listener on {port}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
