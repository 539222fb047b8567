//! The end of a recovery by hand, with or without the membership.

use chrono::{DateTime, Utc};

use super::{Originator, Recoveries, TRIES};
use crate::domain::kernel::id::CaseId;
use crate::domain::platform::action::{Action, ActionKind, Actor};
use crate::domain::platform::effect::{Effect, EffectStatus, Request};
use crate::domain::recovery::case::Case;
use crate::domain::recovery::timeline::{CaseFact, CaseFactKind, CaseStatus, EndedBy};
use crate::effects;
use crate::store::error::RecordError;
use crate::store::recovery::record::CaseChange;
use crate::store::{Company, StoreError, Write};

/// How the owner ends a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    CaseCancelled,
    /// The membership is cancelled at the end of its period.
    MembershipCancelled,
    /// The membership is terminated immediately.
    MembershipTerminated,
}

/// Why a recovery is not ended.
#[derive(Debug)]
pub enum EndingError {
    CaseAbsent,
    CaseClosed(CaseStatus),
    Record(RecordError),
}

impl From<StoreError> for EndingError {
    fn from(error: StoreError) -> Self {
        Self::Record(error.into())
    }
}

impl From<RecordError> for EndingError {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

impl Recoveries<'_> {
    /// Ends the case and, if asked to, the membership. An existing action is returned; one that Whop refused is
    /// requested again.
    pub async fn end_by_hand(
        &self,
        company: &Company,
        case_id: CaseId,
        ending: Ending,
        originator: Originator<'_>,
    ) -> Result<(Case, Effect), EndingError> {
        let decide = |_| self.decide_ending(company, case_id, ending, originator);
        let effect = company.store().retry_on_conflict(self.ids, TRIES, decide).await?;
        let effect = self.perform_now(company, case_id, effect).await?;
        let case = company.case(case_id).await?.ok_or(EndingError::CaseAbsent)?;
        Ok((case, effect))
    }

    /// Returns the existing action, or decides on a new one.
    async fn decide_ending(
        &self,
        company: &Company,
        case_id: CaseId,
        ending: Ending,
        Originator { source, cause }: Originator<'_>,
    ) -> Result<(Vec<Write>, Effect), EndingError> {
        let case = company.case(case_id).await?.ok_or(EndingError::CaseAbsent)?;
        let mut earlier = company.actions(case_id).await?;
        earlier.retain(|effect| effect.action.kind == ending.action_kind());
        match earlier.last() {
            Some(effect) if effect.status != EffectStatus::Rejected => {
                return Ok((Vec::new(), effect.clone()));
            }
            _ => ending.refuse(&case)?,
        }
        let now = self.now();
        let effect = ending.prepare(&case, cause, earlier.len(), now);
        let read = company.membership(&case.membership_id).await?;
        let fact = CaseFact { at: now, what: CaseFactKind::Cancelled { by: ending.ended_by() } };
        // If the owner has ended the case already, only the membership is ended.
        let is_ended = case.ended_by.is_some_and(EndedBy::is_by_owner);
        let facts = if is_ended { Vec::new() } else { vec![fact] };
        let change = CaseChange { cause, source, ..CaseChange::of_facts(facts) };
        let mut recording = company.record(&case.membership_id, read, change, now)?;
        // A new request resolves the earlier refusal.
        let refused = earlier.last().filter(|effect| effect.is_refusal_open);
        let resolve = |effect: &Effect| company.resolve_refusal(case_id, &effect.action.operation, now);
        recording.writes.extend(refused.map(resolve));
        let due_at = (!effect.status.is_final()).then_some(now);
        recording.writes.push(company.add_action(case_id, &effect, due_at)?);
        Ok((recording.writes, effect))
    }
}

impl Ending {
    /// Refuses to end a case that is recovered or over.
    fn refuse(self, case: &Case) -> Result<(), EndingError> {
        let allowed = match case.status {
            CaseStatus::Open => true,
            CaseStatus::Recovered => false,
            CaseStatus::Cancelled | CaseStatus::Exhausted | CaseStatus::Lost => self != Self::CaseCancelled,
        };
        if allowed { Ok(()) } else { Err(EndingError::CaseClosed(case.status)) }
    }

    fn ended_by(self) -> EndedBy {
        match self {
            Self::CaseCancelled => EndedBy::CaseCancelled,
            Self::MembershipCancelled => EndedBy::MembershipCancelled,
            Self::MembershipTerminated => EndedBy::MembershipTerminated,
        }
    }

    fn action_kind(self) -> ActionKind {
        match self {
            Self::CaseCancelled => ActionKind::CaseCancelled,
            Self::MembershipCancelled => ActionKind::MembershipCancelled,
            Self::MembershipTerminated => ActionKind::MembershipTerminated,
        }
    }

    /// The name of the action, also part of the key that Whop gets.
    fn operation(self, earlier: usize) -> String {
        let name = match self {
            Self::CaseCancelled => "case_cancelled",
            Self::MembershipCancelled => "membership_cancelled",
            Self::MembershipTerminated => "membership_terminated",
        };
        if earlier == 0 { name.to_owned() } else { format!("{name}:{}", earlier + 1) }
    }

    /// The action after `earlier` refused ones, decided and not performed yet.
    fn prepare(self, case: &Case, user_id: &str, earlier: usize, now: DateTime<Utc>) -> Effect {
        let action = Action {
            operation: self.operation(earlier),
            kind: self.action_kind(),
            attempt_number: None,
            channel: None,
            offset_days: None,
            template_version: None,
            days: None,
            manual: true,
            actor: Actor::Owner { user_id: user_id.to_owned() },
            at: now,
            planned_at: None,
        };
        if self == Self::CaseCancelled {
            return Effect::done(action);
        }
        let at_period_end = self == Self::MembershipCancelled;
        let request = Request::Cancel { membership_id: case.membership_id.clone(), at_period_end };
        let key = effects::downstream_key(case.case_id, &action.operation);
        Effect::prepared(action, request, key)
    }
}
