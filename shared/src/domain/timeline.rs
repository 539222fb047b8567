//! One membership's history, and the cases that follow from it.
//!
//! Facts are a *set*: a fact that arrives twice is in it once, and the order of arrival leaves no
//! trace. Cases are a pure function of the set, so any number of deliveries in any order ends in
//! one state. That is the whole proof; the property tests below only check that it was kept.

mod fact;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::id::PaymentId;
use super::money::Money;

pub use fact::{EndedBy, Fact, What, failure_key};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseState {
    /// Being recovered.
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

impl CaseState {
    /// Every state, for lists and documents.
    pub const ALL: [Self; 5] = [Self::Open, Self::Recovered, Self::Cancelled, Self::Exhausted, Self::Lost];

    /// The word used in keys, JSON and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Recovered => "recovered",
            Self::Cancelled => "cancelled",
            Self::Exhausted => "exhausted",
            Self::Lost => "lost",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// How the money came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// When, at the provider.
    pub at: DateTime<Utc>,
    /// By which payment, once one is known.
    pub payment: Option<PaymentId>,
    /// What was paid; what had failed where no payment named an amount.
    pub money: Option<Money>,
    /// What of it went back later, in the same currency.
    pub returned_amount: i64,
}

impl Recovery {
    /// What stayed, in minor units.
    pub fn kept_amount(&self) -> i64 {
        self.money.as_ref().map_or(0, |money| money.amount - self.returned_amount)
    }
}

/// One failed renewal, from its first failure to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Episode {
    /// The failures in it; the keys under which a case remembers its own.
    pub failures: BTreeSet<String>,
    /// When the first charge failed.
    pub first_failure_at: DateTime<Utc>,
    /// When the newest charge failed.
    pub last_failure_at: DateTime<Utc>,
    /// The newest payment that failed.
    pub payment: Option<PaymentId>,
    /// What is to be recovered.
    pub money: Option<Money>,
    /// Where it stands.
    pub state: CaseState,
    /// How it came back, if it did.
    pub recovery: Option<Recovery>,
    /// When and by whom it was ended, if a person did.
    pub cancelled: Option<(DateTime<Utc>, EndedBy)>,
    payments: BTreeSet<PaymentId>,
    succeeded: bool,
}

impl Episode {
    /// The last instant at which a success still counts.
    pub fn window_ends_at(&self) -> DateTime<Utc> {
        window_ends_at(self.first_failure_at)
    }

    /// Whatever happens later shows that the window has passed, just as somebody looking does: a sweep
    /// that is late or never comes must leave no trace in what a case becomes.
    fn notice_time(&mut self, at: DateTime<Utc>) {
        if self.state == CaseState::Open && at > self.window_ends_at() {
            self.state = CaseState::Exhausted;
        }
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
    facts: BTreeSet<Fact>,
}

impl Timeline {
    /// Adds a fact; `false` when it was already there.
    pub fn add(&mut self, fact: Fact) -> bool {
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
        let mut episodes: Vec<Episode> = Vec::new();
        for fact in &self.facts {
            if let (Some(current), false) = (episodes.last_mut(), matches!(fact.what, What::Returned { .. }))
            {
                current.notice_time(fact.at);
            }
            match &fact.what {
                What::Failed { payment, money } => fail(&mut episodes, fact, payment, money),
                What::Returned { .. } => {}
                _ => {
                    if let Some(current) = episodes.last_mut() {
                        follow(current, fact);
                    }
                }
            }
        }
        self.take_out_returns(&mut episodes);
        episodes
    }

    /// Drops old facts that no case follows from.
    pub fn compact(&mut self) {
        let Some(newest) = self.facts.last().map(|fact| fact.at) else { return };
        if self.facts.len() < COMPACT_FROM_FACTS {
            return;
        }
        let before = self.episodes();
        let old = |fact: &Fact| fact.at < newest - Duration::days(INERT_FACT_DAYS);
        let candidates: Vec<Fact> = self
            .facts
            .iter()
            .filter(|fact| old(fact) && matches!(fact.what, What::Paid { .. } | What::Valid | What::Ended))
            .cloned()
            .collect();
        for fact in candidates {
            self.facts.remove(&fact);
            if self.episodes() != before {
                self.facts.insert(fact);
            }
        }
    }

