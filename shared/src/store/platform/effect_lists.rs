//! Effects that an operator should check: in doubt, waiting or refused; and listed audit entries.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::domain::kernel::id::CaseId;
use crate::domain::kernel::time;
use crate::domain::platform::effect::{Effect, EffectStatus, Request, Subject};
use crate::domain::recovery::case::Case;
use crate::domain::recovery::timeline::CaseStatus;
use crate::store::company::{AuditEntry, Company};
use crate::store::error::StoreError;
use crate::store::keys::{self, Key};
use crate::store::platform::waiting::WaitingList;
use crate::store::write::{Expect, Item, Write, flag, text};
use crate::store::{Query, Range, read_row};

/// The list of refused messages and free days.
const REFUSED_OF_MEMBERS: &str = "refused_of_members";

const PAGE_ROWS: usize = 100;

/// Pages that are searched for cases that are still open.
const MAX_PAGES: usize = 10;

/// Why an effect is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum EffectList {
    /// It is unknown whether it happened; a person has to resolve it.
    InDoubt,
    /// It did not happen yet and is retried.
    Waiting,
    /// A provider finally refused it, and that is not resolved yet.
    Refused,
}

impl EffectList {
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    fn of(status: EffectStatus, is_refusal_open: bool) -> Option<Self> {
        match status {
            EffectStatus::Unknown => Some(Self::InDoubt),
            EffectStatus::Prepared | EffectStatus::Sending => Some(Self::Waiting),
            EffectStatus::Rejected => is_refusal_open.then_some(Self::Refused),
            EffectStatus::Done => None,
        }
    }
}

/// The list of an effect. Refused messages and free days have a separate list, so that they never displace refused
/// payments.
fn list_name(kind: EffectList, request: &Request) -> &'static str {
    let is_of_member = request.is_message() || matches!(request, Request::Extend { .. });
    if kind == EffectList::Refused && is_of_member { REFUSED_OF_MEMBERS } else { kind.as_str() }
}

impl Company {
    /// Adds the effect's list to a write of its outcome, or removes the effect from its list. `is_refusal_open`
    /// says whether a person has to resolve its refusal.
    pub(crate) fn list_effect(
        &self,
        write: Write,
        held: &Effect,
        status: EffectStatus,
        is_refusal_open: bool,
    ) -> Write {
        let write = if is_refusal_open { write.set("is_refusal_open", flag(true)) } else { write };
        match EffectList::of(status, is_refusal_open) {
            Some(kind) => write
                .set(
                    "list_status_pk",
                    text(keys::effects_list(&self.company, list_name(kind, &held.request))),
                )
                .set("list_pk", text(WaitingList::of(kind, &held.request).key()))
                .set("list_sk", text(format!("{}#{}", time::format(held.action.at), held.action.operation))),
            None => write.remove("list_status_pk").remove("list_pk").remove("list_sk"),
        }
    }

