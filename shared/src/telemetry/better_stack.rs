//! Better Stack: sends the lines of an invocation in one request; `dt` in each line defines their order.
//!
//! Source: betterstack.com/docs/logs/http-rest-api

use std::collections::VecDeque;

use serde_json::json;
use tokio::time::Instant;

use super::sink::Sink;
use crate::domain::kernel::time;
use crate::logs::BufferedLine;

/// The host and token of a source.
#[derive(Clone, PartialEq, Eq)]
pub struct Drain {
    /// The URL of the source's ingesting host.
    pub host: String,
    pub token: String,
}

#[derive(Debug, Clone)]
pub(super) struct BetterStack(Sink);

impl BetterStack {
    pub(super) fn new(http: reqwest::Client, drain: &Drain) -> Self {
        let auth_header = ("authorization", format!("Bearer {}", drain.token));
        let url = format!("{}/", drain.host.trim_end_matches('/'));
        Self(Sink::new(http, "better_stack", url, Some(auth_header)))
    }

    /// Sends lines and the number of older lines that were dropped.
    pub(super) async fn ship(&self, lines: VecDeque<BufferedLine>, dropped: u64, until: Instant) {
        let Some(first) = lines.front() else { return };
        let mut body = Vec::new();
        if dropped > 0 {
            let message = "older lines were left out";
            let notice =
                json!({"dt": time::format(first.at), "level": "warn", "message": message, "lines": dropped});
            body.extend_from_slice(notice.to_string().as_bytes());
            body.push(b'\n');
        }
        for line in lines {
            // A line is a non-empty object, so `dt` can be inserted before its first member.
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
