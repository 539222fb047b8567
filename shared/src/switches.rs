//! Switches: read at the start of each run and again while it lasts, and turned by people.
//!
//! A run reads all switches in one request. Before a row is worked on, and again before an effect leaves, it looks at
//! what it has read, which is at most some seconds old. So a pause in the middle of a run stops what is not sent
//! yet within these seconds, and costs no request per row.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};
use serde_json::json;

use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::ids::Ids;
use crate::domain::platform::action::Source;
use crate::domain::platform::effect::Request;
use crate::domain::platform::switch::{SwitchName, SwitchScope, SwitchState, SwitchedOff, governing_switch};
use crate::store::company::AuditEntry;
use crate::store::{Key, Store, StoreError};

/// How old the state may be before it is read again.
const REREAD_SECONDS: i64 = 5;

/// Two people may turn switches of one scope at the same moment; a fifth conflict has another cause.
const TRIES: u32 = 4;

/// What is switched off, as this process read it last.
#[derive(Debug, Default)]
pub struct SwitchReader {
    known: Mutex<Option<Known>>,
}

#[derive(Debug, Clone)]
struct Known {
    read_at: DateTime<Utc>,
    off: Arc<SwitchedOff>,
}

impl SwitchReader {
    /// Reads the switches, for the start of a run.
    pub async fn refresh(&self, store: &Store, now: DateTime<Utc>) -> Result<Arc<SwitchedOff>, StoreError> {
        let mut off = SwitchedOff::default();
        for (scope, row) in store.switch_rows().await? {
            off.add(&scope, &row.switches);
        }
        let known = Known { read_at: now, off: Arc::new(off) };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known.clone());
        Ok(known.off)
    }

    /// Whether the switch of a due row is off.
    pub async fn holds_row(&self, store: &Store, key: &Key, now: DateTime<Utc>) -> Result<bool, StoreError> {
        match key.governing_switch() {
            Some(switch) => self.is_off(store, switch, key.company().as_ref(), now).await,
            None => Ok(false),
        }
    }

    /// Whether the switch of a request to a provider is off.
    pub async fn holds_request(
        &self,
        store: &Store,
        request: &Request,
        company: &CompanyId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        match governing_switch(request) {
            Some(switch) => self.is_off(store, switch, Some(company), now).await,
            None => Ok(false),
        }
    }

    /// Whether a switch is off for a company, by its own switch or by the deployment's.
    pub async fn is_off(
        &self,
        store: &Store,
        switch: SwitchName,
        company: Option<&CompanyId>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        Ok(self.current(store, now).await?.is_off(switch, company))
    }

    /// The newest known state, read again if it is too old. Rows that run at the same time use the old state until one
    /// of them has read the new one.
    pub async fn current(&self, store: &Store, now: DateTime<Utc>) -> Result<Arc<SwitchedOff>, StoreError> {
        let stale = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            match known.as_mut() {
                Some(known) if is_recent(known.read_at, now) => return Ok(Arc::clone(&known.off)),
                Some(known) => Some(std::mem::replace(&mut known.read_at, now)),
                None => None,
            }
        };
        let read = self.refresh(store, now).await;
        if read.is_err()
            && let Some(stale) = stale
            && let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).as_mut()
        {
            known.read_at = stale;
        }
        read
    }
}

fn is_recent(read_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    // A clock that was set back says nothing about the age.
    read_at <= now && now - read_at < Duration::seconds(REREAD_SECONDS)
}

/// A person's request to turn a switch.
#[derive(Debug, Clone)]
pub struct TurnRequest {
    pub switch: SwitchName,
    pub scope: SwitchScope,
    pub wanted: SwitchState,
}

/// A switch after a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnedSwitch {
    /// The state: that of the request, or the one that was there if the switch was turned this way already. `None` if
    /// nobody has ever turned it.
    pub state: Option<SwitchState>,
    /// Whether this request turned it.
    pub changed: bool,
}

/// Why a switch is not turned.
#[derive(Debug)]
pub enum TurnError {
    /// Staff turned it off, and the caller is no staff.
    OfStaff,
    Store(StoreError),
}

impl From<StoreError> for TurnError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Turns a switch, together with its audit entry. Of two people who turn it the same way the first one counts.
pub async fn turn(store: &Store, ids: &Ids, request: &TurnRequest) -> Result<TurnedSwitch, TurnError> {
    let TurnRequest { switch, scope, wanted } = request;
    let turned = store.retry_on_conflict(ids, TRIES, |_| async {
        let mut row = store.switch_row(scope).await?;
        let known = row.switches.get(switch).cloned();
        let is_on = known.as_ref().is_none_or(|known| known.is_on);
        if is_on == wanted.is_on {
            return Ok((Vec::new(), TurnedSwitch { state: known, changed: false }));
        }
        let is_of_staff = known.as_ref().is_some_and(|known| known.source == Source::Staff);
        if is_of_staff && wanted.source != Source::Staff {
            return Err(TurnError::OfStaff);
        }
        row.switches.insert(*switch, wanted.clone());
        let entry = audit_entry(request);
        let unique = format!("{}#{}", switch.as_str(), row.version + 1);
        let audit = match scope {
            SwitchScope::Deployment => store.audit_deployment(&entry, &unique)?,
            SwitchScope::Company(company) => store.company(company).audit(&entry, &unique)?,
        };
        let writes = vec![store.save_switches(scope, &row)?, audit];
        Ok((writes, TurnedSwitch { state: Some(wanted.clone()), changed: true }))
    });
    turned.await
}

fn audit_entry(TurnRequest { switch, scope, wanted }: &TurnRequest) -> AuditEntry {
    AuditEntry {
        at: wanted.at,
        kind: if wanted.is_on { "switch.turned_on" } else { "switch.turned_off" }.to_owned(),
        subject: switch.as_str().to_owned(),
        cause: wanted.by.clone(),
        source: Some(wanted.source),
        detail: Some(json!({"company_id": scope.company(), "note": wanted.note}).to_string()),
    }
}
