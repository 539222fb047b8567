//! The DynamoDB table.
//!
//! A company's rows are accessible only through [`Store::company`], which requires a company id; keys cannot be
//! created outside this module. Rows of no company (events before they are matched, the directory, the due index,
//! last runs) have handles of their own.

pub mod accounts;
pub mod company;
pub mod definition;
pub mod due;
pub mod error;
pub mod keys;
pub mod marketplace;
mod placeholders;
pub mod platform;
pub mod recovery;
pub(crate) mod retry;
pub mod version;
pub mod write;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure,
};
use serde::de::DeserializeOwned;

pub use company::Company;
pub use error::StoreError;
pub use keys::{Key, RowKind};
pub use placeholders::Placeholders;
use platform::outbox::Listeners;
pub use write::{Item, Write};

use crate::domain::kernel::id::CompanyId;

/// The table, cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: Arc<str>,
    listeners: Listeners,
}

/// The result of a conditional single write.
#[derive(Debug)]
pub enum Written<T> {
    /// It was accepted; with the new row.
    Accepted(T),
    /// Its condition failed; with the existing row, if there is one.
    Refused(Option<T>),
}

impl Store {
    pub fn new(client: Client, table: &str) -> Self {
        Self { client, table: table.into(), listeners: Listeners::default() }
    }

    /// The same table, with the listeners that audit entries are sent to.
    #[must_use]
    pub fn with_listeners(self, listeners: Listeners) -> Self {
        Self { listeners, ..self }
    }

    pub fn company(&self, company: &CompanyId) -> Company {
        Company { store: self.clone(), company: company.clone() }
    }

    /// Writes all or nothing, in one transaction. `token` is its idempotency token: repeating the transaction
    /// after a lost response changes nothing. An empty list succeeds without a request.
    pub async fn commit(&self, token: uuid::Uuid, writes: Vec<Write>) -> Result<(), StoreError> {
        if writes.is_empty() {
            return Ok(());
        }
        let mut request =
            self.client.transact_write_items().client_request_token(token.hyphenated().to_string());
        for write in writes {
            request = request.transact_items(write.into_item(&self.table)?);
        }
        request.send().await.map(drop).map_err(refused)
    }

