//! The history of a webhook event: its arrival, what became of it, and who replayed it.

use std::collections::BTreeSet;

use shared::domain::kernel::id::CompanyId;
use shared::domain::kernel::party::BookingId;
use shared::domain::kernel::provider::Provider;
use shared::domain::platform::action::{Actor, Source};
use shared::domain::platform::event::{Event, Meaning};
use shared::store::StoreError;
use shared::store::platform::inbox::{Inbox, StoredEvent};
use shared::views::Timestamp;
use shared::views::platform::history::{HistoryEntryKind, HistoryEntryView};

use super::HistoryReader;
use super::audit;
use super::entry::{Entry, positioned};

/// The sources of events whose owners are known.
const PROVIDERS: [Provider; 3] = [Provider::Whop, Provider::Stripe, Provider::Resend];

impl HistoryReader<'_> {
    /// The events with this id, of every source. The platform's company also sees those without an owner.
    pub(super) async fn event(&self, event_id: &str) -> Result<Option<Vec<Entry>>, StoreError> {
        let inbox = self.store.inbox();
        let mut sources: BTreeSet<&str> = PROVIDERS.iter().map(|provider| provider.as_str()).collect();
        sources.extend(self.app.config.webhook_secrets.iter().map(|(source, _)| source.as_str()));
        let mut events = Vec::new();
        for source in sources {
            let Some(event) = inbox.event(source, event_id).await? else { continue };
            let owner = owner(&inbox, &event.payload_min).await?;
            if owner.as_ref().or(self.app.config.platform_company.as_ref()) == Some(self.company.id()) {
                events.push(of_event(&event));
            }
        }
        if events.is_empty() {
            return Ok(None);
        }
        let audit = self.company.whole_audit_about(event_id).await?;
        let audit = audit.iter().map(|entry| audit::show(entry, &[]));
        Ok(Some(positioned(events).chain(positioned(audit)).collect()))
    }
}

/// The company that an event belongs to; `None` if neither the event nor our own records name one.
async fn owner(inbox: &Inbox, event: &Event) -> Result<Option<CompanyId>, StoreError> {
    if let Some(company) = &event.company_id {
        return Ok(Some(company.clone()));
    }
    let membership = event.membership_id.as_ref().map(ToString::to_string);
    let payment = event.payment_id.as_ref().map(ToString::to_string);
    for id in membership.into_iter().chain(payment) {
        if let Some(owner) = inbox.owner(&id).await? {
            return Ok(Some(owner.company_id));
        }
    }
    let account = match &event.meaning {
        Meaning::Booking { payment_intent: Some(payment_intent), .. }
        | Meaning::RefundFailed { payment_intent }
        | Meaning::UnreadablePayment { payment_intent, .. } => {
            let owner = inbox.booking_owner(payment_intent.as_str()).await?;
            return Ok(owner.map(|owner| owner.company_id));
        }
        Meaning::Account(status) => &status.account,
        Meaning::PayoutFailed { account, .. } | Meaning::UnreadableAccount { account, .. } => account,
        _ => return Ok(None),
    };
    Ok(inbox.payee_owner(account).await?.map(|owner| owner.company_id))
}

fn of_event(event: &StoredEvent) -> HistoryEntryView {
    let read = &event.payload_min;
    let mut view = HistoryEntryView::new(Timestamp(event.received_at), HistoryEntryKind::Event, &*read.name);
    view.actor = Some(Actor::Provider.id().to_owned());
    view.originator = Some(Source::Webhook);
    view.provider = PROVIDERS.into_iter().find(|provider| provider.as_str() == event.source);
    view.cause = view.provider.is_none().then(|| event.source.clone());
    view.status = Some(event.status.as_str().to_owned());
    view.reason.clone_from(&event.reason);
    view.tries = Some(event.tries);
    view.reference = read.payment_id.as_ref().map(ToString::to_string);
    view.membership_id.clone_from(&read.membership_id);
    view.event_id = Some(read.event_id.clone());
    let (booking_id, payment_intent) = payment_of(&read.meaning);
    view.booking_id = booking_id;
    view.reference = view.reference.or(payment_intent);
    view
}

/// The booking and the payment at Stripe that an event names.
fn payment_of(meaning: &Meaning) -> (Option<BookingId>, Option<String>) {
    match meaning {
        Meaning::Booking { booking_id, payment_intent, .. } => {
            (*booking_id, payment_intent.as_ref().map(ToString::to_string))
        }
        Meaning::RefundFailed { payment_intent } | Meaning::UnreadablePayment { payment_intent, .. } => {
            (None, Some(payment_intent.to_string()))
        }
        _ => (None, None),
    }
}
