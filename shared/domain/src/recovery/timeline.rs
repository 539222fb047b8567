//! One membership's history, and the cases that follow from it.
//!
//! Facts are a *set*: a fact that arrives twice is in it once, and the order of arrival leaves no
//! trace. Cases are a pure function of the set, so any number of deliveries in any order ends in
//! one state. That is the whole proof; the property tests below only check that it was kept.

mod episode;
mod fact;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::kernel::id::PaymentId;
use crate::kernel::money::Money;

pub use episode::{Episode, MembershipFlags, OtherPayment, Recovery};
pub use fact::{CaseFact, CaseFactKind, EndedBy, failure_key};

/// A success counts as a recovery up to this long after the first failure.
pub const RECOVERY_WINDOW_DAYS: i64 = 14;

/// Facts that changed nothing are dropped this long after they happened. Events are de-duplicated
/// for 35 days and providers stop retrying after three, so nothing older can still arrive.
const INERT_FACT_DAYS: i64 = 60;

/// Far above what a membership gathers in years; a flood beyond it is set aside, not applied.
pub const MAX_FACTS: usize = 1_000;

/// Compaction is not worth its work below this many facts.
const COMPACT_FROM_FACTS: usize = 64;

/// Where a case stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "CaseStatus"))]
pub enum CaseStatus {
    Open,
    /// The money came back within the window.
    Recovered,
    /// A person ended it.
    Cancelled,
    /// Every reminder was sent and the window passed.
    Exhausted,
    /// The membership ended, or the money came after the window.
    Lost,
}

impl CaseStatus {
    /// Every state, for lists and documents.
    pub const ALL: [Self; 5] = [Self::Open, Self::Recovered, Self::Cancelled, Self::Exhausted, Self::Lost];

    /// The word used in keys, JSON and logs.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// The last instant at which a success still counts for a case that began then.
pub fn window_ends_at(first_failure_at: DateTime<Utc>) -> DateTime<Utc> {
    first_failure_at + Duration::days(RECOVERY_WINDOW_DAYS)
}

/// The set of facts of one membership.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timeline {
    facts: BTreeSet<CaseFact>,
}

impl Timeline {
    /// Adds a fact; `false` when it was already there.
    pub fn add(&mut self, fact: CaseFact) -> bool {
        self.facts.insert(fact)
    }

    /// How many facts there are.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Whether nothing has happened yet.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// The cases that follow from the facts, oldest first.
    pub fn episodes(&self) -> Vec<Episode> {
        self.read().0
    }

    /// The cases, and what is set on the membership in the end: the next case begins with it.
    fn read(&self) -> (Vec<Episode>, MembershipFlags) {
        let mut episodes: Vec<Episode> = Vec::new();
        let mut flags = MembershipFlags::default();
        for fact in &self.facts {
            if let (Some(current), false) =
                (episodes.last_mut(), matches!(fact.what, CaseFactKind::Returned { .. }))
            {
                current.notice_time(fact.at);
            }
            match &fact.what {
                CaseFactKind::CancelScheduled { scheduled } => flags.cancel_scheduled = *scheduled,
                CaseFactKind::CollectionPaused { paused } => flags.collection_paused = *paused,
                // A renewal that is paid, or valid again, is none that ends with its period or rests.
                CaseFactKind::Paid { .. } | CaseFactKind::Valid => flags = MembershipFlags::default(),
                _ => {}
            }
            match &fact.what {
                CaseFactKind::Failed { payment, money } => {
                    episode::fail(&mut episodes, fact, (payment, money), flags);
                }
                CaseFactKind::Returned { .. } => {}
                _ => {
                    if let Some(current) = episodes.last_mut() {
                        current.follow(fact, flags);
                    }
                }
            }
        }
        self.take_out_returns(&mut episodes);
        (episodes, flags)
    }

    /// Drops old facts that no case follows from.
    pub fn compact(&mut self) {
        let Some(newest) = self.facts.last().map(|fact| fact.at) else { return };
        if self.facts.len() < COMPACT_FROM_FACTS {
            return;
        }
        let before = self.read();
        let old = |fact: &CaseFact| fact.at < newest - Duration::days(INERT_FACT_DAYS);
        let candidates: Vec<CaseFact> =
            self.facts.iter().filter(|fact| old(fact) && fact.what.is_compactable()).cloned().collect();
        for fact in candidates {
            self.facts.remove(&fact);
            if self.read() != before {
                self.facts.insert(fact);
            }
        }
    }

    fn take_out_returns(&self, episodes: &mut [Episode]) {
        let mut newest: BTreeMap<&str, (&CaseFact, &Option<PaymentId>, &Option<Money>)> = BTreeMap::new();
        for fact in &self.facts {
            if let CaseFactKind::Returned { return_id, payment, money } = &fact.what {
                let known_payment =
                    newest.get(return_id.as_str()).and_then(|(_, payment, _)| payment.as_ref());
                let keep = if payment.is_none() && known_payment.is_some() {
                    newest[return_id.as_str()].1
                } else {
                    payment
                };
                newest.insert(return_id, (fact, keep, money));
            }
        }
        for (fact, payment, money) in newest.into_values() {
            let hit = episodes.iter_mut().rev().find(|episode| match payment {
                Some(payment) => episode.payments.contains(payment),
                None => episode.recovery.as_ref().is_some_and(|recovery| recovery.at <= fact.at),
            });
            if let Some(recovery) = hit.and_then(|episode| episode.recovery.as_mut()) {
                recovery.give_back(money.as_ref());
            }
        }
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
