//! The rows of one company. No function here takes another company's id.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::due::SWEEP;
use super::error::StoreError;
use super::keys::{self, Key};
use super::platform::waiting::remove_waiting_case;
use super::write::{Expect, Item, Write, number, text, with_key};
use super::{Page, Query, Range, Store, attribute_text};
use crate::domain::kernel::id::{CaseId, CompanyId};
use crate::domain::kernel::party::BookingId;
use crate::domain::platform::action::Source;
use crate::domain::platform::effect::{Effect, Subject};
use crate::domain::recovery::case::{Case, Hold};
use crate::domain::recovery::contact::ChannelError;
use crate::domain::recovery::settings::Settings;
use crate::domain::recovery::timeline::CaseStatus;

#[derive(Debug, Clone)]
pub struct Company {
    pub(super) store: Store,
    pub(super) company: CompanyId,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsRow {
    #[serde(flatten)]
    pub settings: Settings,
    /// Absent while the defaults apply.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub updated_at: Option<DateTime<Utc>>,
    /// Incremented with every change; 0 for the defaults.
    pub version: u64,
}

/// The sweep's state for a company.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct SweepRecord {
    /// The experience whose audience receives the pushes.
    #[serde(default)]
    pub experience_id: Option<String>,
    #[serde(flatten)]
    pub health: CompanyHealth,
    /// The latest failed query of Whop about its members.
    #[serde(default)]
    pub channel_error: Option<ChannelErrorRow>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelErrorRow {
    #[serde(flatten)]
    pub error: ChannelError,
    #[serde(with = "crate::domain::kernel::time")]
    pub since: DateTime<Utc>,
}

/// The results of a company's latest runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyHealth {
    /// Consecutive runs in which every row failed.
    #[serde(default)]
    pub failed_runs: u32,
    /// When the first of them ended.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub failing_since: Option<DateTime<Utc>>,
    /// The sweep skips the company until then.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub set_aside_until: Option<DateTime<Utc>>,
    #[serde(default)]
    pub last_error: Option<String>,
}

/// A position in a list of cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseCursor {
    first_failure_at: DateTime<Utc>,
    case_id: CaseId,
}

impl CaseCursor {
    /// Parses the output of `to_string`.
    pub fn parse(text: &str) -> Option<Self> {
        let (time, case_id) = text.split_once('#')?;
        let first_failure_at = crate::domain::kernel::time::parse(time)?;
        Some(Self { first_failure_at, case_id: CaseId::parse(case_id).ok()? })
    }

    pub fn of(case: &Case) -> Self {
        Self { first_failure_at: case.first_failure_at, case_id: case.case_id }
    }
}

impl std::fmt::Display for CaseCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}#{}", crate::domain::kernel::time::format(self.first_failure_at), self.case_id)
    }
}

/// One entry of a company's audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    #[serde(with = "crate::domain::kernel::time")]
    pub at: DateTime<Utc>,
    /// The kind of event: `case.opened`, `settings.changed`, …
    pub kind: String,
    /// The id of the object that changed.
    pub subject: String,
    /// The cause: a user id, an event id, a schedule.
    pub cause: String,
    /// The kind of originator, without personal data; set if it may be published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The new values as JSON text, unless they are personal data.
    #[serde(default)]
    pub detail: Option<String>,
}

impl Company {
    pub fn id(&self) -> &CompanyId {
        &self.company
    }

    /// The whole table, for transactions.
    pub fn store(&self) -> &Store {
        &self.store
    }

    pub async fn settings(&self) -> Result<SettingsRow, StoreError> {
        Ok(self.store.get(Key::settings(&self.company)).await?.unwrap_or_default())
    }

    pub async fn sweep_record(&self) -> Result<SweepRecord, StoreError> {
        Ok(self.store.get(Key::sweep_record(&self.company)).await?.unwrap_or_default())
    }

    /// Saves settings if their version is unchanged, and queues the company's open cases for another check.
    pub fn save_settings(
        &self,
        settings: &Settings,
        read_version: u64,
        now: DateTime<Utc>,
    ) -> Result<Write, StoreError> {
        let row =
            SettingsRow { settings: settings.clone(), updated_at: Some(now), version: read_version + 1 };
        let write = Write::put(Key::settings(&self.company), &row)?.due(SWEEP, Some(now));
        Ok(write.expect(Expect::version(read_version)))
    }

    /// Records that the open cases were checked against this version of the settings.
    pub fn mark_settings_applied(&self, version: u64, due_at: Option<DateTime<Utc>>) -> Write {
        Write::update(Key::settings(&self.company)).due(SWEEP, due_at).expect(Expect::version(version))
    }

    pub fn save_experience(&self, experience_id: &str) -> Write {
        Write::update(Key::sweep_record(&self.company)).set("experience_id", text(experience_id))
    }

    /// Saves the result of the newest run; the last write wins, and the experience is unchanged.
    pub fn save_health(&self, health: &CompanyHealth) -> Result<Write, StoreError> {
        Write::update(Key::sweep_record(&self.company)).set_all(health)
    }

    /// Saves or clears the latest failed query of Whop about its members.
    pub fn save_channel_error(&self, row: Option<&ChannelErrorRow>) -> Result<Write, StoreError> {
        let write = Write::update(Key::sweep_record(&self.company));
        match row {
            Some(channel_error) => write.set_all(&ChannelErrorAttribute { channel_error }),
            None => Ok(write.remove("channel_error")),
        }
    }

    pub async fn case(&self, case_id: CaseId) -> Result<Option<Case>, StoreError> {
        self.store.get(Key::case(&self.company, case_id)).await
    }

