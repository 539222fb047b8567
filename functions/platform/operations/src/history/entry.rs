//! An entry with its position, and the entries of effects and of the ledger.

use shared::domain::kernel::money::Money;
use shared::domain::kernel::time;
use shared::domain::marketplace::ledger::LedgerEntry;
use shared::domain::platform::effect::{Effect, Request};
use shared::views::Timestamp;
use shared::views::platform::history::{HistoryEntryKind, HistoryEntryView, PostingView};

/// An entry and its position in the history.
pub(super) struct Entry {
    /// Sorts by time, then by kind, then in the order of its list.
    pub(super) position: String,
    pub(super) view: HistoryEntryView,
}

/// Gives the entries of one kind their positions; entries of the same time keep their order.
pub(super) fn positioned(views: impl IntoIterator<Item = HistoryEntryView>) -> impl Iterator<Item = Entry> {
    views.into_iter().enumerate().map(|(number, view)| {
        let position = format!("{}#{:02}#{number:05}", time::format(view.at.0), view.kind as u8);
        Entry { position, view }
    })
}

pub(super) fn with_money(view: HistoryEntryView, money: Option<&Money>) -> HistoryEntryView {
    let (amount, currency) = (money.map(|money| money.amount), money.map(|money| money.currency.clone()));
    HistoryEntryView { amount, currency, ..view }
}

/// An effect with its outcome, without its request, which may name a person.
pub(super) fn of_effect(effect: &Effect) -> HistoryEntryView {
    let action = &effect.action;
    let mut view =
        HistoryEntryView::new(Timestamp(action.at), HistoryEntryKind::Effect, action.kind.as_str());
    view.actor = Some(action.actor.id().to_owned());
    view.originator = Some((&action.actor).into());
    view.status = Some(effect.status.as_str().to_owned());
    view.reason.clone_from(&effect.reason);
    view.operation = Some(action.operation.clone());
    view.provider = effect.request.provider();
    view.tries = Some(effect.tries);
    view.ended_at = effect.ended_at.map(Timestamp);
    view.detail = action.days.map(|days| format!("{days} days"));
    match &effect.request {
        Request::Hold { money, .. } => with_money(view, Some(money)),
        Request::Capture { payment_intent }
        | Request::Release { payment_intent, .. }
        | Request::Refund { payment_intent } => {
            HistoryEntryView { reference: Some(payment_intent.to_string()), ..view }
        }
        Request::Transfer(request) => HistoryEntryView {
            amount: Some(request.amount),
            currency: Some(request.currency.clone()),
            batch_id: Some(request.metadata.batch_id),
            ..view
        },
        _ => view,
    }
}

pub(super) fn of_ledger(entry: &LedgerEntry) -> HistoryEntryView {
    let view = HistoryEntryView::new(Timestamp(entry.at()), HistoryEntryKind::Ledger, entry.cause().as_str());
    let postings = entry.postings().iter().map(|posting| PostingView {
        account: posting.account.name(),
        amount: posting.amount,
        currency: posting.currency.clone(),
    });
    HistoryEntryView { postings: postings.collect(), ..view }
}
