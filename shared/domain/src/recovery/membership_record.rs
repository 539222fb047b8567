//! What is stored about a membership: its facts, and the cases that follow from them.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::kpi::{self, Counters};
use super::timeline::{CaseFact, CaseFactKind, CaseStatus, Episode, MAX_FACTS, Timeline};
use crate::kernel::id::{CaseId, CompanyId, MembershipId, UserId};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipRecord {
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

/// New facts about a membership, and what an event named with them.
#[derive(Debug, Clone, Default)]
pub struct MembershipChange {
    pub facts: Vec<CaseFact>,
    pub user_id: Option<UserId>,
    pub product_id: Option<String>,
}

/// A membership after a change, and everything that follows from it.
#[derive(Debug)]
pub struct AppliedFacts {
    pub record: MembershipRecord,
    /// The change of each day's counters.
    pub counters: Vec<(NaiveDate, Counters)>,
    pub cases: Vec<ChangedCase>,
}

/// A case that the change affects.
#[derive(Debug)]
pub struct ChangedCase {
    pub case_id: CaseId,
    pub episode: Episode,
    pub due: DueChange,
    pub is_status_new: bool,
}

/// When the sweep looks at a case after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DueChange {
    At(DateTime<Utc>),
    Unchanged,
    /// The case is over.
    Never,
}

/// More facts than a genuine membership ever has; with the maximum.
#[derive(Debug, PartialEq, Eq)]
pub struct TooManyFacts(pub usize);

impl MembershipRecord {
    /// The membership with the change; `None` if all of it was known.
    pub fn apply(
        &self,
        company: &CompanyId,
        membership: &MembershipId,
        change: MembershipChange,
    ) -> Result<Option<AppliedFacts>, TooManyFacts> {
        let mut record = self.clone();
        for fact in change.facts {
            record.timeline.add(fact);
        }
        record.user_id = change.user_id.or(record.user_id);
        record.product_id = change.product_id.or(record.product_id);
        record.timeline.compact();
        if record == *self {
            return Ok(None);
        }
        if record.timeline.len() > MAX_FACTS {
            return Err(TooManyFacts(MAX_FACTS));
        }
        record.version += 1;
        let (before, episodes) = (self.episodes(), record.timeline.episodes());
        for episode in &episodes {
            record.ensure_case(company, membership, episode);
        }
        let episodes_before: Vec<Episode> = before.values().cloned().collect();
        let counters = kpi::difference(&episodes_before, &episodes).into_iter().collect();
        let names_changed = self.user_id != record.user_id || self.product_id != record.product_id;
        let changed = record.episodes().into_iter().filter_map(|(case_id, episode)| {
            let old = before.get(&case_id);
            (names_changed || old != Some(&episode)).then(|| ChangedCase::of(case_id, old, episode))
        });
        Ok(Some(AppliedFacts { cases: changed.collect(), record, counters }))
    }

    fn ensure_case(&mut self, company: &CompanyId, membership: &MembershipId, episode: &Episode) {
        let known = |case: &KnownCase| episode.failures.contains(&case.opened_by);
        if !self.cases.iter().any(known) {
            let opened_by = episode.failures.first().cloned().unwrap_or_default();
            let case_id = CaseId::derive(company, membership, &opened_by);
            self.cases.push(KnownCase { case_id, opened_by });
        }
    }

    fn episodes(&self) -> BTreeMap<CaseId, Episode> {
        let owner = |episode: &Episode| {
            let known = self.cases.iter().find(|case| episode.failures.contains(&case.opened_by));
            known.map(|case| case.case_id)
        };
        let episodes = self.timeline.episodes().into_iter();
        episodes.filter_map(|episode| Some((owner(&episode)?, episode))).collect()
    }

    /// The facts of one case: those from its first failure until the first failure of the next case, and every
    /// return of one of its payments.
    pub fn facts_of(&self, case_id: CaseId) -> Vec<&CaseFact> {
        let episodes = self.episodes();
        let Some(own) = episodes.get(&case_id) else { return Vec::new() };
        let begins_at = own.first_failure_at;
        let later = episodes.values().map(|episode| episode.first_failure_at).filter(|at| *at > begins_at);
        let ends_at = later.min();
        let is_own = |fact: &&CaseFact| match &fact.what {
            CaseFactKind::Returned { payment: Some(payment), .. } => own.includes(payment),
            _ => fact.at >= begins_at && ends_at.is_none_or(|ends_at| fact.at < ends_at),
        };
        self.timeline.facts().filter(is_own).collect()
    }

    /// The case that is open now, if there is one.
    pub fn open_case(&self) -> Option<CaseId> {
        self.episodes().into_iter().find(|(_, episode)| episode.status == CaseStatus::Open).map(|(id, _)| id)
    }
}

impl ChangedCase {
    fn of(case_id: CaseId, old: Option<&Episode>, episode: Episode) -> Self {
        let open = |episode: &Episode| episode.status == CaseStatus::Open;
        let moved = old.is_none_or(|old| !open(old) || old.first_failure_at != episode.first_failure_at);
        let resumed = old.is_some_and(|old| old.flags.collection_paused) && !episode.flags.collection_paused;
        let due = match (open(&episode), moved || resumed) {
            (true, true) => DueChange::At(episode.first_failure_at),
            (true, false) => DueChange::Unchanged,
            (false, _) => DueChange::Never,
        };
        Self { case_id, due, is_status_new: old.map(|old| old.status) != Some(episode.status), episode }
    }
}
