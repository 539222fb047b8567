//! The requests of a migration. It may read, scan and update the table and describe it; it never puts or deletes
//! a row.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{AttributeValue, GlobalSecondaryIndexDescription, KeySchemaElement, KeyType};
use shared::store::definition::{INDEXES, TABLE_KEYS};
use shared::store::keys::{PK, SK};
use shared::store::{Item, StoreError};

use crate::row::RowWrite;

/// Rows per page: kept in memory, and read again after a crash.
pub const PAGE_ROWS: i32 = 250;

/// The migrated table; cheap to clone.
#[derive(Debug, Clone)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
    page_rows: i32,
}

/// One page of a scan.
pub(crate) struct Page {
    /// The rows of the requested kind, with the requested attributes.
    pub(crate) rows: Vec<Item>,
    /// The number of rows read for it.
    pub(crate) scanned: u32,
    /// The key after which the next page begins; `None` on the last page.
    pub(crate) next: Option<Item>,
}

impl Table {
    pub fn new(client: Client, name: &str) -> Self {
        Self { client, name: name.to_owned(), page_rows: PAGE_ROWS }
    }

    /// Sets the page size.
    #[must_use]
    pub fn in_pages_of(self, rows: i32) -> Self {
        Self { page_rows: rows, ..self }
    }

    /// Rows whose partition key begins with `kind`, after `start`.
    pub(crate) async fn scan(
        &self,
        kind: &str,
        attributes: &[String],
        start: Option<Item>,
    ) -> Result<Page, StoreError> {
        let mut request = self
            .client
            .scan()
            .table_name(&self.name)
            // The page must contain everything that was written before the request.
            .consistent_read(true)
            .limit(self.page_rows)
            .filter_expression("begins_with(#pk, :kind)")
            .expression_attribute_values(":kind", AttributeValue::S(kind.to_owned()))
            .projection_expression(projection(attributes))
            .set_exclusive_start_key(start);
        for (placeholder, name) in names(attributes) {
            request = request.expression_attribute_names(placeholder, name);
        }
        let output = request.send().await.map_err(StoreError::sdk)?;
        Ok(Page {
            scanned: output.scanned_count.try_into().unwrap_or_default(),
            rows: output.items.unwrap_or_default(),
            next: output.last_evaluated_key.filter(|key| !key.is_empty()),
        })
    }

    pub(crate) async fn read(&self, key: &Item, attributes: &[String]) -> Result<Option<Item>, StoreError> {
        let mut request = self
            .client
            .get_item()
            .table_name(&self.name)
            .consistent_read(true)
            .set_key(Some(key.clone()))
            .projection_expression(projection(attributes));
        for (placeholder, name) in names(attributes) {
            request = request.expression_attribute_names(placeholder, name);
        }
        Ok(request.send().await.map_err(StoreError::sdk)?.item)
    }

    /// Changes a row if it is unchanged since it was read; returns whether it was.
    pub(crate) async fn change(&self, key: &Item, write: RowWrite) -> Result<bool, StoreError> {
        let expressions = write.expressions(PK);
        let request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key.clone()))
            .update_expression(expressions.update)
            .condition_expression(expressions.condition)
            .set_expression_attribute_names(expressions.placeholders.names())
            .set_expression_attribute_values(expressions.placeholders.values());
        match request.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error))
                if error.err().is_conditional_check_failed_exception()
                    // Another transaction is writing this row; its write comes first.
                    || error.err().is_transaction_conflict_exception() =>
            {
                Ok(false)
            }
            Err(error) => Err(StoreError::sdk(error)),
        }
    }

    /// The differences between the table's definition and the code's.
    pub async fn differences(&self) -> Result<Vec<String>, StoreError> {
        let output = self.client.describe_table().table_name(&self.name).send().await;
        let Some(table) = output.map_err(StoreError::sdk)?.table else {
            return Ok(vec!["it does not describe itself".to_owned()]);
        };
        let mut differences = Vec::new();
        if !is_keyed(table.key_schema(), TABLE_KEYS.0, TABLE_KEYS.1) {
            differences.push("its keys are others".to_owned());
        }
        let indexes = table.global_secondary_indexes();
        for (name, hash, range) in INDEXES {
            match indexes.iter().find(|index| index.index_name() == Some(name)) {
                None => differences.push(format!("it has no index `{name}`")),
                Some(index) if !is_keyed(index.key_schema(), hash, range) => {
                    differences.push(format!("the index `{name}` has other keys"));
                }
                Some(_) => {}
            }
        }
        let is_foreign = |index: &&GlobalSecondaryIndexDescription| {
            !INDEXES.iter().any(|(name, ..)| index.index_name() == Some(name))
        };
        let foreign = indexes.iter().filter(is_foreign);
        differences.extend(foreign.map(|index| {
            format!("it has an index `{}` that this code does not know", index.index_name().unwrap_or("?"))
        }));
        Ok(differences)
    }
}

fn is_keyed(schema: &[KeySchemaElement], hash: &str, range: &str) -> bool {
    let has = |name: &str, kind: KeyType| {
        schema.iter().any(|key| key.attribute_name() == name && *key.key_type() == kind)
    };
    schema.len() == 2 && has(hash, KeyType::Hash) && has(range, KeyType::Range)
}

/// The key of a row.
pub(crate) fn key_of(row: &Item) -> Item {
    [PK, SK].into_iter().filter_map(|name| Some((name.to_owned(), row.get(name)?.clone()))).collect()
}

/// The key from its two parts.
pub(crate) fn address((pk, sk): &(String, String)) -> Item {
    let part = |name: &str, value: &String| (name.to_owned(), AttributeValue::S(value.clone()));
    [part(PK, pk), part(SK, sk)].into()
}

pub(crate) fn parts(key: &Item) -> Option<(String, String)> {
    let part = |name: &str| key.get(name).and_then(|value| value.as_s().ok()).cloned();
    Some((part(PK)?, part(SK)?))
}

/// The key as text; our keys hold ids and no personal data.
pub(crate) fn spell(key: &Item) -> String {
    let (pk, sk) = parts(key).unwrap_or_default();
    format!("{pk} {sk}").escape_debug().to_string()
}

fn projection(attributes: &[String]) -> String {
    let own = (0..attributes.len()).map(|number| format!("#a{number}"));
    ["#pk".to_owned(), "#sk".to_owned()].into_iter().chain(own).collect::<Vec<_>>().join(", ")
}

fn names(attributes: &[String]) -> impl Iterator<Item = (String, String)> {
    let own = attributes.iter().enumerate().map(|(number, name)| (format!("#a{number}"), name.clone()));
    [("#pk".to_owned(), PK.to_owned()), ("#sk".to_owned(), SK.to_owned())].into_iter().chain(own)
}
