//! Lists of what waits for a provider or a person: of a company, for operators, and of all companies together, from
//! which the gauges are measured.
//!
//! A row is on a list from its first failure on, by attributes of the row itself, so that the list cannot differ
//! from the row.

use chrono::{DateTime, Utc};

use crate::domain::kernel::id::CaseId;
use crate::domain::kernel::time;
use crate::domain::platform::effect::Request;
use crate::domain::recovery::case::Case;
use crate::domain::recovery::timeline::CaseStatus;
use crate::store::company::Company;
use crate::store::error::StoreError;
use crate::store::keys::{self, Key};
use crate::store::platform::effect_lists::EffectList;
use crate::store::write::{Write, text};
use crate::store::{Query, Range, Store, attribute_text, read_row};

const PAGE_ROWS: i32 = 100;

/// The lists over all companies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum WaitingList {
    /// Messages to members that were tried and are tried again; with the cases whose step waits for an answer.
    Messages,
    /// All other effects that were tried and are tried again.
    Effects,
    InDoubt,
    /// Refused effects that a person has to resolve, except messages and free days of members.
    Refused,
    /// Refused messages and free days, which leave their list with their case.
    RefusedOfMembers,
    /// Events that could not be applied, waiting or set aside.
    Events,
}

impl WaitingList {
    pub(in crate::store) fn of(kind: EffectList, request: &Request) -> Self {
        let is_of_member = request.is_message() || matches!(request, Request::Extend { .. });
        match kind {
            EffectList::InDoubt => Self::InDoubt,
            EffectList::Refused if is_of_member => Self::RefusedOfMembers,
            EffectList::Refused => Self::Refused,
            EffectList::Waiting if is_of_member => Self::Messages,
            EffectList::Waiting => Self::Effects,
        }
    }

    /// The key of the list in the index.
    pub(in crate::store) fn key(self) -> String {
        keys::waiting_list(self.into())
    }
}

/// How much waits on one list, and since when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WaitingTotal {
    /// The number of rows; of more than one page of the index at least this many.
    pub count: u64,
    pub oldest_since: Option<DateTime<Utc>>,
}

impl WaitingTotal {
    fn add(self, other: Self) -> Self {
        let oldest_since = self.oldest_since.into_iter().chain(other.oldest_since).min();
        Self { count: self.count + other.count, oldest_since }
    }
}

impl Store {
    /// The total of one list over all companies.
    pub async fn waiting_total(&self, list: WaitingList) -> Result<WaitingTotal, StoreError> {
        let key = list.key();
        let rows = self.total_of(keys::LIST_INDEX, ("list_pk", &key), "list_sk");
        if list != WaitingList::Messages {
            return rows.await;
        }
        let cases = self.total_of(keys::PROFESSIONAL_INDEX, ("professional_pk", &key), "professional_sk");
        let (rows, cases) = futures_util::future::try_join(rows, cases).await?;
        Ok(rows.add(cases))
    }

    async fn total_of(
        &self,
        index: &'static str,
        hash: (&'static str, &str),
        range: &str,
    ) -> Result<WaitingTotal, StoreError> {
        let query = Query {
            index: Some(index),
            hash,
            range: Range::All,
            newest_first: false,
            limit: None,
            start: None,
        };
        let page = self.query_items(query).await?;
        let since = |row| attribute_text(row, range).and_then(|text| time::parse(text.split('#').next()?));
        Ok(WaitingTotal { count: page.rows.len() as u64, oldest_since: page.rows.first().and_then(since) })
    }
}

impl Company {
    /// Puts a case on the lists of what waits; with the write of the case itself.
    pub(in crate::store) fn list_waiting_case(
        &self,
        write: Write,
        case_id: CaseId,
        since: DateTime<Utc>,
    ) -> Write {
        let position = format!("{}#{case_id}", time::format(since));
        write
            .set("waits_since", text(time::format(since)))
            .set("customer_pk", text(keys::waiting_cases_list(&self.company)))
            .set("customer_sk", text(&position))
            .set("professional_pk", text(WaitingList::Messages.key()))
            .set("professional_sk", text(position))
    }

    /// The cases whose due step waits for a provider's answer, the oldest hundred, and whether there are more.
    pub async fn waiting_cases(&self) -> Result<(Vec<Case>, bool), StoreError> {
        let list = keys::waiting_cases_list(&self.company);
        let query = Query {
            index: Some(keys::CUSTOMER_INDEX),
            hash: ("customer_pk", &list),
            range: Range::All,
            newest_first: false,
            limit: Some(PAGE_ROWS),
            start: None,
        };
        let page = self.store.query_items(query).await?;
        let keys = page.rows.into_iter().map(read_row).collect::<Result<Vec<Key>, _>>()?;
        let mut cases: Vec<Case> = self.store.get_all(&keys).await?;
        // The index may lag behind; only the row itself has the current state.
        cases.retain(|case| case.status == CaseStatus::Open && case.waits_since.is_some());
        Ok((cases, page.next.is_some()))
    }
}

/// Removes a case from the lists of what waits; with the write of the case itself.
pub(in crate::store) fn remove_waiting_case(write: Write) -> Write {
    let lists = ["waits_since", "customer_pk", "customer_sk", "professional_pk", "professional_sk"];
    lists.into_iter().fold(write, Write::remove)
}
