//! The table behind the service, as an operator of the database sees it.

use aws_sdk_dynamodb::types::AttributeValue;
use axum::body::Body;
use http::{Method, Request};
use local::service::TABLE;
use serde_json::{Map, Value};
use shared::store::Item;

use crate::world::{Answer, World};

impl World {
    /// All rows sorted by key. Numbers are texts, as DynamoDB sends them.
    pub async fn rows(&self) -> Vec<Value> {
        let rows = self.every_row().await.into_iter();
        // Rate limit rows change with every request, the counts of webhooks and of objectives with every delivery.
        let counts = |row: &Value| {
            let counted = ["LIMIT#", "WEBHOOKS#", "JOB#objectives"];
            row["pk"].as_str().is_some_and(|pk| counted.iter().any(|counted| pk.starts_with(counted)))
        };
        rows.filter(|row| !counts(row)).collect()
    }

    /// All rows, including those of rate limits and counts.
    pub async fn every_row(&self) -> Vec<Value> {
        let client = self.service.dynamo.client();
        let mut pages = client.scan().table_name(TABLE).into_paginator().items().send();
        let mut rows = Vec::new();
        while let Some(row) = pages.next().await {
            rows.push(plain_row(&row.unwrap()));
        }
        rows.sort_by_key(|row| (row["pk"].to_string(), row["sk"].to_string()));
        rows
    }

    /// The rows of one kind, by the prefix of their keys.
    pub async fn rows_of(&self, kind: &str) -> Vec<Value> {
        let rows = self.every_row().await.into_iter();
        rows.filter(|row| row["pk"].as_str().is_some_and(|pk| pk.starts_with(kind))).collect()
    }

    /// The only stored event.
    pub async fn kept_event(&self) -> Value {
        let events = self.rows_of("EVENT#").await;
        assert_eq!(events.len(), 1, "{events:?}");
        events[0].clone()
    }

    /// A request with the scheduler's secret.
    pub async fn operator(&self, method: Method, path: &str) -> Answer {
        let request =
            Request::builder().method(method).uri(path).header("authorization", "Bearer sandbox-cron-secret");
        self.ask(request.body(Body::empty()).unwrap()).await
    }
}

/// Converts DynamoDB's maps and lists to JSON.
fn plain_row(row: &Item) -> Value {
    row.iter().map(|(name, value)| (name.clone(), plain(value))).collect::<Map<_, _>>().into()
}

fn plain(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.as_str().into(),
        AttributeValue::Bool(flag) => (*flag).into(),
        AttributeValue::L(list) => list.iter().map(plain).collect(),
        AttributeValue::M(map) => plain_row(map),
        AttributeValue::Null(_) => Value::Null,
        other => panic!("no row of ours holds {other:?}"),
    }
}
