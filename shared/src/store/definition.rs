//! The one definition of the table, and its version. The local server and the tests create it from here; a test
//! checks that `template.yaml` says the same, and that it is not changed under the same version.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};

use super::error::StoreError;
use super::keys;

/// The version of the definition below; incremented with every change of a key or an index.
pub const DEFINITION_VERSION: u32 = 1;

/// Hash and range key of the table.
pub const TABLE_KEYS: (&str, &str) = (keys::PK, keys::SK);

/// Every index: name, hash key, range key. All project keys only.
pub const INDEXES: [(&str, &str, &str); 5] = [
    (keys::DUE_INDEX, "due_shard", "due_at"),
    (keys::LIST_INDEX, "list_pk", "list_sk"),
    (keys::LIST_STATUS_INDEX, "list_status_pk", "list_sk"),
    (keys::PROFESSIONAL_INDEX, "professional_pk", "professional_sk"),
    (keys::CUSTOMER_INDEX, "customer_pk", "customer_sk"),
];

/// Creates the table if it does not exist; in deployments the template does this.
pub async fn create_table(client: &Client, table: &str) -> Result<(), StoreError> {
    let mut attributes: Vec<&str> = vec![keys::PK, keys::SK];
    let mut request = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    for element in key_schema(TABLE_KEYS.0, TABLE_KEYS.1)? {
        request = request.key_schema(element);
    }
    for (name, hash, range) in INDEXES {
        let index = GlobalSecondaryIndex::builder()
            .index_name(name)
            .set_key_schema(Some(key_schema(hash, range)?))
            .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build());
        request = request.global_secondary_indexes(index.build().map_err(StoreError::request)?);
        attributes.extend([hash, range]);
    }
    attributes.sort_unstable();
    attributes.dedup();
    for name in attributes {
        let attribute =
            AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        request = request.attribute_definitions(attribute.build().map_err(StoreError::request)?);
    }
    match request.send().await {
        Ok(_) => {}
        Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_in_use_exception()) => {
            return Ok(());
        }
        Err(error) => return Err(StoreError::request(error)),
    }
    let ttl = TimeToLiveSpecification::builder().attribute_name(keys::TTL).enabled(true).build();
    let ttl = ttl.map_err(StoreError::request)?;
    client
        .update_time_to_live()
        .table_name(table)
        .time_to_live_specification(ttl)
        .send()
        .await
        .map_err(StoreError::request)?;
    Ok(())
}

fn key_schema(hash: &str, range: &str) -> Result<Vec<KeySchemaElement>, StoreError> {
    [(hash, KeyType::Hash), (range, KeyType::Range)]
        .into_iter()
        .map(|(name, kind)| {
            KeySchemaElement::builder()
                .attribute_name(name)
                .key_type(kind)
                .build()
                .map_err(StoreError::request)
        })
        .collect()
}
