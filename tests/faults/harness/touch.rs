//! What a request reads and writes, and whether two requests commute, that is give the same answers and state in
//! either order.

use std::collections::BTreeSet;

use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Touch {
    Rows {
        read: BTreeSet<Key>,
        written: BTreeSet<Key>,
    },
    /// A range of an index: any row may enter it.
    Index,
    /// A range of the table's own keys: the rows of one partition.
    Partition(String),
    /// The state of a provider.
    Provider {
        changes: bool,
    },
    Nothing,
}

/// Partition and sort key of a row.
type Key = (String, String);

impl Touch {
    pub fn of_table(operation: &str, body: &Value) -> Self {
        match operation {
            "Scan" => return Self::Index,
            "Query" if body["IndexName"].is_string() => return Self::Index,
            "Query" => {
                let hash = body["ExpressionAttributeValues"][":h"]["S"].as_str().unwrap_or_default();
                return Self::Partition(hash.to_owned());
            }
            _ => {}
        }
        let (mut read, mut written) = (BTreeSet::new(), BTreeSet::new());
        let reads = operation.contains("Get");
        for (name, part) in parts(body) {
            let keys = if reads || name == "ConditionCheck" { &mut read } else { &mut written };
            keys.extend(key(&part["Key"]).or_else(|| key(&part["Item"])).or_else(|| key(part)));
        }
        Self::Rows { read, written }
    }

    /// Whether it may change the table or a provider.
    pub fn changes(&self) -> bool {
        self.writes_rows() || matches!(self, Self::Provider { changes: true })
    }

    pub fn writes_rows(&self) -> bool {
        matches!(self, Self::Rows { written, .. } if !written.is_empty())
    }

    pub fn commutes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nothing, _) | (_, Self::Nothing) => true,
            (Self::Provider { changes: one }, Self::Provider { changes: other }) => !one && !other,
            (Self::Provider { .. }, _) | (_, Self::Provider { .. }) => true,
            (Self::Rows { read, written }, Self::Rows { read: other_read, written: other_written }) => {
                written.is_disjoint(other_written)
                    && written.is_disjoint(other_read)
                    && read.is_disjoint(other_written)
            }
            (Self::Rows { written, .. }, range) | (range, Self::Rows { written, .. }) => match range {
                Self::Partition(pk) => written.iter().all(|key| key.0 != *pk),
                _ => written.is_empty(),
            },
            _ => true,
        }
    }
}

/// The request itself, or the parts of a transaction or a batch, each under its name.
fn parts(body: &Value) -> Vec<(&str, &Value)> {
    let objects = |list: &'static str| body[list].as_array().into_iter().flatten();
    let named = |object: &'static str| body[object].as_object().into_iter().flatten();
    let transaction = objects("TransactItems").filter_map(Value::as_object).flatten();
    let transaction = transaction.map(|(name, part)| (name.as_str(), part));
    let gotten = named("RequestItems").flat_map(|(_, table)| table["Keys"].as_array().into_iter().flatten());
    let put = named("RequestItems").flat_map(|(_, table)| table.as_array().into_iter().flatten());
    let put = put.filter_map(Value::as_object).flatten().map(|(name, part)| (name.as_str(), part));
    [("", body)].into_iter().chain(transaction).chain(gotten.map(|key| ("", key))).chain(put).collect()
}

fn key(names: &Value) -> Option<Key> {
    let text = |name: &str| names[name]["S"].as_str().map(str::to_owned);
    text("pk").zip(text("sk"))
}
