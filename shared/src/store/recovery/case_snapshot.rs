//! The input of a decision about a case, read in one request.

use crate::domain::kernel::id::CaseId;
use crate::domain::platform::effect::{Effect, Subject};
use crate::domain::recovery::case::Case;
use crate::store::company::{Company, SettingsRow, SweepRecord};
use crate::store::error::StoreError;
use crate::store::keys::Key;
use crate::store::read_row;

/// A case and everything else that a decision about it depends on.
#[derive(Debug)]
pub struct CaseSnapshot {
    /// The existing action of the operation, if it was decided before.
    pub decided: Option<Effect>,
    /// `None` if there is no case with that id.
    pub case: Option<Case>,
    pub settings: SettingsRow,
    pub sweep_record: SweepRecord,
}

impl Company {
    /// Reads everything that a decision about `operation` depends on.
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

    /// Reads both rows in one request.
    pub async fn settings_and_sweep_record(&self) -> Result<(SettingsRow, SweepRecord), StoreError> {
        let keys = [Key::settings(&self.company), Key::sweep_record(&self.company)];
        let [settings, sweep_record] = self.store.get_each(keys).await?;
        let settings = settings.map(read_row).transpose()?.unwrap_or_default();
        Ok((settings, sweep_record.map(read_row).transpose()?.unwrap_or_default()))
    }
}