    /// Lists a completed effect as refused, because the provider reversed its result later.
    pub(crate) fn mark_result_reversed(
        &self,
        subject: impl Into<Subject>,
        operation: &str,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Write {
        let list = keys::effects_list(&self.company, EffectList::Refused.as_str());
        Write::update(self.action_key(subject.into(), operation))
            .set("status", text(EffectStatus::Rejected.as_str()))
            .set("reason", text(reason))
            .set("ended_at", text(time::format(now)))
            .set("is_refusal_open", flag(true))
            .set("list_status_pk", text(list))
            .set("list_pk", text(WaitingList::Refused.key()))
            .set("list_sk", text(format!("{}#{operation}", time::format(now))))
            .expect(Expect::Equals("status", text(EffectStatus::Done.as_str())))
    }

    /// Removes a refused effect from its list; for the transaction that resolves it. The write is refused if the
    /// effect is not rejected.
    pub fn resolve_refusal(&self, subject: impl Into<Subject>, operation: &str, now: DateTime<Utc>) -> Write {
        Write::update(self.action_key(subject.into(), operation))
            .set("refusal_resolved_at", text(time::format(now)))
            .remove("is_refusal_open")
            .remove("list_status_pk")
            .remove("list_pk")
            .remove("list_sk")
            .expect(Expect::Equals("status", text(EffectStatus::Rejected.as_str())))
    }

    /// Like [`Company::resolve_refusal`], and also refused if the refusal is resolved already.
    pub fn resolve_open_refusal(&self, subject: Subject, operation: &str, now: DateTime<Utc>) -> Write {
        let is_open = Expect::Equals("is_refusal_open", flag(true));
        self.resolve_refusal(subject, operation, now).expect(is_open)
    }

    /// The oldest effects of one list, up to a hundred, and whether there are more. Refused messages and free
    /// days, up to a hundred as well, are included only while their case is open.
    pub async fn listed_effects(
        &self,
        kind: EffectList,
    ) -> Result<(Vec<(Subject, Effect)>, bool), StoreError> {
        let list = keys::effects_list(&self.company, kind.as_str());
        let (mut effects, next) = self.list_page(&list, kind, false, None).await?;
        let mut more = next.is_some();
        if kind == EffectList::Refused {
            let (of_members, more_of_members) = self.refused_of_members().await?;
            effects.extend(of_members);
            effects.sort_by_key(|(_, effect)| effect.action.at);
            more |= more_of_members;
        }
        Ok((effects, more))
    }

    /// Reads the newest first, because refused effects stay on this list after their case is closed.
    async fn refused_of_members(&self) -> Result<(Vec<(Subject, Effect)>, bool), StoreError> {
        let list = keys::effects_list(&self.company, REFUSED_OF_MEMBERS);
        let (mut open, mut start) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let (effects, next) = self.list_page(&list, EffectList::Refused, true, start).await?;
            open.extend(self.retain_open_cases(effects).await?);
            start = next;
            if start.is_none() || open.len() >= PAGE_ROWS {
                break;
            }
        }
        Ok((open, start.is_some()))
    }

    async fn retain_open_cases(
        &self,
        mut effects: Vec<(Subject, Effect)>,
    ) -> Result<Vec<(Subject, Effect)>, StoreError> {
        let case_id = |subject: &Subject| match subject {
            Subject::Case(id) => Some(*id),
            Subject::Booking(_) => None,
        };
        let ids: BTreeSet<CaseId> = effects.iter().filter_map(|(subject, _)| case_id(subject)).collect();
        let keys: Vec<Key> = ids.iter().map(|id| Key::case(&self.company, *id)).collect();
        let cases: Vec<Case> = self.store.get_all(&keys).await?;
        let open: BTreeSet<CaseId> =
            cases.iter().filter(|case| case.status == CaseStatus::Open).map(|case| case.case_id).collect();
        effects.retain(|(subject, _)| case_id(subject).is_some_and(|id| open.contains(&id)));
        Ok(effects)
    }

    /// One page of a list, and the start of the next.
    async fn list_page(
        &self,
        list: &str,
        kind: EffectList,
        newest_first: bool,
        start: Option<Item>,
    ) -> Result<(Vec<(Subject, Effect)>, Option<Item>), StoreError> {
        let query = Query {
            index: Some(keys::LIST_STATUS_INDEX),
            hash: ("list_status_pk", list),
            range: Range::All,
            newest_first,
            limit: Some(PAGE_ROWS as i32),
            start,
        };
        let page = self.store.query_items(query).await?;
        let keys = page.rows.into_iter().map(read_row).collect::<Result<Vec<Key>, _>>()?;
        let mut effects = Vec::new();
        for item in self.store.get_items(&keys).await? {
            let key: Key = read_row(item.clone())?;
            let effect: Effect = read_row(item)?;
            let subject = key.case_id().map(Subject::Case).or_else(|| key.booking_id().map(Subject::Booking));
            // The index may lag behind; only the row itself has the current status.
            if let Some(subject) = subject
                && EffectList::of(effect.status, effect.is_refusal_open) == Some(kind)
            {
                effects.push((subject, effect));
            }
        }
        Ok((effects, page.next))
    }

    /// Listed audit entries of one kind since a time, oldest first, up to a hundred, and whether there are more.
    pub async fn audit_since(
        &self,
        kind: &str,
        from: DateTime<Utc>,
    ) -> Result<(Vec<AuditEntry>, bool), StoreError> {
        let (list, from) = (keys::audit_list(&self.company, kind), time::format(from));
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
