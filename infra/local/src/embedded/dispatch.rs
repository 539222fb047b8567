//! From an operation's name and JSON body to the engine's method, and back.

use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::json::{JsonError, TRUSTED, rename_reserved};

/// Runs one operation: status and body as DynamoDB would answer them.
pub(super) fn dispatch(database: &Database, operation: &str, body: &str) -> (u16, String) {
    match run(database, operation, body) {
        Ok(answer) => (200, answer),
        Err(error) => (error.status_code(), error.to_json()),
    }
}

fn run(database: &Database, operation: &str, body: &str) -> dynoxide::Result<String> {
    match operation {
        "BatchGetItem" => write(&database.batch_get_item(read(body)?)?),
        "BatchWriteItem" => write(&database.batch_write_item(read(body)?)?),
        "CreateTable" => write(&database.create_table(read(body)?)?),
        "DeleteItem" => write(&database.delete_item(read(body)?)?),
        "DeleteTable" => write(&database.delete_table(read(body)?)?),
        "DescribeTable" => write(&database.describe_table(read(body)?)?),
        "DescribeTimeToLive" => write(&database.describe_time_to_live(read(body)?)?),
        "GetItem" => write(&database.get_item(read(body)?)?),
        "ListTables" => write(&database.list_tables(read(body)?)?),
        "PutItem" => write(&database.put_item(read(body)?)?),
        "Query" => write(&database.query(read(body)?)?),
        "Scan" => write(&database.scan(read(body)?)?),
        "TransactGetItems" => write(&database.transact_get_items(read(body)?)?),
        "TransactWriteItems" => write(&database.transact_write_items(read(body)?)?),
        "UpdateItem" => write(&database.update_item(read(body)?)?),
        "UpdateTable" => write(&database.update_table(read(body)?)?),
        "UpdateTimeToLive" => write(&database.update_time_to_live(read(body)?)?),
        other => {
            Err(DynoxideError::ValidationException(format!("{other} is not part of the local database")))
        }
    }
}

/// A prefix of the message marks a request that is well-formed but invalid; DynamoDB reports any other
/// unreadable request as a serialization error.
fn read<T: DeserializeOwned>(body: &str) -> dynoxide::Result<T> {
    let unread = |error: JsonError| DynoxideError::SerializationException(error.to_string());
    let body = rename_reserved(body.as_bytes(), TRUSTED).map_err(unread)?;
    // Checked above and parsed here, because the error's text decides the answer.
    serde_json::from_slice(&body).map_err(|error| {
        let message = error.to_string();
        let marked = message.strip_prefix("VALIDATION").and_then(|rest| rest.split_once(':'));
        match marked {
            Some((_, reason)) => DynoxideError::ValidationException(reason.to_owned()),
            None if message.contains("missing field") => DynoxideError::ValidationException(message),
            None => DynoxideError::SerializationException(message),
        }
    })
}

fn write<T: Serialize>(answer: &T) -> dynoxide::Result<String> {
    serde_json::to_string(answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::json::RESERVED_PREFIX;

    use super::*;

    #[test]
    fn a_request_is_judged_before_it_is_parsed() {
        let name = format!("{RESERVED_PREFIX}RawValue");
        let kept: Value = read(&json!({&name: "[[]]"}).to_string()).unwrap();
        assert_eq!(kept, json!({format!("${name}"): "[[]]"}));
        let deep = "[".repeat(100_000);
        assert!(matches!(read::<Value>(&deep), Err(DynoxideError::SerializationException(_))));
    }
}
