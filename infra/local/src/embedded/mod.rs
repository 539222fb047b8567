//! DynamoDB inside the process, behind the real AWS SDK.
//!
//! The SDK signs, serialises, retries and parses as in production; only its HTTP connector is
//! replaced by one that leads straight into the embedded engine. Every attempt is numbered and can
//! be made to fail, so a harness can put a fault at call 1, 2, 3, … until a run ends untouched.

mod attempt;
mod connector;
mod dispatch;
mod listener;
mod record;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::{Client, Config};
use aws_smithy_runtime_api::client::http::HttpClient;
use dynoxide::{Database, DynoxideError};
use serde_json::{Value, json};
use shared::json::read_trusted;

pub use record::{Failure, Intervention, RequestRecord};

/// Decides over one attempt; it is given the number of the attempt, counted from 1.
pub type Hook = Arc<dyn Fn(u64, &RequestRecord) -> Intervention + Send + Sync>;

/// Attempts of one SDK call, the first included: enough to see a retry, few enough to exhaust.
const MAX_ATTEMPTS: u32 = 3;
/// The default number of attempts in the log: more than any test makes between two resets.
const KEPT_REQUESTS: usize = 200_000;
/// Rows of one batch of writes.
const MAX_BATCH: usize = 25;
/// A retry waits, so that its path is the real one, but only for the next beat of the timer: the SDK rolls
/// dice for the length of a pause, and a run is to be repeatable.
const BACKOFF: Duration = Duration::from_nanos(1);

/// One database; all clones share it, its log and its hook.
#[derive(Clone)]
pub struct EmbeddedDynamo {
    database: Database,
    ledger: Arc<Mutex<Ledger>>,
}

struct Ledger {
    calls: u64,
    requests: VecDeque<RequestRecord>,
    /// How many are kept at the most; the oldest go first.
    kept_requests: usize,
    dropped_requests: u64,
    hook: Option<Hook>,
    answer_time: Duration,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            calls: 0,
            requests: VecDeque::new(),
            kept_requests: KEPT_REQUESTS,
            dropped_requests: 0,
            hook: None,
            answer_time: Duration::ZERO,
        }
    }
}

/// The database could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("the database file cannot be opened")]
pub struct OpenError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl EmbeddedDynamo {
    /// A new database that is dropped with its last clone.
    ///
    /// # Panics
    /// If the process has no memory left.
    pub fn memory() -> Self {
        Self::over(Database::memory().expect("an empty database fits into memory"))
    }

    /// The database kept in the file at `path`, created if absent; its folder must exist.
    pub fn file(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref().to_str().ok_or_else(|| OpenError("the path is not UTF-8".into()))?;
        let failed = |error: DynoxideError| OpenError(Box::new(error));
        let database = Database::new(path).map_err(failed)?;
        // Sets `synchronous = NORMAL`: a killed process still loses nothing, only a power cut may take
        // the last writes, and thousands of ticks do not wait for the disk one by one.
        database.disable_bulk_loading().map_err(failed)?;
        Ok(Self::over(database))
    }

    fn over(database: Database) -> Self {
        Self { database, ledger: Arc::default() }
    }

    /// A client of the real SDK that talks to this database and to nothing else.
    pub fn client(&self) -> Client {
        self.client_through(self.clone())
    }

