//! A company's rows as a decision about its cases reads them.

use tokio::sync::OnceCell;

use super::member_channels::load_experience;
use crate::domain::kernel::ids::Ids;
use crate::providers::call::CallError;
use crate::providers::whop::client::Whop;
use crate::store::Company;
use crate::store::company::{SettingsRow, SweepRecord};

/// A company as read at the start of its queue, or for one decision.
pub(super) struct CompanyView {
    pub company: Company,
    pub settings: SettingsRow,
    pub sweep_record: SweepRecord,
    experience: OnceCell<Result<Option<String>, CallError>>,
}

impl CompanyView {
    pub(super) fn new(company: Company, settings: SettingsRow, sweep_record: SweepRecord) -> Self {
        Self { company, settings, sweep_record, experience: OnceCell::new() }
    }

    /// The company's experience, requested from Whop once at most.
    pub(super) async fn experience(
        &self,
        whop: &Whop,
        app_id: &str,
        ids: &Ids,
    ) -> Result<Option<String>, CallError> {
        let ask = || load_experience(whop, app_id, &self.company, &self.sweep_record, ids.next());
        self.experience.get_or_init(ask).await.clone()
    }
}
