//! The history of a switch: who turned it off and on, when and why, of each scope that the caller sees.

use serde_json::Value;
use shared::domain::platform::switch::SwitchName;
use shared::json;
use shared::store::StoreError;
use shared::store::company::AuditEntry;
use shared::views::platform::history::HistoryEntryView;
use shared::views::platform::switch::SwitchScopeView;

use super::HistoryReader;
use super::audit;
use super::entry::{Entry, positioned};

impl HistoryReader<'_> {
    /// The deployment's and the company's own entries; for the platform's staff those of every company.
    pub(super) async fn switch(
        &self,
        switch: SwitchName,
        is_platform: bool,
    ) -> Result<Vec<Entry>, StoreError> {
        let of_deployment = self.store.deployment_audit_of(switch).await?;
        let mut views: Vec<HistoryEntryView> =
            of_deployment.iter().map(|entry| show(entry, is_platform)).collect();
        let mut companies = vec![self.company.id().clone()];
        if is_platform {
            let rows = self.store.switch_rows().await?;
            let others = rows.iter().filter_map(|(scope, _)| scope.company());
            companies.extend(others.filter(|company| *company != self.company.id()).cloned());
        }
        for company in companies {
            let entries = self.store.company(&company).whole_audit_about(switch.as_str()).await?;
            views.extend(entries.iter().filter(|entry| entry.is_about(switch)).map(|entry| {
                HistoryEntryView {
                    scope: Some(SwitchScopeView::Company),
                    company_id: Some(company.clone()),
                    ..show(entry, true)
                }
            }));
        }
        views.sort_by_key(|view| view.at.0);
        Ok(positioned(views).collect())
    }
}

/// An entry of the deployment. A note about the deployment may name another company, so it is for the platform's staff,
/// and so is the name of who wrote it, as in the list of switches.
fn show(entry: &AuditEntry, is_explained: bool) -> HistoryEntryView {
    let detail =
        entry.detail.as_deref().and_then(|detail| json::read_trusted::<Value>(detail.as_bytes()).ok());
    let note = detail.and_then(|detail| Some(detail["note"].as_str()?.to_owned()));
    let view = audit::show(entry, &[]);
    HistoryEntryView {
        scope: Some(SwitchScopeView::Deployment),
        actor: view.actor.filter(|_| is_explained),
        detail: note.filter(|_| is_explained),
        ..view
    }
}
