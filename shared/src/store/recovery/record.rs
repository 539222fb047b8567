//! Records facts about a membership and everything that follows from them in one transaction: the timeline, its
//! cases, their day counters, their due rows and their audit entries.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::kernel::id::{CaseId, MembershipId, PaymentId, UserId};
use crate::domain::kernel::time;
use crate::domain::platform::action::Source;
use crate::domain::recovery::kpi;
use crate::domain::recovery::timeline::{
    CaseFact, CaseStatus, EndedBy, Episode, MAX_FACTS, OtherPayment, Timeline,
};
use crate::store::company::{AuditEntry, Company};
use crate::store::due::SWEEP;
use crate::store::error::{RecordError, StoreError};
use crate::store::keys::{self, Key};
use crate::store::write::{Expect, Write};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipRow {
    pub timeline: Timeline,
    /// Its cases, each with the failure that opened it.
    pub cases: Vec<KnownCase>,
    /// Set once an event named it.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// Set once an event named it.
    #[serde(default)]
    pub product_id: Option<String>,
    /// Incremented with every change; 0 for a new row.
    pub version: u64,
}

/// A case and the failure that opened it. Late events may move the boundary between two cases; a case keeps its
/// identity by its opening failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownCase {
    pub case_id: CaseId,
    pub opened_by: String,
}

#[derive(Debug, Clone)]
pub struct CaseChange<'a> {
    pub facts: Vec<CaseFact>,
    pub user_id: Option<UserId>,
    /// A payment to register for this membership.
    pub payment_id: Option<PaymentId>,
    pub product_id: Option<String>,
    /// The cause for the audit log: an event id, a user id, a schedule.
    pub cause: &'a str,
    pub source: Source,
}

impl CaseChange<'_> {
    /// Facts that the sweep found by a look-up.
    pub fn of_facts(facts: Vec<CaseFact>) -> Self {
        Self {
            facts,
            user_id: None,
            payment_id: None,
            product_id: None,
            cause: "reminders",
            source: Source::Cron,
        }
    }
}

#[derive(Debug)]
pub struct Recording {
    /// To be committed in one transaction.
    pub writes: Vec<Write>,
    /// The cases whose status changed, with the new status.
    pub cases: Vec<(CaseId, CaseStatus)>,
}

impl Company {
    /// A membership's history; an empty one if nothing was recorded.
    pub async fn membership(&self, membership: &MembershipId) -> Result<MembershipRow, StoreError> {
        Ok(self.store.get(Key::timeline(&self.company, membership)).await?.unwrap_or_default())
    }

    /// The writes that add `change` to the history that was read; none if all its facts are known.
    pub fn record(
        &self,
        membership_id: &MembershipId,
        read: MembershipRow,
        change: CaseChange<'_>,
        now: DateTime<Utc>,
    ) -> Result<Recording, RecordError> {
        let before = read.episodes();
        let cause = (change.cause, change.source);
        let mut after = read.clone();
        for fact in change.facts {
            after.timeline.add(fact);
        }
        after.user_id = change.user_id.or(after.user_id);
        after.product_id = change.product_id.or(after.product_id);
        after.timeline.compact();
        let mut recording = Recording { writes: Vec::new(), cases: Vec::new() };
        if after == read {
            return Ok(recording);
        }
        if after.timeline.len() > MAX_FACTS {
            return Err(RecordError::TooManyFacts(MAX_FACTS));
        }
        after.version += 1;
        let episodes = after.timeline.episodes();
        for episode in &episodes {
            self.ensure_case(&mut after, membership_id, episode);
        }
        let timeline = Write::put(Key::timeline(&self.company, membership_id), &after)?;
        recording.writes.push(timeline.expect(Expect::version(read.version)));
        if read.version == 0 {
            recording.writes.push(self.register(membership_id.as_str(), membership_id)?);
        }
        if let Some(payment) = &change.payment_id {
            recording.writes.push(self.register(payment.as_str(), membership_id)?);
        }
        let shard = keys::shard(membership_id.as_str(), keys::KPI_SHARDS);
        let episodes_before: Vec<Episode> = before.values().cloned().collect();
        for (day, difference) in kpi::difference(&episodes_before, &episodes) {
            recording.writes.push(self.add_counters(day, shard, &difference));
        }
        for (case_id, episode) in after.episodes() {
            let old = before.get(&case_id);
            let unchanged =
                old == Some(&episode) && read.user_id == after.user_id && read.product_id == after.product_id;
            if !unchanged {
                let of = (membership_id, &after);
                recording.writes.push(self.project(of, case_id, old, &episode, now)?);
            }
            if old.map(|old| old.status) != Some(episode.status) {
                recording.cases.push((case_id, episode.status));
                let unique = format!("{case_id}#{}", after.version);
                recording.writes.push(self.audit(&transition(case_id, &episode, cause, now), &unique)?);
            }
        }
        Ok(recording)
    }

    fn ensure_case(&self, membership: &mut MembershipRow, id: &MembershipId, episode: &Episode) {
        let known = |case: &KnownCase| episode.failures.contains(&case.opened_by);
        if !membership.cases.iter().any(known) {
            let opened_by = episode.failures.first().cloned().unwrap_or_default();
            let case_id = CaseId::derive(&self.company, id, &opened_by);
            membership.cases.push(KnownCase { case_id, opened_by });
        }
    }

