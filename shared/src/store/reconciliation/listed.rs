//! Findings as rows: put once, listed while they are open, and counted in the transaction that changes
//! them, so that the sum of all is exact.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::RECONCILIATION_JOB;
use super::finding::{Closing, Finding, FindingState};
use crate::domain::time;
use crate::store::company::AuditEntry;
use crate::store::error::StoreError;
use crate::store::keys::{self, FINDINGS_LIST, Key};
use crate::store::write::{Expect, Item, Write, text, with_key};
use crate::store::{Company, Query, Range, Store, attribute_number, attribute_text, read_row};

/// Two runs may meet at one finding; a fifth time is no coincidence.
const TRIES: u32 = 5;

/// What became of a finding that was filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filed {
    /// It is new, or open again.
    New,
    /// It was open already.
    Known,
    /// A person closed it as it is.
    Accepted,
}

/// What became of a finding that a person closes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// It is closed now.
    Now(Box<Finding>),
    /// It was not open.
    NotOpen(Box<Finding>),
    /// There is no such finding.
    Absent,
}

/// What all findings differ by, by currency, in minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// Those that are open.
    pub open_amounts: BTreeMap<String, i64>,
    /// Those that a person closed.
    pub accepted_amounts: BTreeMap<String, i64>,
    /// How many are open.
    pub open_findings: u64,
}

/// A place in the list of open findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingPlace {
    sort_key: String,
    finding_id: String,
}

impl FindingPlace {
    /// Reads what `to_string` wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (found_at, id) = text.split_once('#')?;
        time::read(found_at)?;
        Some(Self { sort_key: text.to_owned(), finding_id: id.to_owned() })
    }

    /// The place of a finding.
    pub fn of(finding: &Finding) -> Self {
        let sort_key = format!("{}#{}", time::write(finding.found_at), finding.finding_id);
        Self { sort_key, finding_id: finding.finding_id.clone() }
    }
}

impl std::fmt::Display for FindingPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sort_key)
    }
}

impl Store {
    /// One finding.
    pub async fn finding(&self, finding_id: &str) -> Result<Option<Finding>, StoreError> {
        self.get(Key::finding(finding_id)).await
    }

    /// Open findings of all companies, the oldest first, after a place in the list.
    pub async fn open_findings(
        &self,
        limit: u16,
        after: Option<&FindingPlace>,
    ) -> Result<(Vec<Finding>, Option<FindingPlace>), StoreError> {
        let start = after.map(|place| {
            let own = [("list_pk", FINDINGS_LIST), ("list_sk", &place.sort_key)];
            let item = with_key(Item::new(), &Key::finding(&place.finding_id));
            item.into_iter().chain(own.map(|(name, value)| (name.to_owned(), text(value)))).collect()
        });
        let query = Query {
            index: Some(keys::LIST_INDEX),
            hash: ("list_pk", FINDINGS_LIST),
            range: Range::All,
            newest_first: false,
            limit: Some(i32::from(limit)),
            start,
        };
        let page = self.query_items(query).await?;
        let last =
            page.rows.last().and_then(|row| attribute_text(row, "list_sk")).and_then(FindingPlace::parse);
        let keys = page.rows.into_iter().map(read_row).collect::<Result<Vec<Key>, _>>()?;
        let findings: Vec<Finding> = self.get_all(&keys).await?;
        let open = findings.into_iter().filter(|finding| finding.state == FindingState::Open);
        Ok((open.collect(), page.next.and(last)))
    }

    /// What all findings differ by.
    pub async fn listed(&self) -> Result<Listed, StoreError> {
        let key = Key::reconciliation_listed();
        let Some(row) = self.get_items(&[key]).await?.pop() else { return Ok(Listed::default()) };
        let amounts = |state: FindingState| {
            let own = row.keys().filter_map(|name| {
                let currency = name.strip_prefix(prefix(state)?)?;
                Some((currency.to_owned(), attribute_number(&row, name)?))
            });
            own.collect()
        };
        let open_findings = attribute_number(&row, OPEN_FINDINGS).and_then(|count| count.try_into().ok());
        Ok(Listed {
            open_amounts: amounts(FindingState::Open),
            accepted_amounts: amounts(FindingState::Accepted),
            open_findings: open_findings.unwrap_or_default(),
        })
    }

