//! The histories of cases, memberships and payments.

use shared::domain::kernel::id::{CaseId, MembershipId, PaymentId};
use shared::domain::kernel::party::PaymentIntentId;
use shared::domain::recovery::case::Hold;
use shared::domain::recovery::timeline::{CaseFact, CaseFactKind};
use shared::http::Failure;
use shared::store::StoreError;
use shared::views::Timestamp;
use shared::views::platform::history::{HistoryEntryKind, HistoryEntryView};

use super::HistoryReader;
use super::audit;
use super::entry::{Entry, of_effect, positioned, with_money};

impl HistoryReader<'_> {
    /// A case: the facts of its membership while it lasted, its messages and other actions, and its audit entries.
    pub(super) async fn case(&self, case_id: CaseId) -> Result<Option<Vec<Entry>>, StoreError> {
        let Some(case) = self.company.case(case_id).await? else { return Ok(None) };
        let record = self.company.membership(&case.membership_id).await?;
        let effects = self.company.actions(case_id).await?;
        let audit = self.company.whole_audit_about(&case_id.to_string()).await?;
        let facts = record.facts_of(case_id).into_iter().map(of_fact);
        let entries = positioned(facts)
            .chain(positioned(audit.iter().map(|entry| audit::show(entry, &effects))))
            .chain(positioned(effects.iter().map(of_effect)))
            .chain(positioned(case.hold.iter().map(of_hold)));
        let of_case = |mut entry: Entry| {
            entry.view.case_id = Some(case_id);
            entry.view.membership_id = Some(case.membership_id.clone());
            entry
        };
        Ok(Some(entries.map(of_case).collect()))
    }

    /// A membership: all its facts, and when each of its cases changed. A case has the rest.
    pub(super) async fn membership(&self, id: &MembershipId) -> Result<Option<Vec<Entry>>, StoreError> {
        self.membership_facts(id, |_| true).await
    }

    /// A payment at Whop: the facts that name it, and the changes of the cases that they belong to. A payment at
    /// Stripe: its booking.
    pub(super) async fn payment(&self, id: &str) -> Result<Option<Vec<Entry>>, Failure> {
        let inbox = self.store.inbox();
        if let Ok(payment_intent) = PaymentIntentId::parse(id) {
            let owner = inbox.booking_owner(payment_intent.as_str()).await?;
            return match owner.filter(|owner| owner.company_id == *self.company.id()) {
                Some(owner) => Ok(self.booking(owner.booking_id).await?),
                None => Ok(None),
            };
        }
        let expected = || Failure::field("id", "expected a payment id such as pay_a1B2c3 or pi_a1B2c3");
        let payment = PaymentId::parse(id).map_err(|_| expected())?;
        let owner = inbox.owner(payment.as_str()).await?;
        match owner.filter(|owner| owner.company_id == *self.company.id()) {
            Some(owner) => {
                let names_it = |fact: &CaseFact| fact.what.payment() == Some(&payment);
                Ok(self.membership_facts(&owner.membership_id, names_it).await?)
            }
            None => Ok(None),
        }
    }

    async fn membership_facts(
        &self,
        id: &MembershipId,
        is_wanted: impl Fn(&CaseFact) -> bool,
    ) -> Result<Option<Vec<Entry>>, StoreError> {
        let record = self.company.membership(id).await?;
        if record.version == 0 {
            return Ok(None);
        }
        let facts = record.timeline.facts().filter(|fact| is_wanted(fact)).map(of_fact);
        let mut entries: Vec<Entry> = positioned(facts).collect();
        for case in &record.cases {
            if record.facts_of(case.case_id).into_iter().any(&is_wanted) {
                let audit = self.company.whole_audit_about(&case.case_id.to_string()).await?;
                entries.extend(positioned(audit.iter().map(|entry| audit::show(entry, &[]))));
            }
        }
        entries.iter_mut().for_each(|entry| entry.view.membership_id = Some(id.clone()));
        Ok(Some(entries))
    }
}

fn of_fact(fact: &CaseFact) -> HistoryEntryView {
    let view = HistoryEntryView::new(Timestamp(fact.at), HistoryEntryKind::Fact, fact.what.name());
    let reference = fact.what.payment().map(ToString::to_string);
    let view = with_money(HistoryEntryView { reference, ..view }, fact.what.money());
    let text = |code: &str| Some(code.to_owned());
    match &fact.what {
        CaseFactKind::Cancelled { by } => HistoryEntryView { reason: text(by.as_str()), ..view },
        CaseFactKind::BoughtAgain { membership } => {
            HistoryEntryView { reference: text(membership.as_str()), ..view }
        }
        CaseFactKind::CancelScheduled { scheduled } => {
            HistoryEntryView { status: text(if *scheduled { "scheduled" } else { "revoked" }), ..view }
        }
        CaseFactKind::CollectionPaused { paused } => {
            HistoryEntryView { status: text(if *paused { "paused" } else { "resumed" }), ..view }
        }
        CaseFactKind::Returned { return_id, .. } => HistoryEntryView { reason: text(return_id), ..view },
        _ => view,
    }
}

/// Why no message is sent now.
fn of_hold(hold: &Hold) -> HistoryEntryView {
    let view = HistoryEntryView::new(Timestamp(hold.since), HistoryEntryKind::Hold, "message_held");
    HistoryEntryView { reason: Some(hold.reason.as_str().to_owned()), ..view }
}
