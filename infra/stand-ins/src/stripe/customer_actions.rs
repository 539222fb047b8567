//! Changes at Stripe that do not come from our requests: by customers, banks, account owners and Stripe
//! itself.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use serde_json::json;

use super::StripeStandIn;
use super::change::Change;
use super::transaction::{StripeTransaction, id as next_id};
use super::world::{Account, Charge, IntentStatus, PaymentIntent, Transfer};

/// The usual validity of a card authorization.
const HOLD_DAYS: i64 = 7;

/// Each of these panics on an impossible request, such as for an unknown charge, because the test or demo is
/// wrong.
impl StripeStandIn {
    /// The customer confirms, and their bank authorizes the money for seven days.
    pub fn authorize(&self, intent_id: &str) {
        let until = self.now() + Duration::days(HOLD_DAYS);
        self.authorize_until(intent_id, until);
    }

    /// Like [`Self::authorize`] with an authorization that is valid until `capture_before`.
    pub fn authorize_until(&self, intent_id: &str, capture_before: DateTime<Utc>) {
        self.happens(|transaction| {
            let mut intent = intent_of(transaction, intent_id);
            assert!(intent.charge.is_none(), "{intent_id} was paid before");
            let charge = Charge {
                id: next_id("ch", transaction.world.charges.len()),
                intent: intent.id.clone(),
                amount: intent.amount,
                amount_captured: 0,
                amount_refunded: 0,
                drawn: 0,
                currency: intent.currency.clone(),
                metadata: intent.metadata.clone(),
                transfer_group: intent.transfer_group.clone(),
                dispute: None,
                created: transaction.now,
                capture_before,
                available_on: None,
            };
            intent.charge = Some(charge.id.clone());
            intent.status = IntentStatus::RequiresCapture;
            transaction.event("charge.succeeded", charge.shape());
            if !intent.manual_capture {
                transaction.capture(intent, charge);
                return;
            }
            transaction.event("payment_intent.amount_capturable_updated", intent.shape(None));
            transaction.put(Change::Charge(Box::new(charge)));
            transaction.put(Change::PaymentIntent(Box::new(intent)));
        });
    }

    /// Sets the status of a PaymentIntent, such as `processing`, without an event.
    pub fn set_status(&self, intent_id: &str, status: IntentStatus) {
        self.happens(|transaction| {
            let intent = intent_of(transaction, intent_id);
            transaction.put(Change::PaymentIntent(Box::new(PaymentIntent { status, ..intent })));
        });
    }

    /// Captures in Stripe's dashboard.
    pub fn capture_outside(&self, intent_id: &str) {
        self.happens(|transaction| {
            let (intent, charge) = (intent_of(transaction, intent_id), charge_of(transaction, intent_id));
            assert_eq!(intent.status, IntentStatus::RequiresCapture, "{intent_id} is not held");
            transaction.capture(intent, charge);
        });
    }

    /// Cancels in Stripe's dashboard.
    pub fn cancel_outside(&self, intent_id: &str) {
        self.happens(|transaction| {
            let intent = intent_of(transaction, intent_id);
            assert_ne!(intent.status, IntentStatus::Succeeded, "{intent_id} was captured");
            transaction.cancel(intent, Some("requested_by_customer".to_owned()));
        });
    }

    /// Refunds a part of a charge in Stripe's dashboard.
    pub fn refund(&self, intent_id: &str, amount: i64) {
        self.happens(|transaction| {
            let charge = charge_of(transaction, intent_id);
            assert!(amount <= charge.kept(), "more than is left of {intent_id}");
            assert!(!charge.is_charged_back(), "the customer's bank took {intent_id} back");
            transaction.refund(charge, amount, Some("requested_by_customer".to_owned()), BTreeMap::new());
        });
    }

    /// A refund of this amount, the newest of a payment, fails after all: Stripe fails only whole ones.
    pub fn fail_refund(&self, intent_id: &str, amount: i64) {
        self.happens(|transaction| {
            let refund =
                transaction.world.refunds.values().rev().find(|refund| {
                    refund.intent == intent_id && refund.amount == amount && !refund.has_failed()
                });
            let refund = refund.cloned().unwrap_or_else(|| panic!("no refund of {amount} of {intent_id}"));
            transaction.fail_refund(charge_of(transaction, intent_id), refund);
        });
    }

    /// Takes some of a transfer back.
    pub fn reverse_transfer(&self, transfer_id: &str, amount: i64) {
        self.happens(|transaction| {
            let known = transaction.world.transfers.get(transfer_id).cloned();
            let mut transfer: Transfer = known.unwrap_or_else(|| panic!("no transfer {transfer_id}"));
            transfer.reversals.push((transaction.now, amount));
            assert!(transfer.amount_reversed() <= transfer.amount, "more than {transfer_id} moved");
            let id = transfer.reversal_id(transfer.reversals.len());
            transaction.line("transfer_refund", Some(&id), (amount, 0, &transfer.currency), transaction.now);
            transaction.event("transfer.reversed", transfer.shape());
            transaction.put(Change::Transfer(Box::new(transfer)));
        });
    }

