//! Paid and completed jobs in Stripe's sandbox and in the ledger, and the reconciliation that compares both.

use std::collections::BTreeMap;

use chrono::Duration;
use http::Method;
use serde_json::Value;
use shared::domain::kernel::id::CompanyId;
use shared::domain::kernel::money::{Currency, Money};
use shared::domain::kernel::party::{
    BookingId, CustomerId, PaymentIntentId, ProfessionalId, StripeAccountId, TransferId,
};
use shared::domain::marketplace::booking::{Booking, BookingFact, BookingFactKind, FeeBasisPoints, Terms};
use shared::domain::marketplace::booking_record::{BookingChange, PayoutChange};
use shared::domain::marketplace::payout::{
    BatchId, TransferMetadata, TransferRequest, operation, transfer_group,
};
use shared::domain::platform::action::{Action, ActionKind, Actor};
use shared::domain::platform::effect::{Effect, EffectStatus, Request};
use shared::effects::{Outcome, execute};
use shared::providers::stripe::payment::NewPaymentIntent;
use shared::store::marketplace::reconciliation::{Cash, Finding, FindingKind, Reconciliation};
use shared::store::{Company, Store};
use stand_ins::fault::{Operation, Rule};
use stand_ins::outbox::Provider;

use crate::answer::answered;
use crate::world::{COMPANY, World};

pub const RECONCILE: &str = "/api/cron/reconcile";
pub const ACCOUNT: &str = "acct_1";

/// A booking and its payment.
#[derive(Debug, Clone)]
pub struct Job {
    pub id: BookingId,
    pub payment: String,
}

pub fn usd(amount: i64) -> Money {
    Money { amount, currency: Currency::parse("usd").unwrap() }
}

impl World {
    /// A world with a professional's account and a balance.
    pub async fn with_an_account() -> Self {
        let world = Self::start().await;
        world.service.sandbox.stripe.add_account(ACCOUNT, "usd");
        world.service.sandbox.stripe.set_balance("usd", 1_000_000);
        world
    }

    pub fn store(&self) -> &Store {
        self.service.app.store().unwrap()
    }

    pub fn its_company(&self) -> Company {
        self.store().company(&CompanyId::parse(COMPANY).unwrap())
    }

    /// Records facts in the ledger.
    pub async fn note(
        &self,
        id: BookingId,
        payment: Option<&str>,
        facts: Vec<BookingFactKind>,
        payout: Option<PayoutChange>,
    ) {
        let (company, now) = (self.its_company(), self.now());
        let fact = |what| BookingFact { at: now, what, source: "test".to_owned() };
        let change = BookingChange {
            facts: facts.into_iter().map(fact).collect(),
            payment_intent: payment.map(|id| PaymentIntentId::parse(id).unwrap()),
            payout,
            cause: "test".to_owned(),
            ..BookingChange::default()
        };
        let row = company.booking(id).await.unwrap();
        let booking_config = &self.service.app.config.marketplace.booking_config;
        let recording = company.record_booking(row, change, booking_config, now).unwrap();
        self.store().commit(self.service.app.ids.next(), recording.writes).await.unwrap();
    }

    /// A requested job that is paid at Stripe without a webhook.
    pub async fn paid_job(&self, name: &str, amount: i64) -> Job {
        let company = CompanyId::parse(COMPANY).unwrap();
        let id = BookingId::derive(&company, name);
        let payment = self.payment(id, name, amount).await;
        let terms = Terms {
            professional_id: ProfessionalId::parse("user_pro").unwrap(),
            customer_id: CustomerId::parse("user_customer").unwrap(),
            price: usd(amount),
            fee: FeeBasisPoints::new(1_500).unwrap(),
            scheduled_start: self.now() + Duration::days(90),
        };
        self.note(
            id,
            Some(&payment),
            vec![BookingFactKind::Requested(terms), BookingFactKind::Accepted],
            None,
        )
        .await;
        Job { id, payment }
    }

    /// A captured payment that names a booking.
    pub async fn payment(&self, id: BookingId, key: &str, amount: i64) -> String {
        let names = [("booking_id", id.to_string()), ("company_id", COMPANY.to_owned())];
        let metadata: BTreeMap<_, _> = names.map(|(name, value)| (name.to_owned(), value)).into();
        let new = NewPaymentIntent { money: usd(amount), metadata, transfer_group: transfer_group(id) };
        let payment = self.service.app.stripe.as_ref().unwrap().create_payment_intent(key, &new).await;
        let (payment, sandbox) = (payment.unwrap().id, &self.service.sandbox.stripe);
        sandbox.authorize(&payment);
        sandbox.capture_outside(&payment);
        payment
    }

