//! Vercel's bridge: frames on a unix socket, requests over loopback.
//!
//! Source: the official runtime, crate `vercel_runtime`.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use crate::Failed;

/// Makes the socket names of one process unique.
static SOCKETS: AtomicU32 = AtomicU32::new(0);

/// Vercel's side of the bridge, for one process.
pub struct Bridge {
    port: u16,
    socket: PathBuf,
    frames: UnboundedReceiver<Value>,
    listened: JoinHandle<()>,
    count: u64,
}

impl Bridge {
    /// Listens for a function's frames and selects a port for it.
    pub async fn start() -> io::Result<Self> {
        // The runtime accepts only a port number; if another process takes the port meanwhile, the start fails.
        let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
        let number = SOCKETS.fetch_add(1, Ordering::Relaxed);
        let socket = std::env::temp_dir().join(format!("bridge-{}-{number}.sock", std::process::id()));
        // A killed process with the same id may have left one.
        let _ = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket)?;
        let (sender, frames) = unbounded_channel();
        let listened = tokio::spawn(async move {
            let _ = listen(&listener, &sender).await;
        });
        Ok(Self { port, socket, frames, listened, count: 0 })
    }

    /// The variables that Vercel sets for the process.
    pub fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("VERCEL", "1".to_owned()),
            ("VERCEL_IPC_PATH", self.socket.to_string_lossy().into_owned()),
            ("VERCEL_DEV_PORT", self.port.to_string()),
        ]
    }

    /// Waits until the function reports that it listens.
    pub async fn started(&mut self) -> Result<(), Failed> {
        let started = self.frame("server-started").await?;
        match started["payload"]["httpPort"].as_u64() {
            Some(port) if port == u64::from(self.port) => Ok(()),
            _ => Err(Failed::Protocol(format!("another port in {started}"))),
        }
    }

    /// Sends a request with Vercel's headers and waits for the answer and the end of the invocation.
    pub async fn ask(&mut self, request: &Request<Bytes>) -> Result<Response<Bytes>, Failed> {
        self.count += 1;
        let (response, number) = (self.send(request).await?, self.count);
        let end = self.frame("end").await?;
        let context = &end["payload"]["context"];
        if context["requestId"].as_u64() != Some(number) {
            return Err(Failed::Protocol(format!("not the end of {number}: {end}")));
        }
        Ok(response)
    }

    async fn send(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, Failed> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let response = sender.send_request(self.with_headers(request)).await?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        connection.abort();
        Ok(Response::from_parts(parts, body))
    }

    /// Adds Vercel's headers, which overwrite the client's.
    fn with_headers(&self, request: &Request<Bytes>) -> Request<Full<Bytes>> {
        let mut forwarded = Request::new(Full::new(request.body().clone()));
        *forwarded.method_mut() = request.method().clone();
        *forwarded.uri_mut() = request.uri().clone();
        *forwarded.headers_mut() = request.headers().clone();
        let address = request.extensions().get::<std::net::IpAddr>().map(ToString::to_string);
        for (name, value) in [
            ("host", "x.vercel.app".to_owned()),
            ("x-vercel-internal-invocation-id", format!("invocation-{}", self.count)),
            ("x-vercel-internal-request-id", self.count.to_string()),
            ("x-vercel-id", format!("fra1::iad1::{}", self.count)),
            ("x-vercel-forwarded-for", address.unwrap_or_else(|| "192.0.2.1".to_owned())),
        ] {
            let value = HeaderValue::try_from(value).ok();
            forwarded.headers_mut().extend(value.map(|value| (http::HeaderName::from_static(name), value)));
        }
        forwarded
    }

    /// The next frame of this kind; a function's logs arrive in other frames.
    async fn frame(&mut self, kind: &'static str) -> Result<Value, Failed> {
        while let Some(frame) = self.frames.recv().await {
            if frame["type"] == kind {
                return Ok(frame);
            }
        }
        Err(Failed::Protocol(format!("the function hung up before `{kind}`")))
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.listened.abort();
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// Reads the frames of the function that connects.
async fn listen(listener: &UnixListener, frames: &UnboundedSender<Value>) -> io::Result<()> {
    let (stream, _) = listener.accept().await?;
    let mut stream = BufReader::new(stream).split(0);
    while let Some(frame) = stream.next_segment().await? {
        let frame = serde_json::from_slice(&frame);
        let _ = frames.send(frame.map_err(io::Error::other)?);
    }
    Ok(())
}
