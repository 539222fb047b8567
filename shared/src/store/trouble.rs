//! What an operator should look at: effects in doubt or waiting for long, and what was declined.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::company::{AuditEntry, Company};
use super::error::StoreError;
use super::keys::{self, Key};
use super::write::{Expect, Write, flag, text};
use super::{Query, Range, read_row};
use crate::domain::case::Case;
use crate::domain::effect::{Effect, EffectState, Request, Subject};
use crate::domain::id::CaseId;
use crate::domain::time;
use crate::domain::timeline::CaseState;

/// After so many tries a waiting effect is listed: before, it is only a passing trouble.
const LISTED_AFTER_TRIES: u32 = 3;

/// Why an effect is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody knows whether it happened; it is not sent again until a person says.
    InDoubt,
    /// It was tried several times and is tried again.
    Waiting,
    /// A provider refused it for good, and that is not resolved yet.
    Refused,
}

impl Trouble {
    /// The word used in keys and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InDoubt => "in_doubt",
            Self::Waiting => "waiting",
            Self::Refused => "refused",
        }
    }

    fn of(state: EffectState, tries: u32, is_refusal_open: bool) -> Option<Self> {
        match state {
            EffectState::Unknown => Some(Self::InDoubt),
            EffectState::Prepared | EffectState::Sending => {
                (tries >= LISTED_AFTER_TRIES).then_some(Self::Waiting)
            }
            EffectState::Rejected => is_refusal_open.then_some(Self::Refused),
            EffectState::Done => None,
        }
    }
}

/// Whether it is moot once the case is over.
fn is_for_open_case(request: &Request) -> bool {
    request.is_message() || matches!(request, Request::Extend { .. })
}

impl Company {
    /// Puts an effect on the list it belongs to, or takes it off; a part of every word on how it ended.
    /// `is_refusal_open` says of one that did not happen whether a person has to look at it.
    pub(crate) fn list_effect(
        &self,
        write: Write,
        held: &Effect,
        state: EffectState,
        is_refusal_open: bool,
    ) -> Write {
        let write = if is_refusal_open { write.set("is_refusal_open", flag(true)) } else { write };
        match Trouble::of(state, held.tries, is_refusal_open) {
            Some(trouble) => write
                .set("list_state_pk", text(keys::effects_list(&self.company, trouble.as_str())))
                .set("list_sk", text(format!("{}#{}", time::write(held.action.at), held.action.operation))),
            None => write.remove("list_state_pk").remove("list_sk"),
        }
    }

    /// Takes a refused effect off the list. It stands beside whatever resolved it, and is refused where the
    /// effect did not end as rejected.
    pub fn resolve_refusal(&self, subject: impl Into<Subject>, operation: &str, now: DateTime<Utc>) -> Write {
        Write::update(self.action_key(subject.into(), operation))
            .set("refusal_resolved_at", text(time::write(now)))
            .remove("is_refusal_open")
            .remove("list_state_pk")
            .remove("list_sk")
            .expect(Expect::Equals("state", text(EffectState::Rejected.as_str())))
    }

    /// The same where nothing else says that it is still open: fails once it is resolved.
    pub fn resolve_open_refusal(&self, subject: Subject, operation: &str, now: DateTime<Utc>) -> Write {
        let is_open = Expect::Equals("is_refusal_open", flag(true));
        self.resolve_refusal(subject, operation, now).expect(is_open)
    }

    /// The oldest effects of one list, up to a hundred, and whether there are more. A message or free days that
    /// were refused need no attention any more once their case is over.
    pub async fn troubled(&self, trouble: Trouble) -> Result<(Vec<(Subject, Effect)>, bool), StoreError> {
        let (mut effects, more) = self.listed(trouble).await?;
        if trouble == Trouble::Refused {
            let of_case = |(subject, effect): &(Subject, Effect)| match subject {
                Subject::Case(id) if is_for_open_case(&effect.request) => Some(*id),
                _ => None,
            };
            let ids: BTreeSet<CaseId> = effects.iter().filter_map(of_case).collect();
            let keys: Vec<Key> = ids.iter().map(|id| Key::case(&self.company, *id)).collect();
            let cases: Vec<Case> = self.store.get_all(&keys).await?;
            let is_open =
                |id: CaseId| cases.iter().any(|case| case.case_id == id && case.state == CaseState::Open);
            effects.retain(|listed| of_case(listed).is_none_or(is_open));
        }
        Ok((effects, more))
    }

    async fn listed(&self, trouble: Trouble) -> Result<(Vec<(Subject, Effect)>, bool), StoreError> {
        let list = keys::effects_list(&self.company, trouble.as_str());
        let query = Query {
            index: Some(keys::LIST_STATE_INDEX),
            hash: ("list_state_pk", &list),
            range: Range::All,
            newest_first: false,
            limit: Some(100),
            start: None,
        };
        let page = self.store.query_items(query).await?;
        let keys = page.rows.into_iter().map(read_row).collect::<Result<Vec<Key>, _>>()?;
        let mut effects = Vec::new();
        for item in self.store.get_items(&keys).await? {
            let key: Key = read_row(item.clone())?;
            let effect: Effect = read_row(item)?;
            let subject = key.case_id().map(Subject::Case).or_else(|| key.booking_id().map(Subject::Booking));
            // The index may lag behind: only the row itself says how it stands.
            if let Some(subject) = subject
                && Trouble::of(effect.state, effect.tries, effect.is_refusal_open) == Some(trouble)
            {
                effects.push((subject, effect));
            }
        }
        Ok((effects, page.next.is_some()))
    }

    /// Audit entries of one kind that is listed, from a time on, oldest first, up to a hundred; and
    /// whether there are more.
    pub async fn audit_since(
        &self,
        kind: &str,
        from: DateTime<Utc>,
    ) -> Result<(Vec<AuditEntry>, bool), StoreError> {
        let (list, from) = (keys::audit_list(&self.company, kind), time::write(from));
        let query = Query {
            index: Some(keys::LIST_INDEX),
            hash: ("list_pk", &list),
            range: Range::Between("list_sk", &from, "~"),
            newest_first: false,
            limit: Some(100),
            start: None,
        };
        let page = self.store.query_items(query).await?;
        let keys = page.rows.into_iter().map(read_row).collect::<Result<Vec<Key>, _>>()?;
        Ok((self.store.get_all(&keys).await?, page.next.is_some()))
    }
}
