//! Records facts about a membership and everything that follows from them in one transaction: the timeline, its
//! cases, their day counters, their due rows and their audit entries.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::kernel::id::{CaseId, MembershipId, PaymentId, UserId};
use crate::domain::kernel::time;
use crate::domain::platform::action::Source;
use crate::domain::recovery::membership_record::{
    AppliedFacts, ChangedCase, DueChange, MembershipChange, MembershipRecord, TooManyFacts,
};
use crate::domain::recovery::timeline::{CaseFact, CaseStatus, EndedBy, Episode, OtherPayment};
use crate::store::company::{AuditEntry, Company};
use crate::store::due::SWEEP;
use crate::store::error::{RecordError, StoreError};
use crate::store::keys::{self, Key};
use crate::store::platform::waiting::remove_waiting_case;
use crate::store::write::{Expect, Write};

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

impl From<TooManyFacts> for RecordError {
    fn from(TooManyFacts(most): TooManyFacts) -> Self {
        Self::TooManyFacts(most)
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
    pub async fn membership(&self, membership: &MembershipId) -> Result<MembershipRecord, StoreError> {
        Ok(self.store.get(Key::timeline(&self.company, membership)).await?.unwrap_or_default())
    }

    /// The writes that add `change` to the history that was read; none if all its facts are known.
    pub fn record(
        &self,
        membership_id: &MembershipId,
        read: MembershipRecord,
        change: CaseChange<'_>,
        now: DateTime<Utc>,
    ) -> Result<Recording, RecordError> {
        let CaseChange { facts, user_id, payment_id, product_id, cause, source } = change;
        let change = MembershipChange { facts, user_id, product_id };
        let mut recording = Recording { writes: Vec::new(), cases: Vec::new() };
        let Some(applied) = read.apply(&self.company, membership_id, change)? else { return Ok(recording) };
        let AppliedFacts { record, counters, cases } = applied;
        let writes = &mut recording.writes;
        let timeline = Write::put(Key::timeline(&self.company, membership_id), &record)?;
        writes.push(timeline.expect(Expect::version(read.version)));
        if read.version == 0 {
            writes.push(self.register(membership_id.as_str(), membership_id)?);
        }
        if let Some(payment) = &payment_id {
            writes.push(self.register(payment.as_str(), membership_id)?);
        }
        let shard = keys::shard(membership_id.as_str(), keys::KPI_SHARDS);
        for (day, difference) in counters {
            writes.push(self.add_counters(day, shard, &difference));
        }
        for case in cases {
            writes.push(self.project((membership_id, &record), &case, now)?);
            if case.is_status_new {
                recording.cases.push((case.case_id, case.episode.status));
                let unique = format!("{}#{}", case.case_id, record.version);
                let entry = transition(case.case_id, &case.episode, (cause, source), now);
                writes.push(self.audit(&entry, &unique)?);
            }
        }
        Ok(recording)
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
        (membership_id, membership): (&MembershipId, &MembershipRecord),
        case: &ChangedCase,
        now: DateTime<Utc>,
    ) -> Result<Write, StoreError> {
        let (case_id, episode) = (case.case_id, &case.episode);
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
        write = match case.due {
            DueChange::At(at) => write.due(SWEEP, Some(at)),
            DueChange::Unchanged => write,
            DueChange::Never => remove_waiting_case(write.remove("hold").due(SWEEP, None)),
        };
        Ok(write.count("version", 1))
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
