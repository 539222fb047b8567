//! Writes as data: the parts of a transaction.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use serde::Serialize;

use super::error::StoreError;
use super::keys::{self, Key};
use super::placeholders::Placeholders;

pub type Item = HashMap<String, AttributeValue>;

/// One write of a transaction. Only this crate can create one, so that no other code can write to an arbitrary
/// key.
#[derive(Debug, Clone)]
pub struct Write {
    key: Key,
    change: Change,
    expected: Vec<Expect>,
}

#[derive(Debug, Clone)]
enum Change {
    Put(Item),
    Update(Changes),
}

/// The attribute changes of an update.
#[derive(Debug, Clone, Default)]
struct Changes {
    set: Vec<(String, AttributeValue)>,
    /// Set only if the attribute does not exist.
    set_absent: Vec<(String, AttributeValue)>,
    remove: Vec<String>,
    count: Vec<(String, i64)>,
}

/// A condition for accepting a write.
#[derive(Debug, Clone)]
pub(crate) enum Expect {
    /// The row does not exist.
    Absent,
    Present,
    /// The row, if there is one, does not have this attribute.
    Missing(&'static str),
    /// An attribute has this value.
    Equals(&'static str, AttributeValue),
}

impl Changes {
    fn expression(self, to: &mut Placeholders) -> String {
        let mut set: Vec<String> = self
            .set
            .into_iter()
            .map(|(name, value)| format!("{} = {}", to.name(&name), to.value(value)))
            .collect();
        for (name, value) in self.set_absent {
            let name = to.name(&name);
            set.push(format!("{name} = if_not_exists({name}, {})", to.value(value)));
        }
        let remove: Vec<String> = self.remove.iter().map(|name| to.name(name)).collect();
        let count: Vec<String> = self
            .count
            .into_iter()
            .map(|(name, by)| format!("{} {}", to.name(&name), to.value(number(by))))
            .collect();
        let clauses = [("SET", set), ("REMOVE", remove), ("ADD", count)];
        let filled = clauses.into_iter().filter(|(_, terms)| !terms.is_empty());
        filled.map(|(verb, terms)| format!("{verb} {}", terms.join(", "))).collect::<Vec<_>>().join(" ")
    }
}

impl Expect {
    /// The row's version is unchanged; version 0 means that the row does not exist.
    pub(crate) fn version(version: u64) -> Self {
        if version == 0 { Self::Absent } else { Self::Equals("version", number(version)) }
    }

    /// A counter is unchanged since it was read; it is absent before it is first incremented.
    pub(crate) fn counted(name: &'static str, read: u64) -> Self {
        if read == 0 { Self::Missing(name) } else { Self::Equals(name, number(read)) }
    }

    fn expression(&self, to: &mut Placeholders) -> String {
        match self {
            Self::Absent => format!("attribute_not_exists({})", to.name(keys::PK)),
            Self::Present => format!("attribute_exists({})", to.name(keys::PK)),
            Self::Missing(name) => format!("attribute_not_exists({})", to.name(name)),
            Self::Equals(name, value) => format!("{} = {}", to.name(name), to.value(value.clone())),
        }
    }
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn flag(value: bool) -> AttributeValue {
    AttributeValue::Bool(value)
}

pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

impl Write {
    /// Puts a whole row.
    pub(crate) fn put(key: Key, row: &impl Serialize) -> Result<Self, StoreError> {
        Ok(Self { key, change: Change::Put(to_item(row)?), expected: Vec::new() })
    }

    /// Changes a row, or creates it.
    pub(crate) fn update(key: Key) -> Self {
        Self { key, change: Change::Update(Changes::default()), expected: Vec::new() }
    }

    pub(crate) fn set(mut self, name: impl Into<String>, value: AttributeValue) -> Self {
        match &mut self.change {
            Change::Put(item) => drop(item.insert(name.into(), value)),
            Change::Update(changes) => changes.set.push((name.into(), value)),
        }
        self
    }

    /// Sets one attribute of an update unless it exists.
    pub(crate) fn set_absent(mut self, name: impl Into<String>, value: AttributeValue) -> Self {
        if let Change::Update(changes) = &mut self.change {
            changes.set_absent.push((name.into(), value));
        }
        self
    }

    /// Sets every attribute of `row`; null ones are removed.
    pub(crate) fn set_all(mut self, row: &impl Serialize) -> Result<Self, StoreError> {
        let mut attributes: Vec<(String, AttributeValue)> = to_item(row)?.into_iter().collect();
        attributes.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, value) in attributes {
            self = if matches!(value, AttributeValue::Null(_)) {
                self.remove(name)
            } else {
                self.set(name, value)
            };
        }
        Ok(self)
    }

    pub(crate) fn remove(mut self, name: impl Into<String>) -> Self {
        match &mut self.change {
            Change::Put(item) => drop(item.remove(&name.into())),
            Change::Update(changes) => changes.remove.push(name.into()),
        }
        self
    }

    /// Adds to a number; an absent one counts as 0. Safe only with a condition in the same transaction, because a
    /// repeated request would otherwise count twice.
    pub(crate) fn count(mut self, name: impl Into<String>, by: i64) -> Self {
        if let Change::Update(changes) = &mut self.change {
            changes.count.push((name.into(), by));
        }
        self
    }

    /// Puts the row into the due index, or removes it.
    pub(crate) fn due(self, job: &str, due_at: Option<chrono::DateTime<chrono::Utc>>) -> Self {
        match due_at {
            Some(at) => {
                let shard = keys::due_shard(job, &self.key);
                self.set("due_shard", text(shard))
                    .set("due_at", text(crate::domain::kernel::time::format(at)))
            }
            None => self.remove("due_shard").remove("due_at"),
        }
    }

    /// Puts the row into the due index; if it is there already, the earlier time is kept.
    pub(crate) fn due_from(self, job: &str, due_at: chrono::DateTime<chrono::Utc>) -> Self {
        let shard = keys::due_shard(job, &self.key);
        self.set("due_shard", text(shard))
            .set_absent("due_at", text(crate::domain::kernel::time::format(due_at)))
    }

    /// Adds a condition on the row.
    pub(crate) fn expect(mut self, expected: Expect) -> Self {
        self.expected.push(expected);
        self
    }

    /// The write for the SDK.
    pub(super) fn into_item(self, table: &str) -> Result<TransactWriteItem, StoreError> {
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        let mut placeholders = Placeholders::default();
        let condition = condition(&self.expected, &mut placeholders);
        let item = TransactWriteItem::builder();
        Ok(match self.change {
            Change::Put(attributes) => {
                let put = Put::builder()
                    .table_name(table)
                    .set_item(Some(with_key(attributes, &self.key)))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(placeholders.names())
                    .set_expression_attribute_values(placeholders.values())
                    .return_values_on_condition_check_failure(old);
                item.put(put.build().map_err(StoreError::request)?).build()
            }
            Change::Update(changes) => {
                let update_expression = changes.expression(&mut placeholders);
                let update = Update::builder()
                    .table_name(table)
                    .set_key(Some(with_key(Item::new(), &self.key)))
                    .update_expression(update_expression)
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(placeholders.names())
                    .set_expression_attribute_values(placeholders.values())
                    .return_values_on_condition_check_failure(old);
                item.update(update.build().map_err(StoreError::request)?).build()
            }
        })
    }

    pub(super) fn into_parts(self) -> (Key, UpdateParts) {
        let mut placeholders = Placeholders::default();
        let condition = condition(&self.expected, &mut placeholders);
        let update = match self.change {
            Change::Put(item) => Changes { set: item.into_iter().collect(), ..Changes::default() }
                .expression(&mut placeholders),
            Change::Update(changes) => changes.expression(&mut placeholders),
        };
        (
            self.key,
            UpdateParts { update, condition, names: placeholders.names(), values: placeholders.values() },
        )
    }
}

/// The parts of a single update for the SDK.
pub(super) struct UpdateParts {
    pub update: String,
    pub condition: Option<String>,
    pub names: Option<HashMap<String, String>>,
    pub values: Option<HashMap<String, AttributeValue>>,
}

fn condition(expected: &[Expect], to: &mut Placeholders) -> Option<String> {
    let terms: Vec<String> = expected.iter().map(|expect| expect.expression(to)).collect();
    (!terms.is_empty()).then(|| terms.join(" AND "))
}

fn to_item(row: &impl Serialize) -> Result<Item, StoreError> {
    serde_dynamo::to_item(row).map_err(StoreError::shape)
}

pub(super) fn with_key(mut item: Item, key: &Key) -> Item {
    item.insert(keys::PK.to_owned(), text(&key.pk));
    item.insert(keys::SK.to_owned(), text(&key.sk));
    item
}
