//! The switches: listed, and turned by a person.

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::Value;
use shared::app::{App, SharedApp};
use shared::auth::Caller;
use shared::domain::kernel::account::Role;
use shared::domain::kernel::id::CompanyId;
use shared::domain::platform::switch::{SwitchName, SwitchScope, SwitchState, SwitchedOff, Switches};
use shared::http::body::{note_field, text_field};
use shared::http::idempotent::{IdempotencyKey, idempotent};
use shared::http::{Answer, Failure, JsonBody};
use shared::store::platform::switches::SwitchRow;
use shared::switches::{self, TurnError, TurnRequest};
use shared::views::platform::switch::{SwitchScopeView, SwitchView, SwitchedOffView, TurnedSwitchView};
use shared::views::{ListView, Timestamp};

use crate::held_rows::HeldRows;

/// Longer than every id of a company.
const MAX_ID_CHARS: usize = 500;

/// As many as in the other lists.
const MAX_SHOWN: usize = 100;

/// The switches that an owner may turn. The others move or hold money that is not the company's alone.
const OF_OWNERS: [SwitchName; 2] = [SwitchName::Reminders, SwitchName::Incentives];

pub(super) async fn list(State(app): State<SharedApp>, caller: Caller) -> Result<Answer, Failure> {
    let rows = app.store()?.switch_rows().await?;
    Ok(Answer::ok(ListView { data: visible(&rows, &app, &caller), next_cursor: None }))
}

/// The switches that concern a caller: those of the deployment and of its company, and for the platform's own company
/// those of others that are off.
fn visible(rows: &[(SwitchScope, SwitchRow)], app: &App, caller: &Caller) -> Vec<SwitchView> {
    let own = SwitchScope::Company(caller.company.id().clone());
    let none = Switches::new();
    let is_platform = is_platform(app, caller);
    let mut views = Vec::new();
    for scope in [SwitchScope::Deployment, own.clone()] {
        let known = rows.iter().find(|(known, _)| *known == scope).map_or(&none, |(_, row)| &row.switches);
        for name in SwitchName::ALL {
            views.push(show(name, &scope, known.get(&name), is_platform));
        }
    }
    let others = rows.iter().filter(|(scope, _)| is_platform && scope.company().is_some() && *scope != own);
    for (scope, row) in others {
        let off = row.switches.iter().filter(|(_, state)| !state.is_on);
        views.extend(off.map(|(name, state)| show(*name, scope, Some(state), is_platform)));
    }
    views.truncate(MAX_SHOWN);
    views
}

/// The switches that are off and concern a caller, with what they hold back.
pub(super) fn switched_off(
    rows: &[(SwitchScope, SwitchRow)],
    held_rows: &HeldRows,
    app: &App,
    caller: &Caller,
) -> Vec<SwitchedOffView> {
    let own = caller.company.id();
    let only = (!is_platform(app, caller)).then_some(own);
    let off = visible(rows, app, caller).into_iter().filter(|switch| !switch.is_on);
    off.map(|switch| held_rows.held_by(switch, only, own)).collect()
}

/// Everything that is switched off.
pub(super) fn off(rows: &[(SwitchScope, SwitchRow)]) -> SwitchedOff {
    let mut off = SwitchedOff::default();
    for (scope, row) in rows {
        off.add(scope, &row.switches);
    }
    off
}

fn show(
    switch: SwitchName,
    scope: &SwitchScope,
    state: Option<&SwitchState>,
    is_platform: bool,
) -> SwitchView {
    // A note about the deployment may name another company.
    let explained = state.filter(|_| is_platform || *scope != SwitchScope::Deployment);
    SwitchView {
        switch,
        scope: match scope {
            SwitchScope::Deployment => SwitchScopeView::Deployment,
            SwitchScope::Company(_) => SwitchScopeView::Company,
        },
        company_id: scope.company().cloned(),
        is_on: state.is_none_or(|state| state.is_on),
        note: explained.and_then(|state| state.note.clone()),
        by: explained.map(|state| state.by.clone()),
        at: state.map(|state| Timestamp(state.at)),
    }
}

pub(super) fn is_platform(app: &App, caller: &Caller) -> bool {
    app.config.platform_company.as_ref() == Some(caller.company.id()) && caller.role != Role::Owner
}

pub(super) async fn turn(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(switch): Path<String>,
    idempotency_key: IdempotencyKey,
    body: JsonBody,
) -> Result<Response, Failure> {
    let switch = SwitchName::parse(&switch).ok_or(Failure::Absent)?;
    let wanted = Wanted::read(&body)?;
    let run = |_| wanted.execute(&app, &caller, switch);
    idempotent(&app, &caller.company, &caller.id, &idempotency_key, &body, run).await
}

struct Wanted {
    is_on: bool,
    note: Option<String>,
    company_id: Option<CompanyId>,
}

impl Wanted {
    fn read(body: &JsonBody) -> Result<Self, Failure> {
        let fields = body.object(&["is_on", "note", "company_id"])?;
        let is_on = fields.get("is_on").and_then(Value::as_bool);
        let is_on = is_on.ok_or_else(|| Failure::field("is_on", "expected true or false"))?;
        let note = fields.contains_key("note").then(|| note_field(fields)).transpose()?;
        if note.is_none() && !is_on {
            return Err(Failure::field("note", "expected the reason, which others read"));
        }
        let company_id =
            fields.contains_key("company_id").then(|| text_field(fields, "company_id", MAX_ID_CHARS));
        let company_id = company_id.transpose()?.map(CompanyId::parse).transpose();
        let company_id = company_id.map_err(|error| Failure::field("company_id", error.to_string()))?;
        let note = note.map(str::to_owned);
        Ok(Self { is_on, note, company_id })
    }

    async fn execute(self, app: &SharedApp, caller: &Caller, switch: SwitchName) -> Result<Answer, Failure> {
        let scope = self.scope(app, caller)?;
        if caller.role == Role::Owner && !OF_OWNERS.contains(&switch) {
            return Err(Failure::Forbidden("Owners may turn reminders and incentives only."));
        }
        let (by, source, at) = (caller.id.clone(), caller.role.into(), app.clock.now());
        let wanted = SwitchState { is_on: self.is_on, note: self.note, by, source, at };
        let request = TurnRequest { switch, scope, wanted };
        let turned = match switches::turn(app.store()?, &app.ids, &request).await {
            Ok(turned) => turned,
            Err(TurnError::Store(error)) => return Err(error.into()),
            Err(TurnError::OfStaff) => {
                return Err(Failure::Forbidden("Staff turned this off, so only staff can turn it on."));
            }
        };
        let company_id = request.scope.company().map(tracing::field::display);
        let (is_on, changed) = (request.wanted.is_on, turned.changed);
        tracing::info!(switch = switch.as_str(), company_id, is_on, changed, "a switch was turned by hand");
        let switch = show(switch, &request.scope, turned.state.as_ref(), is_platform(app, caller));
        Ok(Answer::ok(TurnedSwitchView { changed, switch }))
    }

    /// Without a company: the whole deployment for the platform's own staff, and the caller's company for others.
    fn scope(&self, app: &App, caller: &Caller) -> Result<SwitchScope, Failure> {
        match &self.company_id {
            None if is_platform(app, caller) => Ok(SwitchScope::Deployment),
            None => Ok(SwitchScope::Company(caller.company.id().clone())),
            Some(company) if company == caller.company.id() || is_platform(app, caller) => {
                Ok(SwitchScope::Company(company.clone()))
            }
            Some(_) => Err(Failure::Absent),
        }
    }
}