    /// Adds an account that takes transfers, or replaces the one with its id.
    pub fn add_account(&self, id: &str, default_currency: &str) {
        let (id, default_currency) = (id.to_owned(), default_currency.to_owned());
        let metadata = BTreeMap::new();
        let account = Account { id, default_currency, disabled_reason: None, deleted: false, metadata };
        self.happens(|transaction| transaction.put(Change::Account(account)));
    }

    /// The platform adds an account for a professional of a company, and writes that on it.
    pub fn add_account_of(&self, id: &str, default_currency: &str, company: &str, professional: &str) {
        self.add_account(id, default_currency);
        self.name_account_owner(id, company, professional);
    }

    /// Writes the owner into an account's metadata, as the platform does.
    pub fn name_account_owner(&self, id: &str, company: &str, professional: &str) {
        let named = [("company_id", company), ("professional_id", professional)];
        let metadata = named.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        self.happens(|transaction| {
            let account = Account { metadata, ..account_of(transaction, id) };
            transaction.put(Change::Account(account));
        });
    }

    /// Stripe restricts an account for a reason, such as `requirements.past_due`, or frees it again.
    pub fn restrict_account(&self, id: &str, disabled_reason: Option<&str>) {
        self.happens(|transaction| {
            let disabled_reason = disabled_reason.map(str::to_owned);
            let account = Account { disabled_reason, ..account_of(transaction, id) };
            transaction.event_at(Some(id), "account.updated", account.shape());
            transaction.put(Change::Account(account));
        });
    }

    /// The account's owner leaves the platform.
    pub fn delete_account(&self, id: &str) {
        self.happens(|transaction| {
            let account = Account { deleted: true, ..account_of(transaction, id) };
            let application = json!({"id": "ca_sandbox", "object": "application"});
            transaction.event_at(Some(id), "account.application.deauthorized", application);
            transaction.put(Change::Account(account));
        });
    }

    /// A payout from an account to its bank fails.
    pub fn fail_payout(&self, account: &str, amount: i64, currency: &str) {
        self.happens(|transaction| {
            let payout = json!({
                "id": next_id("po", transaction.world.events.len()), "object": "payout", "amount": amount,
                "currency": currency, "status": "failed", "failure_code": "account_closed",
            });
            transaction.event_at(Some(account), "payout.failed", payout);
        });
    }

    /// Sets the available balance by one more balance transaction: a top-up from, or a payout to, the
    /// platform's bank.
    pub fn set_balance(&self, currency: &str, amount: i64) {
        self.happens(|transaction| {
            let difference = amount - transaction.world.available(currency);
            let kind = if difference < 0 { "payout" } else { "topup" };
            transaction.line(kind, None, (difference, 0, currency), transaction.now);
        });
    }

    /// Transfers money to an account in Stripe's dashboard and returns the transfer's id.
    pub fn transfer_outside(&self, account: &str, amount: i64, currency: &str) -> String {
        let id = next_id("tr", self.now_and_world().1.transfers.len());
        self.happens(|transaction| {
            account_of(transaction, account);
            let line = transaction.line("transfer", Some(&id), (-amount, 0, currency), transaction.now);
            let transfer = Transfer {
                id: id.clone(),
                amount,
                currency: currency.to_owned(),
                destination: account.to_owned(),
                transfer_group: None,
                source_transaction: None,
                metadata: BTreeMap::new(),
                description: None,
                line,
                reversals: Vec::new(),
                created: transaction.now,
            };
            transaction.event("transfer.created", transfer.shape());
            transaction.put(Change::Transfer(Box::new(transfer)));
        });
        id
    }

    /// Stripe books something that belongs to nothing we know, such as a correction by its staff.
    pub fn adjust_balance(&self, currency: &str, amount: i64) {
        self.happens(|transaction| {
            transaction.line("adjustment", None, (amount, 0, currency), transaction.now);
        });
    }

    pub(super) fn happens(&self, act: impl FnOnce(&mut StripeTransaction<'_>)) {
        let (now, mut world) = self.now_and_world();
        let mut transaction = StripeTransaction::new(&world, now, None);
        act(&mut transaction);
        let (sent, changes) = transaction.into_parts();
        self.commit(&mut world, sent, changes);
    }
}

fn intent_of(transaction: &StripeTransaction<'_>, id: &str) -> PaymentIntent {
    transaction.world.intents.get(id).cloned().unwrap_or_else(|| panic!("no payment intent {id}"))
}

pub(super) fn charge_of(transaction: &StripeTransaction<'_>, intent_id: &str) -> Charge {
    let charge = transaction.world.charge_of(&intent_of(transaction, intent_id)).cloned();
    charge.unwrap_or_else(|| panic!("{intent_id} is not paid"))
}

fn account_of(transaction: &StripeTransaction<'_>, id: &str) -> Account {
    transaction.world.accounts.get(id).cloned().unwrap_or_else(|| panic!("no account {id} was added"))
}
