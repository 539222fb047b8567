//! The history of one membership, and the cases derived from it.
//!
//! Facts are a *set*: a fact that arrives twice is in it once, and the order of arrival has no influence. Cases
//! are a pure function of the set, so any number of deliveries in any order gives the same state. The property
//! tests check this.

mod episode;
mod fact;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::kernel::id::PaymentId;
use crate::kernel::money::Money;

pub use episode::{Episode, MembershipFlags, OtherPayment, Recovery};
pub use fact::{CaseFact, CaseFactKind, EndedBy, failure_key};

/// A payment counts as a recovery up to this long after the first failure.
pub const RECOVERY_WINDOW_DAYS: i64 = 14;

/// Facts without influence are dropped after this time. Events are deduplicated for 35 days and providers stop
/// retrying after three, so older ones cannot arrive any more.
const INERT_FACT_DAYS: i64 = 60;

/// Far more than a membership has in years; further events are set aside and not applied.
pub const MAX_FACTS: usize = 1_000;

/// Fewer facts are not compacted.
const COMPACT_FROM_FACTS: usize = 64;

/// The status of a case.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "CaseStatus"))]
pub enum CaseStatus {
    Open,
    /// The renewal was paid within the recovery window.
    Recovered,
    /// The owner ended it, or the member cancelled or bought again.
    Cancelled,
    /// The recovery window has passed.
    Exhausted,
    /// The membership ended, or the renewal was paid after the window.
    Lost,
}

impl CaseStatus {
    /// Every status, for lists and documents.
    pub const ALL: [Self; 5] = [Self::Open, Self::Recovered, Self::Cancelled, Self::Exhausted, Self::Lost];

    pub fn as_str(self) -> &'static str {
        self.into()
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// The end of the recovery window of a case with this first failure.
pub fn window_ends_at(first_failure_at: DateTime<Utc>) -> DateTime<Utc> {
    first_failure_at + Duration::days(RECOVERY_WINDOW_DAYS)
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timeline {
    facts: BTreeSet<CaseFact>,
}

impl Timeline {
    /// Adds a fact; `false` if it is known.
    pub fn add(&mut self, fact: CaseFact) -> bool {
        self.facts.insert(fact)
    }

    /// The facts in the order of time.
    pub fn facts(&self) -> impl Iterator<Item = &CaseFact> {
        self.facts.iter()
    }

    pub fn len(&self) -> usize {
        self.facts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// The cases derived from the facts, oldest first.
    pub fn episodes(&self) -> Vec<Episode> {
        self.read().0
    }

    /// The cases, and the membership's final flags, with which the next case starts.
    fn read(&self) -> (Vec<Episode>, MembershipFlags) {
        let mut episodes: Vec<Episode> = Vec::new();
        let mut flags = MembershipFlags::default();
        for fact in &self.facts {
            if let (Some(current), false) =
                (episodes.last_mut(), matches!(fact.what, CaseFactKind::Returned { .. }))
            {
                current.apply_time(fact.at);
            }
            match &fact.what {
                CaseFactKind::CancelScheduled { scheduled } => flags.cancel_scheduled = *scheduled,
                CaseFactKind::CollectionPaused { paused } => flags.collection_paused = *paused,
                // A paid or valid membership is neither scheduled for cancellation nor paused.
                CaseFactKind::Paid { .. } | CaseFactKind::Valid => flags = MembershipFlags::default(),
                _ => {}
            }
            match &fact.what {
                CaseFactKind::Failed { payment, money } => {
                    episode::add_failure(&mut episodes, fact, (payment, money), flags);
                }
                CaseFactKind::Returned { .. } => {}
                _ => {
                    if let Some(current) = episodes.last_mut() {
                        current.apply(fact, flags);
                    }
                }
            }
        }
        self.subtract_returns(&mut episodes);
        (episodes, flags)
    }

    /// Drops old facts that have no influence on any case.
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

    fn subtract_returns(&self, episodes: &mut [Episode]) {
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
                recovery.subtract_return(money.as_ref());
            }
        }
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