    /// A paid and completed job, also in the ledger.
    pub async fn done_job(&self, name: &str, amount: i64) -> Job {
        let job = self.paid_job(name, amount).await;
        self.advance(Duration::minutes(1));
        let payment_intent = PaymentIntentId::parse(&job.payment).unwrap();
        let captured = BookingFactKind::Captured { payment_intent, charge: None, money: usd(amount) };
        self.note(job.id, None, vec![captured, BookingFactKind::Completed], None).await;
        job
    }

    /// Transfers the professional's share, as a payout does.
    pub async fn transfer_share(&self, job: &Job, amount: i64) -> EffectStatus {
        let name = operation(job.id, 1);
        let metadata = TransferMetadata {
            company_id: CompanyId::parse(COMPANY).unwrap(),
            booking_id: job.id,
            batch_id: BatchId::parse("payout-2025-11-18-tue").unwrap(),
            carried_amount: 0,
        };
        let request = TransferRequest {
            idempotency_key: name.clone(),
            amount,
            currency: usd(0).currency,
            destination: StripeAccountId::parse(ACCOUNT).unwrap(),
            transfer_group: transfer_group(job.id),
            source_transaction: None,
            metadata,
            booked_at: Some(self.now()),
        };
        let kind = ActionKind::ShareTransferred;
        let action = Action::plain(name.clone(), kind, Actor::Schedule, self.now());
        let effect = Effect::prepared(action, Request::Transfer(request), name);
        let (company, now) = (self.its_company(), self.now());
        let add = company.add_action(job.id, &effect, Some(now)).unwrap();
        self.store().commit(self.service.app.ids.next(), vec![add]).await.unwrap();
        self.note(job.id, None, vec![], Some(PayoutChange::Started)).await;
        self.perform_payout(job).await
    }

    /// Continues a payout, as the sweep does.
    pub async fn perform_payout(&self, job: &Job) -> EffectStatus {
        let (company, app) = (self.its_company(), &self.service.app);
        let effect = company.action(job.id, &operation(job.id, 1)).await.unwrap().unwrap();
        let (effect_clients, now) = (app.effect_clients(), app.clock.now());
        match execute(&company, job.id, effect, effect_clients, app.ids.next(), now).await.unwrap() {
            Outcome::Recorded(effect) => effect.status,
            Outcome::HeldByAnother | Outcome::SwitchedOff => EffectStatus::Sending,
        }
    }

    /// Records in the ledger that this transfer settled a share.
    pub async fn note_payout(&self, job: &Job, transfer: &str, amount: i64) {
        let batch = BatchId::parse("payout-2025-11-18-tue").unwrap();
        let transfer = Some(TransferId::parse(transfer).unwrap());
        let paid = BookingFactKind::PaidOut { batch, transfer, money: usd(amount), carried_amount: 0 };
        self.note(job.id, None, vec![paid], Some(PayoutChange::Settled)).await;
    }

    pub async fn booking_behind(&self, job: &Job) -> Booking {
        self.its_company().booking(job.id).await.unwrap().booking().unwrap()
    }

    /// Runs a reconciliation after everything has had time to settle.
    pub async fn reconcile(&self) -> Value {
        self.advance(Duration::hours(2));
        self.reconcile_now().await
    }

    pub async fn reconcile_now(&self) -> Value {
        let response = self.service.fire("reconciliation", RECONCILE, self.now()).await;
        answered(&Method::POST, RECONCILE, response).await.ok()
    }

    pub async fn newest_run(&self) -> Reconciliation {
        self.store().reconciliations(1, None).await.unwrap().0.remove(0)
    }

    /// The cash totals of the newest run in dollars.
    pub async fn cash(&self) -> Cash {
        self.newest_run().await.cash.get("usd").copied().unwrap_or_default()
    }

    /// The open findings by kind and difference.
    pub async fn finding_totals(&self) -> Vec<(FindingKind, i64)> {
        let open = self.open().await;
        open.iter().map(|finding| (finding.kind, finding.difference_amount())).collect()
    }

    pub async fn open(&self) -> Vec<Finding> {
        self.store().open_findings(100, None).await.unwrap().0
    }

    /// A fault at one of Stripe's operations.
    pub fn inject_stripe_fault(&self, operation: Operation, kind: &str, times: Option<u32>) {
        let kind = kind.parse().unwrap();
        let rule = Rule { provider: Provider::Stripe, operation, kind, times, company: None };
        self.service.sandbox.faults.add(rule);
    }
}
