//! The table at one moment.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use local::embedded::EmbeddedDynamo;
use local::service::TABLE;
use serde_json::Value;
use shared::domain::kernel::time;

/// Every row, by its key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows(pub BTreeMap<(String, String), Row>);

/// One row, its values as DynamoDB writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(pub Value);

impl Rows {
    /// The table as it is now. What counts how often somebody asks is left out.
    pub fn read(dynamo: &EmbeddedDynamo) -> Self {
        let rows = dynamo.rows(TABLE).into_iter().map(Row);
        let keyed = rows.map(|row| ((row.text("pk").to_owned(), row.text("sk").to_owned()), row));
        Self(keyed.filter(|((pk, _), _)| !pk.starts_with("LIMIT#")).collect())
    }

    /// The rows whose keys begin so.
    pub fn of(&self, kind: &str) -> impl Iterator<Item = &Row> {
        self.0
            .range((kind.to_owned(), String::new())..)
            .map_while(move |((pk, _), row)| pk.starts_with(kind).then_some(row))
    }

    /// Every row of before beside the one of after.
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
    /// A text, empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        self.0[name]["S"].as_str().unwrap_or_default()
    }

    /// A number, where there is one.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.0[name]["N"].as_str().and_then(|number| number.parse().ok())
    }

    /// Whether somebody should look at it by now.
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        let due_at = self.text("due_at");
        !due_at.is_empty() && *due_at <= *time::format(now)
    }

    /// The company in its key; empty for a row of none.
    pub fn company(&self) -> &str {
        self.text("pk").split('#').nth(1).filter(|part| part.starts_with("biz_")).unwrap_or_default()
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}
