//! Better Stack: the lines of an invocation in one request, each with `dt`, by which it puts them in order.
//!
//! Source: betterstack.com/docs/logs/http-rest-api

use std::collections::VecDeque;

use serde_json::json;
use tokio::time::Instant;

use super::sink::Sink;
use crate::domain::kernel::time;
use crate::logs::KeptLine;

/// Where one source's lines go, and what opens it.
#[derive(Clone, PartialEq, Eq)]
pub struct Drain {
    /// The source's ingesting host, as a URL.
    pub host: String,
    pub token: String,
}

/// A client for one source.
#[derive(Debug, Clone)]
pub(super) struct BetterStack(Sink);

impl BetterStack {
    pub(super) fn new(http: reqwest::Client, drain: &Drain) -> Self {
        let auth_header = ("authorization", format!("Bearer {}", drain.token));
        let url = format!("{}/", drain.host.trim_end_matches('/'));
        Self(Sink::new(http, "better_stack", url, auth_header))
    }

    /// Ships lines, and says how many older ones there was no room for.
    pub(super) async fn ship(&self, lines: VecDeque<KeptLine>, dropped: u64, until: Instant) {
        let Some(first) = lines.front() else { return };
        let mut body = Vec::new();
        if dropped > 0 {
            let message = "older lines were left out";
            let told =
                json!({"dt": time::format(first.at), "level": "warn", "message": message, "lines": dropped});
            body.extend_from_slice(told.to_string().as_bytes());
            body.push(b'\n');
        }
        for line in lines {
            // A line is an object that is never empty: what comes first may stand before everything in it.
            let Some(rest) = line.json.strip_prefix(b"{") else { continue };
            body.extend_from_slice(format!("{{\"dt\":\"{}\",", time::format(line.at)).as_bytes());
            body.extend_from_slice(rest);
            body.push(b'\n');
        }
        self.0.send("application/x-ndjson", body, until).await;
    }
}

impl std::fmt::Debug for Drain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Drain({})", self.host)
    }
}