    fn take_out_returns(&self, episodes: &mut [Episode]) {
        let mut newest: BTreeMap<&str, (&Fact, &Option<PaymentId>, &Option<Money>)> = BTreeMap::new();
        for fact in &self.facts {
            if let What::Returned { return_id, payment, money } = &fact.what {
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

impl Recovery {
    /// Takes returned money out, never more than came in. Another currency cannot be compared, so
    /// it counts as the whole: recovered revenue is never overstated.
    fn give_back(&mut self, returned: Option<&Money>) {
        let Some(paid) = &self.money else { return };
        let amount = match returned {
            Some(money) if money.currency == paid.currency => money.amount.max(0),
            Some(money) if money.amount == 0 => 0,
            _ => paid.amount,
        };
        self.returned_amount = self.returned_amount.saturating_add(amount).min(paid.amount);
    }
}

/// A failure goes on with the current episode or begins the next one.
fn fail(episodes: &mut Vec<Episode>, fact: &Fact, payment: &Option<PaymentId>, money: &Option<Money>) {
    let key = failure_key(fact.at, payment);
    match episodes.last_mut() {
        Some(current) if !current.succeeded && fact.at <= current.window_ends_at() => {
            current.failures.insert(key);
            current.last_failure_at = fact.at;
            current.payment = payment.clone().or(current.payment.take());
            current.money = money.clone().or(current.money.take());
            current.payments.extend(payment.clone());
        }
        _ => episodes.push(Episode {
            failures: BTreeSet::from([key]),
            first_failure_at: fact.at,
            last_failure_at: fact.at,
            payment: payment.clone(),
            money: money.clone(),
            state: CaseState::Open,
            recovery: None,
            cancelled: None,
            payments: payment.iter().cloned().collect(),
            succeeded: false,
        }),
    }
}

/// Everything that can follow a failure.
fn follow(current: &mut Episode, fact: &Fact) {
    match &fact.what {
        What::Paid { payment, money } => succeed(current, fact.at, payment.as_ref(), money.as_ref()),
        What::Valid => succeed(current, fact.at, None, None),
        What::Ended if !current.succeeded && current.state == CaseState::Open => {
            current.state = CaseState::Lost
        }
        What::Cancelled { by } if !current.succeeded && current.cancelled.is_none() => {
            current.state = CaseState::Cancelled;
            current.cancelled = Some((fact.at, *by));
        }
        What::WindowPassed if current.state == CaseState::Open && fact.at >= current.window_ends_at() => {
            current.state = CaseState::Exhausted;
        }
        _ => {}
    }
}

/// A success ends the episode; it is a recovery when it came in time and nobody had ended it.
fn succeed(current: &mut Episode, at: DateTime<Utc>, payment: Option<&PaymentId>, money: Option<&Money>) {
    let in_time = at <= current.window_ends_at();
    if !current.succeeded {
        current.succeeded = true;
        match current.state {
            CaseState::Cancelled => return,
            _ if in_time => {
                current.state = CaseState::Recovered;
                let money = current.money.clone();
                current.recovery = Some(Recovery { at, payment: None, money, returned_amount: 0 });
            }
            _ => current.state = CaseState::Lost,
        }
    }
    // The membership is often valid a moment before its payment is reported: the first payment in
    // the window says what the recovery was worth.
    if let (Some(recovery), Some(payment), true) = (&mut current.recovery, payment, in_time)
        && recovery.payment.is_none()
    {
        recovery.payment = Some(payment.clone());
        recovery.money = money.cloned().or(recovery.money.take());
        current.payments.insert(payment.clone());
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
