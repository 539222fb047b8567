//! Tests the reading of conditions by an example, because `tests/repository/rights.rs` relies on it.

use serde_yaml_ng::Value as Yaml;
use stacks::conditions::{Touch, complaints, tied};

#[test]
fn a_condition_is_held_against_every_partition_of_a_request() {
    let function = "{Properties: {Policies: [!Ref ReadSecrets, {Statement: [
        {Action: dynamodb:BatchGetItem, Resource: !GetAtt TableInUse.Value,
         Condition: {\"ForAllValues:StringLike\": {\"dynamodb:LeadingKeys\": [\"JOB#*\", \"KPI#*\"]}}},
        {Action: dynamodb:Query, Resource: !Sub \"${TableInUse.Value}/index/list\"}]}]}}";
    let function: Yaml = serde_yaml_ng::from_str(function).expect("YAML");
    assert_eq!(tied(&function), ["BatchGetItem"]);
    let touch = |right: &str, keys: &[&str]| -> Touch {
        (right.to_owned(), keys.iter().map(|key| (*key).to_owned()).collect())
    };
    let complaints_of = |touches: Vec<Touch>| complaints(&function, &touches.into_iter().collect());
    let within = touch("BatchGetItem", &["JOB#reminders", "KPI#biz_1"]);
    assert_eq!(complaints_of(vec![within.clone(), touch("Query list", &["anything"])]), [""; 0]);
    for beyond in [
        touch("BatchGetItem", &["JOB#reminders", "CASE#biz_1"]),
        touch("BatchGetItem", &["JOBS#reminders"]),
        touch("GetItem", &["JOB#reminders"]),
        touch("Query", &["JOB#reminders"]),
    ] {
        assert_eq!(complaints_of(vec![within.clone(), beyond.clone()]).len(), 1, "{beyond:?}");
    }
    assert_eq!(
        complaints_of(vec![touch("BatchGetItem", &["JOB#reminders"])]),
        ["BatchGetItem for KPI is never used"]
    );
}
