//! What a decision about a case is made of, read in one request.

use crate::domain::kernel::id::CaseId;
use crate::domain::platform::effect::{Effect, Subject};
use crate::domain::recovery::case::Case;
use crate::store::company::{Company, SettingsRow, SweepRecord};
use crate::store::error::StoreError;
use crate::store::keys::Key;
use crate::store::read_row;

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
    pub sweep_record: SweepRecord,
}

impl Company {
    /// Everything that deciding on `operation` for a case depends on.
    pub async fn case_snapshot(&self, case_id: CaseId, operation: &str) -> Result<CaseSnapshot, StoreError> {
        let action = Key::action(&self.company, Subject::Case(case_id), operation);
        let keys = [
            action,
            Key::case(&self.company, case_id),
            Key::settings(&self.company),
            Key::sweep_record(&self.company),
        ];
        let [decided, case, settings, sweep_record] = self.store.get_each(keys).await?;
        Ok(CaseSnapshot {
            decided: decided.map(read_row).transpose()?,
            case: case.map(read_row).transpose()?,
            settings: settings.map(read_row).transpose()?.unwrap_or_default(),
            sweep_record: sweep_record.map(read_row).transpose()?.unwrap_or_default(),
        })
    }

    /// Both in one request.
    pub async fn settings_and_sweep_record(&self) -> Result<(SettingsRow, SweepRecord), StoreError> {
        let keys = [Key::settings(&self.company), Key::sweep_record(&self.company)];
        let [settings, sweep_record] = self.store.get_each(keys).await?;
        let settings = settings.map(read_row).transpose()?.unwrap_or_default();
        Ok((settings, sweep_record.map(read_row).transpose()?.unwrap_or_default()))
    }
}