    fn register(&self, id: &str, membership_id: &MembershipId) -> Result<Write, StoreError> {
        let owner = crate::store::platform::inbox::Owner {
            company_id: self.company.clone(),
            membership_id: membership_id.clone(),
        };
        Write::put(Key::directory(id), &owner)
    }

    /// The write of the attributes that a case's timeline determines. The reminders' attributes are unchanged.
    fn project(
        &self,
        (membership_id, membership): (&MembershipId, &MembershipRow),
        case_id: CaseId,
        old: Option<&Episode>,
        episode: &Episode,
        now: DateTime<Utc>,
    ) -> Result<Write, StoreError> {
        let recovery = episode.recovery.as_ref();
        let recovered = recovery.and_then(|recovery| recovery.money.as_ref());
        let list_position = format!("{}#{case_id}", time::format(episode.first_failure_at));
        let mut write = Write::update(Key::case(&self.company, case_id)).set_all(&Projection {
            case_id,
            company_id: self.company.as_str(),
            membership_id: membership_id.as_str(),
            user_id: membership.user_id.as_ref().map(UserId::as_str),
            product_id: membership.product_id.as_deref(),
            status: episode.status,
            first_failure_at: episode.first_failure_at,
            last_failure_at: episode.last_failure_at,
            failures: episode.failures.len(),
            payment_id: episode.payment.as_ref().map(PaymentId::as_str),
            amount: episode.money.as_ref().map(|money| money.amount),
            currency: episode.money.as_ref().map(|money| money.currency.as_str()),
            recovered_at: recovery.map(|recovery| recovery.at),
            recovered_amount: recovered.map(|money| money.amount),
            recovered_currency: recovered.map(|money| money.currency.as_str()),
            returned_amount: recovery.map_or(0, |recovery| recovery.returned_amount),
            ended_by: episode.cancelled.map(|(_, by)| by),
            other_payments: &episode.other_payments,
            cancel_scheduled: episode.flags.cancel_scheduled,
            collection_paused: episode.flags.collection_paused,
            updated_at: now,
            list_pk: keys::cases_list(&self.company),
            list_status_pk: keys::cases_status_list(&self.company, episode.status.as_str()),
            list_sk: list_position,
        })?;
        let open = |episode: &Episode| episode.status == CaseStatus::Open;
        let moved = old.is_none_or(|old| !open(old) || old.first_failure_at != episode.first_failure_at);
        let resumed = old.is_some_and(|old| old.flags.collection_paused) && !episode.flags.collection_paused;
        write = match (open(episode), moved || resumed) {
            (true, true) => write.due(SWEEP, Some(episode.first_failure_at)),
            (true, false) => write,
            (false, _) => write.remove("hold").due(SWEEP, None),
        };
        Ok(write.count("version", 1))
    }
}

impl MembershipRow {
    fn episodes(&self) -> BTreeMap<CaseId, Episode> {
        let owner = |episode: &Episode| {
            let known = self.cases.iter().find(|case| episode.failures.contains(&case.opened_by));
            known.map(|case| case.case_id)
        };
        let episodes = self.timeline.episodes().into_iter();
        episodes.filter_map(|episode| Some((owner(&episode)?, episode))).collect()
    }

    /// The case that is open now, if there is one.
    pub fn open_case(&self) -> Option<CaseId> {
        self.episodes().into_iter().find(|(_, episode)| episode.status == CaseStatus::Open).map(|(id, _)| id)
    }
}

fn transition(
    case_id: CaseId,
    episode: &Episode,
    (cause, source): (&str, Source),
    now: DateTime<Utc>,
) -> AuditEntry {
    let verb = match episode.status {
        CaseStatus::Open => "opened",
        status => status.as_str(),
    };
    AuditEntry {
        at: now,
        kind: format!("case.{verb}"),
        subject: case_id.to_string(),
        cause: cause.to_owned(),
        source: Some(source),
        detail: None,
    }
}

/// The attributes of a case that its timeline determines.
#[derive(Serialize)]
struct Projection<'a> {
    case_id: CaseId,
    company_id: &'a str,
    membership_id: &'a str,
    user_id: Option<&'a str>,
    product_id: Option<&'a str>,
    status: CaseStatus,
    #[serde(with = "time")]
    first_failure_at: DateTime<Utc>,
    #[serde(with = "time")]
    last_failure_at: DateTime<Utc>,
    failures: usize,
    payment_id: Option<&'a str>,
    amount: Option<i64>,
    currency: Option<&'a str>,
    #[serde(with = "time::option")]
    recovered_at: Option<DateTime<Utc>>,
    recovered_amount: Option<i64>,
    recovered_currency: Option<&'a str>,
    returned_amount: i64,
    ended_by: Option<EndedBy>,
    other_payments: &'a [OtherPayment],
    cancel_scheduled: bool,
    collection_paused: bool,
    #[serde(with = "time")]
    updated_at: DateTime<Utc>,
    list_pk: String,
    list_status_pk: String,
    list_sk: String,
}
