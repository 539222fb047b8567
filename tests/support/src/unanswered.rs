//! A marketplace with bookings that wait for an answer.

use chrono::{DateTime, Duration, Utc};
use http::Method;
use local::embedded::EmbeddedDynamo;
use local::service::Service;
use serde_json::Value;
use shared::domain::kernel::id::CompanyId;
use shared::domain::kernel::message::Language;
use shared::domain::kernel::money::{Currency, Money};
use shared::domain::kernel::party::{BookingId, ChargeId, CustomerId, PaymentIntentId, ProfessionalId};
use shared::domain::marketplace::booking::{
    Booking, BookingFact, BookingFactKind, BookingStatus, FeeBasisPoints, Terms,
};
use shared::domain::marketplace::booking_record::{BookingChange, BookingRecord, Contact};
use shared::domain::platform::effect::Effect;
use shared::store::{Company, StoreError};
use stand_ins::fault::{Operation, Rule};
use stand_ins::outbox::{Entry, Kind, Provider};

use crate::answer::answered;
use crate::world::{COMPANY, World};

pub const DAILY: &str = "/api/cron/auto-decline-bookings";
/// The page with help for declined customers.
pub const CONCIERGE: &str = "https://help.example.com/concierge";

pub struct Market {
    pub world: World,
}

#[derive(Debug, Clone, Copy)]
pub struct NewBooking {
    pub company: &'static str,
    pub language: Language,
    pub starts_in: Duration,
    pub authorized_booking_for: Duration,
}

impl Default for NewBooking {
    fn default() -> Self {
        let (starts_in, authorized_booking_for) = (Duration::days(6), Duration::days(7));
        Self { company: COMPANY, language: Language::En, starts_in, authorized_booking_for }
    }
}

fn environment(name: &str) -> Option<String> {
    (name == "CONCIERGE_URL").then(|| CONCIERGE.to_owned())
}

impl Market {
    pub async fn open() -> Self {
        Self::with(|_| None).await
    }

    pub async fn with(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let dynamo = EmbeddedDynamo::memory();
        Self { world: World::with(dynamo, |name| lookup(name).or_else(|| environment(name))).await }
    }

    /// Replaces the process by a new one over the same table and providers.
    pub async fn restart(&mut self) {
        let old = &self.world.service;
        old.dynamo.stop_intercepting();
        old.sandbox.faults.stop_intercepting();
        let (sandbox, dynamo) = (old.sandbox.clone(), old.dynamo.clone());
        self.world.service = Service::start(sandbox, dynamo, environment).await.unwrap();
    }

    pub fn company(&self, id: &str) -> Company {
        self.world.service.app.store().unwrap().company(&CompanyId::parse(id).unwrap())
    }

    pub async fn row(&self, id: BookingId) -> BookingRecord {
        self.company(COMPANY).booking(id).await.unwrap()
    }

    pub async fn booking(&self, id: BookingId) -> Booking {
        self.row(id).await.booking().unwrap()
    }

    pub async fn status(&self, id: BookingId) -> BookingStatus {
        self.booking(id).await.status
    }

    /// All effects of a booking.
    pub async fn steps(&self, id: BookingId) -> Vec<Effect> {
        self.company(COMPANY).actions(id).await.unwrap()
    }

