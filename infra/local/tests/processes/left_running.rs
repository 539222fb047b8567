//! The server runs for a long time with idle connections and many requests.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::server::Server;

/// Longer than the server waits for the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(10);

impl Server {
    fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(HEAD_TIME * 3)).unwrap();
        stream
    }

    /// The status line of a request on a connection of its own.
    fn status(&self, path: &str) -> String {
        let mut stream = self.connect();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
    }
}

#[test]
fn more_connections_than_descriptors_do_not_end_it_and_do_not_keep_others_waiting() {
    let server = Server::with_descriptors(64);
    let silent: Vec<TcpStream> = (0..200).map(|_| server.connect()).collect();
    for _ in 0..5 {
        assert_eq!(server.status("/api/health"), "HTTP/1.1 200 OK");
    }
    drop(silent);
    let mut hanging: Vec<TcpStream> = (0..200).map(|_| server.connect()).collect();
    for stream in &mut hanging {
        // Hung up on already, perhaps, in favour of a later one.
        let _ = stream.write_all(b"GET /api/health HTTP/1.1\r\nhost: ");
    }
    assert_eq!(server.status("/api/health"), "HTTP/1.1 200 OK");
    assert_eq!(server.status("/api/openapi.json"), "HTTP/1.1 200 OK");
}

#[test]
fn idle_connections_and_unfinished_heads_are_closed() {
    let server = Server::in_memory();
    let (mut silent, mut halfway, mut done) = (server.connect(), server.connect(), server.connect());
    halfway.write_all(b"GET /api/health HTTP/1.1\r\nhost: local").unwrap();
    done.write_all(b"GET /api/health HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let begun = Instant::now();
    for (stream, what) in [(&mut silent, "silent"), (&mut halfway, "halfway"), (&mut done, "done")] {
        // To the end of the stream, which is the server's doing.
        let mut rest = Vec::new();
        let ended = stream.read_to_end(&mut rest);
        assert!(ended.is_ok(), "{what}: {ended:?}");
        assert!(begun.elapsed() < HEAD_TIME * 2, "{what}: {:?}", begun.elapsed());
    }
}

/// The process's resident memory in bytes.
fn resident_bytes(process: u32) -> Option<usize> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<usize>().ok()? * 1024)
}

#[test]
fn it_does_not_grow_with_every_request_to_its_table() {
    let server = Server::in_memory();
    let ask = |count: usize| {
        let mut stream = server.connect();
        for number in 0..count {
            // Each request reads the database's state from the table.
            let last = if number + 1 == count { "close" } else { "keep-alive" };
            let request = format!(
                "GET /api/health?type=database HTTP/1.1\r\nhost: localhost\r\nconnection: {last}\r\n\r\n"
            );
            // In one write: the kernel holds back a second one until the first is acknowledged, 40 ms later.
            stream.write_all(request.as_bytes()).unwrap();
            if last == "close" {
                let _ = stream.read_to_end(&mut Vec::new());
            } else {
                let _ = stream.read(&mut [0; 8_192]).unwrap();
            }
        }
    };
    let Some(_) = resident_bytes(server.id()) else { return };
    ask(3_000);
    let before = resident_bytes(server.id()).unwrap();
    ask(3_000);
    let grown = resident_bytes(server.id()).unwrap().saturating_sub(before);
    assert!(grown / 3_000 < 400, "{} bytes a request", grown / 3_000);
}