    /// The same over another connector.
    pub fn client_through(&self, connector: impl HttpClient + 'static) -> Client {
        let retries = RetryConfig::standard()
            .with_max_attempts(MAX_ATTEMPTS)
            .with_initial_backoff(BACKOFF)
            .with_max_backoff(BACKOFF);
        // The SDK's retry budget is one per process by default: thousands of injected faults would
        // use it up and change the behaviour of tests that run later.
        let own_budget = RetryPartition::custom("embedded").token_bucket(TokenBucket::unlimited()).build();
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("embedded", "embedded", None, None, "embedded"))
            .endpoint_url("http://embedded.local")
            .retry_config(retries)
            .retry_partition(own_budget)
            .http_client(connector)
            .build();
        Client::from_conf(config)
    }

    /// Whether a table was created.
    pub fn has_table(&self, table: &str) -> bool {
        self.database.get_table_metadata(table).is_ok_and(|found| found.is_some())
    }

    /// Every row of a table in DynamoDB's own JSON, read past the log and the hook.
    ///
    /// # Panics
    /// When there is no such table.
    pub fn rows(&self, table: &str) -> Vec<Value> {
        let mut request = json!({"TableName": table, "ConsistentRead": true});
        let mut rows = Vec::new();
        loop {
            let (status, answer) = dispatch::dispatch(&self.database, "Scan", &request.to_string());
            assert_eq!(status, 200, "{answer}");
            let mut page: Value = read_trusted(answer.as_bytes()).unwrap_or_default();
            if let Value::Array(items) = page["Items"].take() {
                rows.extend(items);
            }
            match page["LastEvaluatedKey"].take() {
                Value::Null => return rows,
                last => request["ExclusiveStartKey"] = last,
            }
        }
    }

    /// Puts rows that [`Self::rows`] gave, past the log and the hook.
    ///
    /// # Panics
    /// When they do not fit the table.
    pub fn put_rows(&self, table: &str, rows: &[Value]) {
        for batch in rows.chunks(MAX_BATCH) {
            let puts: Vec<Value> = batch.iter().map(|row| json!({"PutRequest": {"Item": row}})).collect();
            let request = json!({"RequestItems": {table: puts}});
            let (status, answer) = dispatch::dispatch(&self.database, "BatchWriteItem", &request.to_string());
            assert_eq!(status, 200, "{answer}");
        }
    }

    /// Restores the table to these rows, as a restore from a backup does.
    pub fn restore_rows(&self, table: &str, rows: &[Value]) {
        let key = |row: &Value| json!({"pk": row["pk"], "sk": row["sk"]});
        let kept: Vec<Value> = rows.iter().map(key).collect();
        let gone: Vec<Value> = self.rows(table).iter().map(key).filter(|key| !kept.contains(key)).collect();
        for batch in gone.chunks(MAX_BATCH) {
            let deletes: Vec<Value> =
                batch.iter().map(|key| json!({"DeleteRequest": {"Key": key}})).collect();
            let request = json!({"RequestItems": {table: deletes}});
            let (status, answer) = dispatch::dispatch(&self.database, "BatchWriteItem", &request.to_string());
            assert_eq!(status, 200, "{answer}");
        }
        self.put_rows(table, rows);
    }

    /// Every attempt since the last reset, in the order of completion.
    ///
    /// # Panics
    /// When there were more than are kept: a count would be wrong.
    pub fn requests(&self) -> Vec<RequestRecord> {
        let ledger = self.ledger();
        assert_eq!(
            ledger.dropped_requests, 0,
            "more requests than the log keeps: raise its limit, or reset it earlier"
        );
        ledger.requests.iter().cloned().collect()
    }

    /// Empties the log and starts numbering at 1 again.
    pub fn reset_requests(&self) {
        let mut ledger = self.ledger();
        ledger.requests.clear();
        ledger.calls = 0;
        ledger.dropped_requests = 0;
    }

    /// Keeps at most so many attempts in the log from now on, the newest ones.
    pub fn keep_requests(&self, count: usize) {
        self.ledger().kept_requests = count;
    }

    /// Lets `hook` decide over every attempt from now on; it replaces an earlier one.
    pub fn intercept(&self, hook: Hook) {
        self.ledger().hook = Some(hook);
    }

    /// Takes the hook away.
    pub fn stop_intercepting(&self) {
        self.ledger().hook = None;
    }

    /// Takes so long for every attempt from now on: a sleep of tokio's, so that a paused clock passes it.
    pub fn answer_within(&self, time: Duration) {
        self.ledger().answer_time = time;
    }

    fn answer_time(&self) -> Duration {
        self.ledger().answer_time
    }

    /// Writes an attempt down, in the place of the oldest one where the log is full.
    fn record(&self, request: RequestRecord) {
        let mut ledger = self.ledger();
        ledger.requests.push_back(request);
        while ledger.requests.len() > ledger.kept_requests {
            ledger.requests.pop_front();
            ledger.dropped_requests += 1;
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for EmbeddedDynamo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmbeddedDynamo")
    }
}