    /// Records a change of a booking and returns the new effects.
    pub async fn record(&self, company: &str, id: BookingId, change: BookingChange) -> Vec<Effect> {
        let app = &self.world.service.app;
        let company = self.company(company);
        loop {
            let read = company.booking(id).await.unwrap();
            let booking_config = &app.config.marketplace.booking_config;
            let recording =
                company.record_booking(read, change.clone(), booking_config, self.world.now()).unwrap();
            match company.store().commit(app.ids.next(), recording.writes).await {
                Ok(()) => return recording.steps,
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    pub async fn record_fact(&self, company: &str, id: BookingId, what: BookingFactKind) -> Vec<Effect> {
        let facts = vec![BookingFact { at: self.world.now(), what, source: "evt_1".to_owned() }];
        self.record(
            company,
            id,
            BookingChange { facts, cause: "evt_1".to_owned(), ..BookingChange::default() },
        )
        .await
    }

    pub async fn execute_steps(&self, company: &str, id: BookingId, steps: Vec<Effect>) {
        let app = &self.world.service.app;
        app.bookings(app.store().unwrap()).perform_steps(&self.company(company), id, steps).await;
    }

    /// Requests a booking; its payment is created and unpaid.
    pub async fn asked(&self, number: usize, new_booking: NewBooking) -> BookingId {
        let id = BookingId::derive(&CompanyId::parse(new_booking.company).unwrap(), &number.to_string());
        let terms = Terms {
            professional_id: ProfessionalId::parse("user_professional").unwrap(),
            customer_id: CustomerId::parse(&format!("user_{number}")).unwrap(),
            price: Money { amount: 10_000, currency: Currency::parse("usd").unwrap() },
            fee: FeeBasisPoints::new(1_500).unwrap(),
            scheduled_start: self.world.now() + new_booking.starts_in,
        };
        let vault = &self.world.service.app.config.vault;
        let address = format!("customer_{number}@example.com");
        let email_sealed = vault.seal(&BookingRecord::seal_context(id), address.as_bytes()).unwrap();
        let contact = Some(Contact { email_sealed, language: new_booking.language });
        let facts = vec![BookingFact {
            at: self.world.now(),
            what: BookingFactKind::Requested(terms),
            source: "request:1".to_owned(),
        }];
        let cause = "request:1".to_owned();
        let steps = self
            .record(
                new_booking.company,
                id,
                BookingChange { facts, contact, cause, ..BookingChange::default() },
            )
            .await;
        self.execute_steps(new_booking.company, id, steps).await;
        id
    }

    pub async fn payment_of(&self, company: &str, id: BookingId) -> PaymentIntentId {
        let row = self.company(company).booking(id).await.unwrap();
        row.payment_intent_id.expect("a payment was opened")
    }

    /// Requests a booking and authorizes its payment.
    pub async fn held(&self, number: usize, new_booking: NewBooking) -> BookingId {
        let id = self.asked(number, new_booking).await;
        let payment_intent = self.payment_of(new_booking.company, id).await;
        let stripe = &self.world.service.sandbox.stripe;
        let until = self.world.now() + new_booking.authorized_booking_for;
        stripe.authorize_until(payment_intent.as_str(), until);
        let charge = stripe.charge_of(payment_intent.as_str()).unwrap();
        let money = Money { amount: 10_000, currency: Currency::parse("usd").unwrap() };
        let charge = ChargeId::parse(&charge.id).ok();
        let held = BookingFactKind::Authorized { payment_intent, charge, money, capture_before: Some(until) };
        self.record_fact(new_booking.company, id, held).await;
        id
    }

    /// Adds bookings of a company with authorized payments.
    pub async fn many_held(&self, company: &'static str, numbers: std::ops::Range<usize>) -> Vec<BookingId> {
        let mut ids = Vec::new();
        for number in numbers {
            ids.push(self.held(number, NewBooking { company, ..NewBooking::default() }).await);
        }
        ids
    }

    pub async fn sweep(&self) -> Value {
        let response = self.world.service.fire("auto-decline", DAILY, self.world.now()).await;
        answered(&Method::POST, DAILY, response).await.ok()
    }

    /// Runs the sweep at an interval for a time span.
    pub async fn tick_for(&self, span: Duration, every: Duration) {
        let until = self.world.now() + span;
        while self.world.now() < until {
            self.world.advance(every);
            self.world.tick().await;
        }
    }

    pub fn inject_fault(
        &self,
        provider: Provider,
        operation: Operation,
        kind: &str,
        times: Option<u32>,
        company: Option<&str>,
    ) {
        let (kind, company) = (kind.parse().unwrap(), company.map(str::to_owned));
        self.world.service.sandbox.faults.add(Rule { provider, operation, kind, times, company });
    }

    /// The outbox entries of a kind.
    pub fn left(&self, kind: Kind) -> Vec<Entry> {
        let entries = self.world.service.sandbox.outbox.entries();
        entries.into_iter().filter(|entry| entry.kind == kind).collect()
    }

    /// The number of voids by us, and of mails to customers.
    pub fn counted(&self) -> (usize, usize) {
        (self.left(Kind::Release).len(), self.left(Kind::Mail).len())
    }

    /// Whether nothing is due within a week.
    pub async fn is_at_rest(&self) -> bool {
        let later = self.world.now() + Duration::days(7);
        let store = self.world.service.app.store().unwrap();
        let found =
            shared::due::collect(store, "sweep", shared::due::SweepLimits::default(), later).await.unwrap();
        found.queues.is_empty()
    }

    /// A payment's status at Stripe, and when it was cancelled.
    pub async fn at_stripe(&self, id: BookingId) -> (String, Option<DateTime<Utc>>) {
        let payment = self.payment_of(COMPANY, id).await;
        let intent = self.world.service.sandbox.stripe.payment_intent(payment.as_str()).unwrap();
        let status = serde_json::to_value(intent.status).unwrap();
        (status.as_str().unwrap().to_owned(), intent.canceled_at)
    }
}