    /// Lists what was found, once. What agreed meanwhile and differs again is open again, and so is what
    /// a person closed when it differed by something else.
    pub async fn file_finding(
        &self,
        found: &Finding,
        new_id: &(dyn Fn() -> Uuid + Send + Sync),
    ) -> Result<Filed, StoreError> {
        for _ in 0..TRIES {
            let known = self.finding(&found.finding_id).await?;
            let filed = match &known {
                Some(known) if known.state == FindingState::Open && known.says_the_same(found) => {
                    return Ok(Filed::Known);
                }
                Some(known) if known.state == FindingState::Accepted && known.says_the_same(found) => {
                    return Ok(Filed::Accepted);
                }
                Some(known) if known.state == FindingState::Open => Filed::Known,
                _ => Filed::New,
            };
            let mut next = Finding { state: FindingState::Open, closing: None, ..found.clone() };
            if let Some(known) = known.as_ref().filter(|known| known.state == FindingState::Open) {
                next.found_at = known.found_at;
            }
            if self.change_finding(known.as_ref(), next, Vec::new(), new_id()).await? {
                return Ok(filed);
            }
        }
        Err(StoreError::Conflict { refused: Vec::new() })
    }

    /// Closes an open finding that is explained now; `false` where it was changed meanwhile.
    pub async fn explain_finding(
        &self,
        read: &Finding,
        now: DateTime<Utc>,
        token: Uuid,
    ) -> Result<bool, StoreError> {
        let closing = Closing { at: now, by: RECONCILIATION_JOB.to_owned(), note: None };
        let next = Finding { state: FindingState::Explained, closing: Some(closing), ..read.clone() };
        self.change_finding(Some(read), next, Vec::new(), token).await
    }

    /// Writes a finding over the version that was read, with what it adds to the sums; `false` where
    /// somebody else was faster.
    async fn change_finding(
        &self,
        read: Option<&Finding>,
        mut next: Finding,
        beside: Vec<Write>,
        token: Uuid,
    ) -> Result<bool, StoreError> {
        let version = read.map_or(0, |read| read.version);
        next.version = version + 1;
        let mut write = Write::put(Key::finding(&next.finding_id), &next)?.expect(Expect::version(version));
        if next.state == FindingState::Open {
            let place = FindingPlace::of(&next).sort_key;
            write = write.set("list_pk", text(FINDINGS_LIST)).set("list_sk", text(place));
        }
        let mut writes = vec![write];
        writes.extend(count(read, &next));
        writes.extend(beside);
        match self.commit(token, writes).await {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Company {
    /// Closes an open finding as it is, with what the person has to say of it; audited where the person
    /// belongs.
    pub async fn close_finding(
        &self,
        finding_id: &str,
        by: &str,
        note: &str,
        now: DateTime<Utc>,
        new_id: &(dyn Fn() -> Uuid + Send + Sync),
    ) -> Result<Closed, StoreError> {
        for _ in 0..TRIES {
            let Some(read) = self.store.finding(finding_id).await? else { return Ok(Closed::Absent) };
            if read.state != FindingState::Open {
                return Ok(Closed::NotOpen(Box::new(read)));
            }
            let closing = Closing { at: now, by: by.to_owned(), note: Some(note.to_owned()) };
            let next = Finding { state: FindingState::Accepted, closing: Some(closing), ..read.clone() };
            let (amount, currency) = (read.difference_amount(), &read.currency);
            let entry = AuditEntry {
                at: now,
                kind: "finding.closed".to_owned(),
                subject: finding_id.to_owned(),
                cause: by.to_owned(),
                detail: Some(
                    serde_json::json!({"difference_amount": amount, "currency": currency}).to_string(),
                ),
            };
            let audit = self.audit(&entry, &format!("{finding_id}#{}", read.version + 1))?;
            if self.store.change_finding(Some(&read), next.clone(), vec![audit], new_id()).await? {
                return Ok(Closed::Now(Box::new(Finding { version: read.version + 1, ..next })));
            }
        }
        Err(StoreError::Conflict { refused: Vec::new() })
    }
}

/// How many are open.
const OPEN_FINDINGS: &str = "open_findings";

/// What the sums of a state are named with.
fn prefix(state: FindingState) -> Option<&'static str> {
    match state {
        FindingState::Open => Some("amount_open_"),
        FindingState::Accepted => Some("amount_accepted_"),
        FindingState::Explained => None,
    }
}

/// What a change of a finding adds to the sums; stands beside that change.
fn count(before: Option<&Finding>, after: &Finding) -> Option<Write> {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for (finding, sign) in before.map(|it| (it, -1)).into_iter().chain([(after, 1)]) {
        if let Some(prefix) = prefix(finding.state) {
            let sum = sums.entry(format!("{prefix}{}", finding.currency)).or_default();
            *sum = sum.saturating_add(finding.difference_amount().saturating_mul(sign));
        }
        if finding.state == FindingState::Open {
            *sums.entry(OPEN_FINDINGS.to_owned()).or_default() += sign;
        }
    }
    sums.retain(|_, sum| *sum != 0);
    let row = Write::update(Key::reconciliation_listed());
    (!sums.is_empty()).then(|| sums.into_iter().fold(row, |row, (name, sum)| row.count(name, sum)))
}
