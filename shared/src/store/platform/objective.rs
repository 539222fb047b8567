//! Counters of the service level objectives, one row for each hour.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};

use crate::domain::platform::objective::{Kept, Objective, WINDOW_DAYS};
use crate::store::error::StoreError;
use crate::store::keys::{self, Key};
use crate::store::write::{Write, number};
use crate::store::{Query, Range, Store, attribute_number};

/// A day longer than the window, so that its first hour is always complete.
const KEEP_DAYS: i64 = WINDOW_DAYS + 1;

/// The counts of objectives.
pub type Counts = BTreeMap<Objective, Kept>;

impl Store {
    /// Adds counts to the current hour. A write whose answer is lost may count twice; the counters measure, and
    /// decide nothing.
    pub async fn count_objectives(&self, counts: &Counts, now: DateTime<Utc>) -> Result<(), StoreError> {
        match self.objectives_write(counts, now) {
            Some(write) => self.change::<serde::de::IgnoredAny>(write).await.map(drop),
            None => Ok(()),
        }
    }

    /// The write that adds counts to the current hour, for a transaction; `None` if there are none.
    pub(crate) fn objectives_write(&self, counts: &Counts, now: DateTime<Utc>) -> Option<Write> {
        let counted = counts.iter().filter(|(_, kept)| kept.total > 0);
        let write = Write::update(Key::objectives(&hour(now)));
        let write = counted.fold(write, |write, (objective, kept)| {
            let name = objective.as_str();
            write
                .count(format!("{name}_total"), kept.total as i64)
                .count(format!("{name}_good"), kept.good as i64)
        });
        let expires_at = (now + Duration::days(KEEP_DAYS)).timestamp();
        counts.values().any(|kept| kept.total > 0).then(|| write.set(keys::TTL, number(expires_at)))
    }

    /// The counts of each full hour from `from` on, oldest first.
    pub async fn objectives_since(
        &self,
        from: DateTime<Utc>,
    ) -> Result<Vec<(DateTime<Utc>, Counts)>, StoreError> {
        let pk = Key::objectives("").pk;
        let from = format!("{}{}", keys::HOUR_PREFIX, hour(from));
        let mut hours = Vec::new();
        let mut start = None;
        loop {
            let range = Range::Between(keys::SK, &from, "HOUR#~");
            let page = self.query_items(Query { range, start, ..Query::partition(&pk) }).await?;
            for row in &page.rows {
                let at = crate::store::attribute_text(row, keys::SK).and_then(parse_hour);
                let read = |objective: Objective, what| {
                    let amount = attribute_number(row, &format!("{}_{what}", objective.as_str()));
                    amount.and_then(|amount| u64::try_from(amount).ok()).unwrap_or_default()
                };
                let kept =
                    |objective| Kept { good: read(objective, "good"), total: read(objective, "total") };
                let counts = Objective::ALL.into_iter().map(|objective| (objective, kept(objective)));
                hours.extend(at.map(|at| (at, counts.collect())));
            }
            start = page.next;
            if start.is_none() {
                return Ok(hours);
            }
        }
    }
}

/// The hour of a time, in UTC.
fn hour(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H").to_string()
}

fn parse_hour(sk: &str) -> Option<DateTime<Utc>> {
    let hour = sk.strip_prefix(keys::HOUR_PREFIX)?;
    crate::domain::kernel::time::parse(&format!("{hour}:00:00.000Z"))
}
