//! A snapshot of the table.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use local::embedded::EmbeddedDynamo;
use local::service::TABLE;
use serde_json::Value;
use shared::domain::kernel::time;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows(pub BTreeMap<(String, String), Row>);

/// One row with values in DynamoDB's format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(pub Value);

impl Rows {
    /// Reads the table, without the rate limit rows.
    pub fn read(dynamo: &EmbeddedDynamo) -> Self {
        let rows = dynamo.rows(TABLE).into_iter().map(Row);
        let keyed = rows.map(|row| ((row.text("pk").to_owned(), row.text("sk").to_owned()), row));
        Self(keyed.filter(|((pk, _), _)| !pk.starts_with("LIMIT#")).collect())
    }

    /// The rows whose keys have this prefix.
    pub fn of(&self, kind: &str) -> impl Iterator<Item = &Row> {
        self.0
            .range((kind.to_owned(), String::new())..)
            .map_while(move |((pk, _), row)| pk.starts_with(kind).then_some(row))
    }

    /// Pairs every row before with the row after.
    pub fn changes<'a>(
        &'a self,
        after: &'a Self,
    ) -> impl Iterator<Item = (Option<&'a Row>, Option<&'a Row>)> {
        let gone = self.0.iter().map(|(key, row)| (Some(row), after.0.get(key)));
        let new = after.0.iter().filter(|(key, _)| !self.0.contains_key(*key));
        gone.chain(new.map(|(_, row)| (None, Some(row)))).filter(|(before, after)| before != after)
    }
}

impl Row {
    /// A text attribute; empty if it is missing.
    pub fn text(&self, name: &str) -> &str {
        self.0[name]["S"].as_str().unwrap_or_default()
    }

    pub fn number(&self, name: &str) -> Option<i64> {
        self.0[name]["N"].as_str().and_then(|number| number.parse().ok())
    }

    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        let due_at = self.text("due_at");
        !due_at.is_empty() && *due_at <= *time::format(now)
    }

    /// The company in its key; empty if there is none.
    pub fn company(&self) -> &str {
        self.text("pk").split('#').nth(1).filter(|part| part.starts_with("biz_")).unwrap_or_default()
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}
