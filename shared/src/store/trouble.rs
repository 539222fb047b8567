//! What an operator should look at: effects in doubt or waiting for long, and what was declined.

use chrono::{DateTime, Utc};

use super::company::{AuditEntry, Company};
use super::error::StoreError;
use super::keys::{self, Key};
use super::write::{Write, text};
use super::{Query, Range, read_row};
use crate::domain::effect::{Effect, EffectState, Subject};
use crate::domain::time;

/// After so many tries a waiting effect is listed: before, it is only a passing trouble.
const LISTED_AFTER_TRIES: u32 = 3;

/// Why an effect is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody knows whether it happened; it is not sent again until a person says.
    InDoubt,
    /// It was tried several times and is tried again.
    Waiting,
}

impl Trouble {
    /// The word used in keys and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InDoubt => "in_doubt",
            Self::Waiting => "waiting",
        }
    }

    fn of(state: EffectState, tries: u32) -> Option<Self> {
        match state {
            EffectState::Unknown => Some(Self::InDoubt),
            EffectState::Prepared | EffectState::Sending => {
                (tries >= LISTED_AFTER_TRIES).then_some(Self::Waiting)
            }
            EffectState::Done | EffectState::Rejected => None,
        }
    }
}

impl Company {
    /// Puts an effect on the list it belongs to, or takes it off; a part of every word on how it ended.
    pub(crate) fn list_effect(&self, write: Write, held: &Effect, state: EffectState) -> Write {
        match Trouble::of(state, held.tries) {
            Some(trouble) => write
                .set("list_state_pk", text(keys::effects_list(&self.company, trouble.as_str())))
                .set("list_sk", text(format!("{}#{}", time::write(held.action.at), held.action.operation))),
            None => write.remove("list_state_pk").remove("list_sk"),
        }
    }

    /// The oldest effects of one list, up to a hundred, and whether there are more.
    pub async fn troubled(&self, trouble: Trouble) -> Result<(Vec<(Subject, Effect)>, bool), StoreError> {
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
                && Trouble::of(effect.state, effect.tries) == Some(trouble)
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