    /// Cases by first failure, newest first, optionally of one status, after a position in the list.
    pub async fn cases(
        &self,
        status: Option<CaseStatus>,
        limit: u16,
        after: Option<&CaseCursor>,
    ) -> Result<(Vec<Case>, Option<CaseCursor>), StoreError> {
        let (index, name, list) = match status {
            None => (keys::LIST_INDEX, "list_pk", keys::cases_list(&self.company)),
            Some(status) => (
                keys::LIST_STATUS_INDEX,
                "list_status_pk",
                keys::cases_status_list(&self.company, status.as_str()),
            ),
        };
        let start = after.map(|cursor| {
            let item = with_key(Item::new(), &Key::case(&self.company, cursor.case_id));
            item.into_iter()
                .chain([(name.to_owned(), text(&list)), ("list_sk".to_owned(), text(cursor.to_string()))])
                .collect()
        });
        let query = Query {
            index: Some(index),
            hash: (name, &list),
            range: Range::All,
            newest_first: true,
            limit: Some(i32::from(limit)),
            start,
        };
        let page = self.store.query_items(query).await?;
        let keys = page.rows.iter().cloned().map(super::read_row).collect::<Result<Vec<Key>, _>>()?;
        let cases: Vec<Case> = self.store.get_all(&keys).await?;
        let last =
            page.rows.last().and_then(|row| attribute_text(row, "list_sk")).and_then(CaseCursor::parse);
        let cases =
            cases.into_iter().filter(|case| status.is_none_or(|status| case.status == status)).collect();
        Ok((cases, page.next.and(last)))
    }

    /// Every action of a case or a booking, in the order of the decisions.
    pub async fn actions(&self, subject: impl Into<Subject>) -> Result<Vec<Effect>, StoreError> {
        let pk = keys::subject_pk(&self.company, subject.into());
        let mut actions: Vec<Effect> = Vec::new();
        let mut start = None;
        loop {
            let query =
                Query { range: Range::Prefix(keys::SK, keys::ACTION_PREFIX), start, ..Query::partition(&pk) };
            let page: Page<Effect> = self.store.query(query).await?;
            actions.extend(page.rows);
            start = page.next;
            if start.is_none() {
                break;
            }
        }
        actions.sort_by(|a, b| (a.action.at, &a.action.operation).cmp(&(b.action.at, &b.action.operation)));
        Ok(actions)
    }

    pub async fn action(
        &self,
        subject: impl Into<Subject>,
        operation: &str,
    ) -> Result<Option<Effect>, StoreError> {
        self.store.get(Key::action(&self.company, subject.into(), operation)).await
    }

    /// The given actions of bookings, at most a hundred, in one request; absent ones are left out.
    pub async fn actions_of_bookings(&self, of: &[(BookingId, String)]) -> Result<Vec<Effect>, StoreError> {
        let key = |(booking, operation): &(BookingId, String)| {
            Key::action(&self.company, Subject::Booking(*booking), operation)
        };
        self.store.get_all(&of.iter().map(key).collect::<Vec<_>>()).await
    }

    /// Creates an action; the write is refused if the operation exists already.
    pub fn add_action(
        &self,
        subject: impl Into<Subject>,
        effect: &Effect,
        due_at: Option<DateTime<Utc>>,
    ) -> Result<Write, StoreError> {
        let key = Key::action(&self.company, subject.into(), &effect.action.operation);
        Ok(Write::put(key, effect)?.due(SWEEP, due_at).expect(Expect::Absent))
    }

    /// The key of an action's row, for the effect engine.
    pub fn action_key(&self, subject: impl Into<Subject>, operation: &str) -> Key {
        Key::action(&self.company, subject.into(), operation)
    }

    /// Saves the progress of a case's reminders if the case's version is unchanged.
    pub fn advance_case(&self, case: &Case, due_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Write {
        let mut write = Write::update(Key::case(&self.company, case.case_id))
            .set("attempts", number(case.attempts))
            .set("failed_tries", number(case.failed_tries))
            .set("updated_at", text(crate::domain::kernel::time::format(now)))
            .set("version", number(case.version + 1));
        write = match case.last_offset_days {
            Some(days) => write.set("last_offset_days", number(days)),
            None => write.remove("last_offset_days"),
        };
        write = match &case.last_error {
            Some(error) => write.set("last_error", text(error)),
            None => write.remove("last_error"),
        };
        write = match case.push_pending {
            true => write.set("push_pending", AttributeValue::Bool(true)),
            false => write.remove("push_pending"),
        };
        write = match &case.hold {
            Some(hold) => write.set("hold", hold_attribute(hold)),
            None => write.remove("hold"),
        };
        write = match case.waits_since {
            Some(since) => self.list_waiting_case(write, case.case_id, since),
            None => remove_waiting_case(write),
        };
        write.due(SWEEP, due_at).expect(Expect::version(case.version))
    }

    /// Records the free days granted for a case; must be in the transaction that records the effect's outcome.
    pub fn record_incentive(&self, case_id: CaseId, days: u16) -> Write {
        Write::update(Key::case(&self.company, case_id))
            .set("incentive_days", number(days))
            .count("version", 1)
            .expect(Expect::Present)
    }
}

#[derive(Serialize)]
struct ChannelErrorAttribute<'a> {
    channel_error: &'a ChannelErrorRow,
}

fn hold_attribute(hold: &Hold) -> AttributeValue {
    let since = text(crate::domain::kernel::time::format(hold.since));
    let reason = text(hold.reason.as_str());
    AttributeValue::M([("reason".to_owned(), reason), ("since".to_owned(), since)].into())
}
