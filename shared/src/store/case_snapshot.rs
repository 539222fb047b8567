//! What a decision about a case is made of, read in one request.

use super::company::{Company, CompanyState, SettingsRow};
use super::error::StoreError;
use super::keys::Key;
use super::read_row;
use crate::domain::case::Case;
use crate::domain::effect::{Effect, Subject};
use crate::domain::id::CaseId;

/// A case as it stands, and everything beside it that a decision about it depends on.
#[derive(Debug)]
pub struct CaseSnapshot {
    /// The action of the operation that is to be decided, where it was decided before.
    pub decided: Option<Effect>,
    /// The case, unless there is none of that id.
    pub case: Option<Case>,
    /// What the company wants.
    pub settings: SettingsRow,
    /// What the sweep remembers of the company.
    pub state: CompanyState,
}

impl Company {
    /// Everything that deciding on `operation` for a case depends on.
    pub async fn case_snapshot(&self, case_id: CaseId, operation: &str) -> Result<CaseSnapshot, StoreError> {
        let action = Key::action(&self.company, Subject::Case(case_id), operation);
        let keys = [
            action,
            Key::case(&self.company, case_id),
            Key::settings(&self.company),
            Key::company_state(&self.company),
        ];
        let [decided, case, settings, state] = self.store.get_each(keys).await?;
        Ok(CaseSnapshot {
            decided: decided.map(read_row).transpose()?,
            case: case.map(read_row).transpose()?,
            settings: settings.map(read_row).transpose()?.unwrap_or_default(),
            state: state.map(read_row).transpose()?.unwrap_or_default(),
        })
    }

    /// Settings and state together.
    pub async fn settings_and_state(&self) -> Result<(SettingsRow, CompanyState), StoreError> {
        let keys = [Key::settings(&self.company), Key::company_state(&self.company)];
        let [settings, state] = self.store.get_each(keys).await?;
        let settings = settings.map(read_row).transpose()?.unwrap_or_default();
        Ok((settings, state.map(read_row).transpose()?.unwrap_or_default()))
    }
}
