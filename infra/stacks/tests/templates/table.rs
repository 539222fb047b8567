//! The table: its definition matches the code, and its data can be restored.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml_ng::Value as Yaml;
use shared::store::definition::{DEFINITION_VERSION, INDEXES, TABLE_KEYS};
use shared::store::keys;
use stacks::cloudformation::resources;
use stacks::repository::template;

use crate::yaml;

#[test]
fn the_table_of_the_template_is_the_one_of_the_code() {
    let template = template();
    let table = &template["Resources"]["Table"]["Properties"];
    let schema = |value: &Yaml| -> Vec<(String, String)> {
        let element = |element: &Yaml, name: &str| element[name].as_str().expect("text").to_owned();
        let elements = value.as_sequence().expect("a key schema").iter();
        elements.map(|key| (element(key, "AttributeName"), element(key, "KeyType"))).collect()
    };
    let keyed = |hash: &str, range: &str| {
        vec![(hash.to_owned(), "HASH".to_owned()), (range.to_owned(), "RANGE".to_owned())]
    };
    assert_eq!(schema(&table["KeySchema"]), keyed(TABLE_KEYS.0, TABLE_KEYS.1));
    let indexes = table["GlobalSecondaryIndexes"].as_sequence().expect("indexes");
    let in_template: BTreeMap<String, _> = indexes
        .iter()
        .map(|index| {
            assert_eq!(index["Projection"]["ProjectionType"], "KEYS_ONLY");
            (index["IndexName"].as_str().expect("a name").to_owned(), schema(&index["KeySchema"]))
        })
        .collect();
    let in_code = INDEXES.iter().map(|(name, hash, range)| ((*name).to_owned(), keyed(hash, range)));
    assert_eq!(in_template, in_code.collect());
    let attributes = table["AttributeDefinitions"].as_sequence().expect("attributes").iter();
    let attributes: BTreeSet<&str> = attributes
        .map(|attribute| {
            assert_eq!(attribute["AttributeType"], "S");
            attribute["AttributeName"].as_str().expect("a name")
        })
        .collect();
    let pairs = INDEXES.iter().map(|(_, hash, range)| (*hash, *range)).chain([TABLE_KEYS]);
    assert_eq!(attributes, pairs.flat_map(|(hash, range)| [hash, range]).collect());
    assert_eq!(table["TimeToLiveSpecification"]["AttributeName"], keys::TTL);
    assert_eq!(table["BillingMode"], "PAY_PER_REQUEST");
}

/// Each version of the table's definition: keys, indexes, time to live. Lines are added, never changed.
const DEFINITIONS: &[(u32, &str)] = &[(
    1,
    "pk sk, due: due_shard due_at, list: list_pk list_sk, list_status: list_status_pk list_sk, \
     professional: professional_pk professional_sk, customer: customer_pk customer_sk, time limit: expires_at",
)];

#[test]
fn the_definition_of_the_table_is_not_changed_under_the_same_version() {
    let indexes = INDEXES.map(|(name, hash, range)| format!("{name}: {hash} {range}, ")).concat();
    let now = format!("{} {}, {indexes}time limit: {}", TABLE_KEYS.0, TABLE_KEYS.1, keys::TTL);
    let (newest, known) = DEFINITIONS.last().expect("a version");
    let next = newest + 1;
    assert!(
        now == *known && DEFINITION_VERSION == *newest,
        "the table's definition is another one than version {newest}: set DEFINITION_VERSION and the tag \
         `definition-version` in template.yaml to {next}, add ({next}, \"{now}\") to DEFINITIONS, run `cargo stacks`, \
         and read docs/migrations.md: an index is added in a deployment before the code that asks it"
    );
    assert!(DEFINITIONS.is_sorted_by(|one, other| one.0 + 1 == other.0 && one.1 != other.1));
    let template = template();
    let tags = template["Resources"]["Table"]["Properties"]["Tags"].as_sequence().expect("tags");
    let mut tags = tags.iter().filter(|tag| tag["Key"] == "definition-version");
    let tag = tags.next().and_then(|tag| tag["Value"].as_str()).expect("the version");
    assert_eq!(tag, DEFINITION_VERSION.to_string(), "the tag of the table in template.yaml");
}

/// The properties of the table beside its keys and indexes.
const TABLE: [(&str, &str); 4] = [
    ("BillingMode", "PAY_PER_REQUEST"),
    ("DeletionProtectionEnabled", "true"),
    ("PointInTimeRecoverySpecification", "{PointInTimeRecoveryEnabled: true}"),
    ("SSESpecification", "{SSEEnabled: true}"),
];

#[test]
fn the_table_outlives_its_stack_and_can_be_set_back() {
    let template = template();
    let tables = resources(&template, "AWS::DynamoDB::Table");
    let [("Table", table)] = tables[..] else { panic!("{tables:?}") };
    for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
        assert_eq!(table[policy], "Retain");
    }
    for (name, wanted) in TABLE {
        assert_eq!(table["Properties"][name], yaml(wanted), "{name}");
    }
    let time_limit = format!("{{AttributeName: {}, Enabled: true}}", keys::TTL);
    assert_eq!(table["Properties"]["TimeToLiveSpecification"], yaml(&time_limit));
}
