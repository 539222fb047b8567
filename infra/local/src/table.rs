//! The local table, brought up to date at the start: a folder that an older version wrote must just work.

use std::collections::HashSet;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, CreateGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate, KeySchemaElement,
    KeyType, Projection, ProjectionType, ScalarAttributeType,
};
use migrations::{MigrationError, Migrator, Table};
use shared::domain::kernel::clock::Clock;
use shared::store::StoreError;
use shared::store::definition::INDEXES;

/// This table has no other clients, so the migration needs no rate limit.
const ROWS_PER_SECOND: u32 = 1_000_000;

/// Adds missing indexes and runs pending migrations. Returns a summary in one line, or nothing if nothing was
/// done.
pub async fn bring_up_to_date(
    client: &Client,
    table: &str,
    clock: Clock,
) -> Result<Option<String>, MigrationError> {
    let added = add_missing_indexes(client, table).await?;
    let migrator = Migrator {
        table: Table::new(client.clone(), table),
        clock,
        owner: format!("cargo dev, process {}", std::process::id()),
        rows_per_second: ROWS_PER_SECOND,
        // Only one process has the folder, so the owner of any claim is dead.
        take_over: true,
        on_progress: Box::new(|_| {}),
    };
    let before = migrator.status().await?.data_version;
    let outcomes = migrator.forward(None, None).await?;
    let changed: u64 = outcomes.iter().map(|outcome| outcome.tally.changes()).sum();
    if changed == 0 && added.is_empty() {
        return Ok(None);
    }
    let after = migrator.status().await?.data_version;
    let indexes =
        if added.is_empty() { String::new() } else { format!(", new indexes: {}", added.join(", ")) };
    Ok(Some(format!("the data is of an older version: {before} → {after}, {changed} rows changed{indexes}")))
}

async fn add_missing_indexes(client: &Client, table: &str) -> Result<Vec<&'static str>, StoreError> {
    let described = client.describe_table().table_name(table).send().await.map_err(StoreError::sdk)?;
    let indexes = described.table.map(|table| table.global_secondary_indexes().to_vec()).unwrap_or_default();
    let there: HashSet<&str> = indexes.iter().filter_map(|index| index.index_name()).collect();
    let mut added = Vec::new();
    for (name, hash, range) in INDEXES.into_iter().filter(|(name, ..)| !there.contains(name)) {
        add_index(client, table, name, [(hash, KeyType::Hash), (range, KeyType::Range)]).await?;
        added.push(name);
    }
    Ok(added)
}

async fn add_index(
    client: &Client,
    table: &str,
    name: &str,
    keys: [(&str, KeyType); 2],
) -> Result<(), StoreError> {
    let mut request = client.update_table().table_name(table);
    let mut index = CreateGlobalSecondaryIndexAction::builder()
        .index_name(name)
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build());
    for (attribute, kind) in keys {
        let definition = AttributeDefinition::builder()
            .attribute_name(attribute)
            .attribute_type(ScalarAttributeType::S)
            .build();
        request = request.attribute_definitions(definition.map_err(StoreError::request)?);
        let key = KeySchemaElement::builder().attribute_name(attribute).key_type(kind).build();
        index = index.key_schema(key.map_err(StoreError::request)?);
    }
    let create = index.build().map_err(StoreError::request)?;
    let update = GlobalSecondaryIndexUpdate::builder().create(create).build();
    request.global_secondary_index_updates(update).send().await.map(drop).map_err(StoreError::sdk)
}