    /// Changes one row under its conditions and returns the row. There is no idempotency token, so the caller must
    /// recognize its own earlier write in a refusal.
    pub(crate) async fn change<T: DeserializeOwned>(&self, write: Write) -> Result<Written<T>, StoreError> {
        let (key, parts) = write.into_parts();
        let answer = self
            .client
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(write::with_key(Item::new(), &key)))
            .update_expression(parts.update)
            .set_condition_expression(parts.condition)
            .set_expression_attribute_names(parts.names)
            .set_expression_attribute_values(parts.values)
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match answer {
            Ok(output) => Ok(Written::Accepted(read_row(output.attributes.unwrap_or_default())?)),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                use aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException as Failed;
                let old = match error.into_err() {
                    Failed(failed) => failed.item,
                    _ => None,
                };
                Ok(Written::Refused(old.filter(|item| !item.is_empty()).map(read_row).transpose()?))
            }
            Err(error) => Err(StoreError::sdk(error)),
        }
    }

    /// Reads one row, strongly consistent.
    pub(crate) async fn get<T: DeserializeOwned>(&self, key: Key) -> Result<Option<T>, StoreError> {
        self.get_item(key).await?.map(read_row).transpose()
    }

    pub(crate) async fn get_item(&self, key: Key) -> Result<Option<Item>, StoreError> {
        let request = self.client.get_item().table_name(&*self.table).consistent_read(true);
        let request = request.set_key(Some(write::with_key(Item::new(), &key)));
        Ok(request.send().await.map_err(StoreError::sdk)?.item)
    }

    /// Reads up to a hundred rows, strongly consistent, in the order of `keys`; absent ones are left out.
    pub(crate) async fn get_all<T: DeserializeOwned>(&self, keys: &[Key]) -> Result<Vec<T>, StoreError> {
        self.get_items(keys).await?.into_iter().map(read_row).collect()
    }

    pub(crate) async fn get_items(&self, keys: &[Key]) -> Result<Vec<Item>, StoreError> {
        let mut found = self.load_items(keys).await?;
        Ok(keys.iter().filter_map(|key| found.remove(key)).collect())
    }

    /// Reads rows of different types; absent ones are `None`.
    pub(crate) async fn get_each<const N: usize>(
        &self,
        keys: [Key; N],
    ) -> Result<[Option<Item>; N], StoreError> {
        let mut found = self.load_items(&keys).await?;
        Ok(keys.map(|key| found.remove(&key)))
    }

    async fn load_items(&self, keys: &[Key]) -> Result<HashMap<Key, Item>, StoreError> {
        let mut found = HashMap::new();
        let mut wanted: Vec<Item> = keys.iter().map(|key| write::with_key(Item::new(), key)).collect();
        while !wanted.is_empty() {
            let rows = KeysAndAttributes::builder().consistent_read(true).set_keys(Some(wanted));
            let rows = rows.build().map_err(StoreError::request)?;
            let request = self.client.batch_get_item().request_items(&*self.table, rows);
            let output = request.send().await.map_err(StoreError::sdk)?;
            let items =
                output.responses.and_then(|mut tables| tables.remove(&*self.table)).unwrap_or_default();
            for item in items {
                found.insert(read_row(item.clone())?, item);
            }
            let left = output.unprocessed_keys.and_then(|mut tables| tables.remove(&*self.table));
            wanted = left.map(|left| left.keys).unwrap_or_default();
        }
        Ok(found)
    }

    /// Which of up to a hundred rows exist, without reading their content.
    pub(crate) async fn present(&self, keys: &[Key]) -> Result<HashSet<Key>, StoreError> {
        let mut found = HashSet::new();
        let mut wanted: Vec<Item> = keys.iter().map(|key| write::with_key(Item::new(), key)).collect();
        while !wanted.is_empty() {
            let rows = KeysAndAttributes::builder()
                .consistent_read(true)
                .set_keys(Some(wanted))
                .projection_expression("#p, #s")
                .expression_attribute_names("#p", keys::PK)
                .expression_attribute_names("#s", keys::SK);
            let rows = rows.build().map_err(StoreError::request)?;
            let request = self.client.batch_get_item().request_items(&*self.table, rows);
            let output = request.send().await.map_err(StoreError::sdk)?;
            let items = output.responses.and_then(|mut tables| tables.remove(&*self.table));
            for item in items.unwrap_or_default() {
                found.insert(read_row(item)?);
            }
            let left = output.unprocessed_keys.and_then(|mut tables| tables.remove(&*self.table));
            wanted = left.map(|left| left.keys).unwrap_or_default();
        }
        Ok(found)
    }

    /// Reads one page of a partition of the table or of an index.
    pub(crate) async fn query<T: DeserializeOwned>(&self, query: Query<'_>) -> Result<Page<T>, StoreError> {
        let page = self.query_items(query).await?;
        let rows = page.rows.into_iter().map(read_row).collect::<Result<_, _>>()?;
        Ok(Page { rows, next: page.next })
    }

    pub(crate) async fn query_items(&self, query: Query<'_>) -> Result<Page<Item>, StoreError> {
        let mut condition = "#h = :h".to_owned();
        let mut request = self
            .client
            .query()
            .table_name(&*self.table)
            .set_index_name(query.index.map(str::to_owned))
            .consistent_read(query.index.is_none())
            .expression_attribute_names("#h", query.hash.0)
            .expression_attribute_values(":h", write::text(query.hash.1))
            .scan_index_forward(!query.newest_first)
            .set_limit(query.limit)
            .set_exclusive_start_key(query.start);
        match query.range {
            Range::All => {}
            Range::Prefix(name, prefix) => {
                condition.push_str(" AND begins_with(#r, :r)");
                request = request
                    .expression_attribute_names("#r", name)
                    .expression_attribute_values(":r", write::text(prefix));
            }
            Range::Between(name, from, to) => {
                condition.push_str(" AND #r BETWEEN :from AND :to");
                request = request
                    .expression_attribute_names("#r", name)
                    .expression_attribute_values(":from", write::text(from))
                    .expression_attribute_values(":to", write::text(to));
            }
        }
        let output = request.key_condition_expression(condition).send().await.map_err(StoreError::sdk)?;
        let rows = output.items.unwrap_or_default();
        Ok(Page { rows, next: output.last_evaluated_key.filter(|key| !key.is_empty()) })
    }
}

pub(crate) struct Query<'a> {
    pub index: Option<&'a str>,
    pub hash: (&'a str, &'a str),
    pub range: Range<'a>,
    pub newest_first: bool,
    pub limit: Option<i32>,
    pub start: Option<Item>,
}

impl<'a> Query<'a> {
    pub(crate) fn partition(pk: &'a str) -> Self {
        Self {
            index: None,
            hash: (keys::PK, pk),
            range: Range::All,
            newest_first: false,
            limit: None,
            start: None,
        }
    }
}

pub(crate) enum Range<'a> {
    All,
    Prefix(&'a str, &'a str),
    Between(&'a str, &'a str, &'a str),
}

#[derive(Debug)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// The start of the next page; absent on the last one.
    pub next: Option<Item>,
}

pub(crate) fn read_row<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    serde_dynamo::from_item(item).map_err(StoreError::shape)
}

/// Maps a cancelled transaction to a conflict if its conditions or another transaction refused it.
fn refused(error: SdkError<TransactWriteItemsError>) -> StoreError {
    if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() {
        let ours =
            |code: Option<&str>| matches!(code, Some("ConditionalCheckFailed" | "TransactionConflict"));
        let refused: Vec<usize> = cancelled
            .cancellation_reasons()
            .iter()
            .enumerate()
            .filter(|(_, reason)| ours(reason.code()))
            .map(|(position, _)| position)
            .collect();
        if !refused.is_empty() {
            return StoreError::Conflict { refused };
        }
    }
    StoreError::sdk(error)
}

/// A text attribute of an item that is not deserialized.
pub(crate) fn attribute_text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

/// A number attribute of an item that is not deserialized.
pub(crate) fn attribute_number(item: &Item, name: &str) -> Option<i64> {
    match item.get(name) {
        Some(AttributeValue::N(number)) => number.parse().ok(),
        _ => None,
    }
}
