//! The record of a request, and the interventions of a hook.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::store::definition::{INDEXES, TABLE_KEYS};

/// One attempt of the SDK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// `PutItem`, `Query`, `TransactWriteItems`, …
    pub operation: String,
    /// The table, of a batch or transaction the first one.
    pub table: Option<String>,
    /// The index of a query or scan.
    pub index: Option<String>,
    /// Items the request names; of a query or scan the items it returned, so 0 before it ran.
    pub item_count: usize,
    /// The IAM actions that it needs, with the index if there is one. A transaction needs those of its parts.
    pub rights: BTreeSet<String>,
    /// The partitions that the request names, by IAM action, for conditions on `dynamodb:LeadingKeys`.
    pub leading_keys: BTreeMap<String, BTreeSet<String>>,
    /// The kinds of rows that it writes or gets: the part of their keys before `#`.
    pub kinds: BTreeSet<String>,
}

/// The intervention in one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intervention {
    Pass,
    /// Not executed, answered with an error.
    FailBefore(Failure),
    /// Executed, answered with an error all the same.
    FailAfter(Failure),
    /// Not executed, the connection breaks.
    DropBefore,
    /// Executed, the connection breaks before the answer arrives.
    LoseAnswer,
    /// Not executed and never answered.
    HangBefore,
    /// Executed and never answered: if the caller is dropped, this is a process that died right after.
    HangAfter,
}

/// Errors DynamoDB gives on a bad day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// 400 `ProvisionedThroughputExceededException`; the SDK retries.
    Throttled,
    /// 500 `InternalServerError`; the SDK retries.
    Internal,
    /// 400 `TransactionConflictException`, of a transaction `TransactionCanceledException` with
    /// conflicts as reasons; the SDK does not retry a cancelled transaction.
    Conflict,
}

impl RequestRecord {
    /// The record of a request before it is executed.
    pub fn of(operation: &str, body: &Value) -> Self {
        let (table, item_count) = match operation {
            "TransactWriteItems" | "TransactGetItems" => transaction(&body["TransactItems"]),
            "BatchWriteItem" | "BatchGetItem" => batch(&body["RequestItems"]),
            "PutItem" | "GetItem" | "UpdateItem" | "DeleteItem" => (text(&body["TableName"]), 1),
            _ => (text(&body["TableName"]), 0),
        };
        let index = text(&body["IndexName"]);
        let rights = rights(operation, index.as_deref(), body);
        let leading_keys = leading_keys(operation, index.as_deref(), body);
        let kinds = kinds(body);
        Self { operation: operation.to_owned(), table, index, item_count, rights, leading_keys, kinds }
    }

    /// Takes the number of items a query or scan returned from its answer.
    pub(super) fn count_answer(&mut self, answer: &Value) {
        if matches!(self.operation.as_str(), "Query" | "Scan") {
            self.item_count = answer["Items"].as_array().map_or(0, Vec::len);
        }
    }
}

impl Failure {
    /// Status and body as DynamoDB writes them.
    pub(super) fn answer(self, record: &RequestRecord) -> (u16, String) {
        let body = |name: &str, message: &str| {
            let kind = format!("com.amazonaws.dynamodb.v20120810#{name}");
            serde_json::json!({"__type": kind, "message": message})
        };
        let (status, answer) = match self {
            Self::Internal => (500, body("InternalServerError", "injected")),
            Self::Throttled => (400, body("ProvisionedThroughputExceededException", "injected")),
            Self::Conflict if record.operation.starts_with("Transact") => {
                let mut answer = body("TransactionCanceledException", "injected");
                let reason = serde_json::json!({"Code": "TransactionConflict", "Message": "injected"});
                answer["CancellationReasons"] = vec![reason; record.item_count].into();
                (400, answer)
            }
            Self::Conflict => (400, body("TransactionConflictException", "injected")),
        };
        (status, answer.to_string())
    }
}

/// The partitions that a request, its batch or the parts of a transaction name.
fn leading_keys(operation: &str, index: Option<&str>, body: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut note = |right: String, key: Option<&str>| {
        found.entry(right).or_default().extend(key.map(str::to_owned));
    };
    for (kind, part) in parts(body) {
        note(format!("{kind}Item"), partition(part));
    }
    for request in body["RequestItems"].as_object().into_iter().flat_map(|tables| tables.values()) {
        for key in request["Keys"].as_array().into_iter().flatten() {
            note(operation.to_owned(), key[TABLE_KEYS.0]["S"].as_str());
        }
        for write in request.as_array().into_iter().flatten().filter_map(Value::as_object) {
            write.values().for_each(|write| note(operation.to_owned(), partition(write)));
        }
    }
    match (operation, index) {
        ("Query", Some(name)) => note(format!("Query {name}"), queried(index, body)),
        ("Query", None) => note(operation.to_owned(), queried(None, body)),
        _ if partition(body).is_some() => note(operation.to_owned(), partition(body)),
        _ => {}
    }
    found
}

/// The parts of a transaction with their actions.
fn parts(body: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let parts = body["TransactItems"].as_array().into_iter().flatten().filter_map(Value::as_object);
    parts.flatten().map(|(kind, part)| (kind.as_str(), part))
}

/// The partition of a row that is named by its key or brought as a whole.
fn partition(request: &Value) -> Option<&str> {
    ["Key", "Item"].iter().find_map(|row| request[row][TABLE_KEYS.0]["S"].as_str())
}

/// The partition of a query, from its key condition: the hash key and its value.
fn queried<'a>(index: Option<&str>, body: &'a Value) -> Option<&'a str> {
    let hash = match index {
        Some(index) => INDEXES.iter().find(|(name, ..)| *name == index)?.1,
        None => TABLE_KEYS.0,
    };
    let conditions = body["KeyConditionExpression"].as_str()?.split(" AND ");
    let mut pairs = conditions.filter_map(|condition| condition.split_once(" = "));
    let is_hash = |name: &str| body["ExpressionAttributeNames"][name].as_str().unwrap_or(name) == hash;
    let (_, value) = pairs.find(|(name, _)| is_hash(name.trim()))?;
    body["ExpressionAttributeValues"][value.trim()]["S"].as_str()
}

fn rights(operation: &str, index: Option<&str>, body: &Value) -> BTreeSet<String> {
    match (operation, index) {
        ("TransactWriteItems" | "TransactGetItems", _) => {
            parts(body).map(|(kind, _)| format!("{kind}Item")).collect()
        }
        (operation, Some(index)) => BTreeSet::from([format!("{operation} {index}")]),
        (operation, None) => BTreeSet::from([operation.to_owned()]),
    }
}

/// The kinds of the rows that a request, or the parts of a transaction, name by key or bring as a whole.
fn kinds(body: &Value) -> BTreeSet<String> {
    let requests = parts(body).map(|(_, part)| part).chain([body]);
    let keys = requests.filter_map(partition);
    keys.filter_map(|key| key.split('#').next()).map(str::to_owned).collect()
}

fn transaction(items: &Value) -> (Option<String>, usize) {
    let items = items.as_array().map(Vec::as_slice).unwrap_or_default();
    let action = items.first().and_then(Value::as_object).and_then(|item| item.values().next());
    (action.and_then(|action| text(&action["TableName"])), items.len())
}

fn batch(tables: &Value) -> (Option<String>, usize) {
    let Some(tables) = tables.as_object() else { return (None, 0) };
    let named = |requests: &Value| requests.as_array().or(requests["Keys"].as_array()).map_or(0, Vec::len);
    (tables.keys().next().cloned(), tables.values().map(named).sum())
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
