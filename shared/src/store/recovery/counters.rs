//! A company's daily counters, so that the KPIs of a window need one query.

use chrono::NaiveDate;

use crate::domain::recovery::kpi::Counters;
use crate::store::keys::{self, Key};
use crate::store::write::{Item, Write};
use crate::store::{Company, Query, Range, StoreError, attribute_number};

impl Company {
    /// The sum of the counters from `from` to `to`, both included: one query if they fit on a page.
    pub async fn counters(&self, from: NaiveDate, to: NaiveDate) -> Result<Counters, StoreError> {
        let pk = keys::kpi_pk(&self.company);
        let (from, to) = (from.to_string(), format!("{to}#~"));
        let mut total = Counters::default();
        let mut start = None;
        loop {
            let query = Query { range: Range::Between(keys::SK, &from, &to), start, ..Query::partition(&pk) };
            let page = self.store.query_items(query).await?;
            for row in &page.rows {
                total.add(&read_counters(row), 1);
            }
            start = page.next;
            if start.is_none() {
                return Ok(total);
            }
        }
    }

    /// Adds a difference to a day; must be in the transaction of the change it follows from.
    pub(in crate::store) fn add_counters(&self, day: NaiveDate, shard: u8, difference: &Counters) -> Write {
        let mut write = Write::update(Key::counters(&self.company, day, shard))
            .count("cases", difference.cases)
            .count("recoveries", difference.recoveries);
        for (prefix, amounts) in [(REVENUE, &difference.revenue), (CURRENCY, &difference.currencies)] {
            for (currency, amount) in amounts {
                write = write.count(format!("{prefix}{currency}"), *amount);
            }
        }
        write
    }
}

const REVENUE: &str = "revenue_";
const CURRENCY: &str = "cases_";

fn read_counters(row: &Item) -> Counters {
    let count = |name: &str| attribute_number(row, name).unwrap_or_default();
    let mut counters =
        Counters { cases: count("cases"), recoveries: count("recoveries"), ..Counters::default() };
    for name in row.keys() {
        if let Some(currency) = name.strip_prefix(REVENUE) {
            counters.revenue.insert(currency.to_owned(), count(name));
        } else if let Some(currency) = name.strip_prefix(CURRENCY) {
            counters.currencies.insert(currency.to_owned(), count(name));
        }
    }
    counters
}
