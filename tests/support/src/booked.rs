//! A booking with its payment, written without the route that requests it.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use shared::domain::kernel::id::CompanyId;
use shared::domain::kernel::message::Language;
use shared::domain::kernel::money::{Currency, Money};
use shared::domain::kernel::party::{BookingId, CustomerId, PaymentIntentId, ProfessionalId};
use shared::domain::marketplace::booking::{BookingFact, BookingFactKind, FeeBasisPoints, Terms};
use shared::domain::marketplace::booking_record::{BookingChange, BookingRecord, Contact};
use shared::domain::marketplace::payout::transfer_group;
use shared::providers::stripe::payment::NewPaymentIntent;
use shared::store::platform::inbox::EventStatus;
use shared::store::{Company, StoreError, Write};
use stand_ins::stripe::API_VERSION;

use crate::answer::answered;
use crate::world::{COMPANY, World, beginning};

/// The price of a booking: 100 dollars.
pub const PRICE: i64 = 10_000;

/// The professional of every job.
pub fn professional() -> ProfessionalId {
    ProfessionalId::parse("user_professional").unwrap()
}

pub fn usd(amount: i64) -> Money {
    Money { amount, currency: Currency::parse("usd").unwrap() }
}

/// The id of a booking, which is known before its request.
pub fn booking_id(name: &str) -> BookingId {
    BookingId::derive(&CompanyId::parse(COMPANY).unwrap(), name)
}

/// The metadata that leads an event to its booking.
pub fn metadata(id: BookingId) -> BTreeMap<String, String> {
    BTreeMap::from([("booking_id".to_owned(), id.to_string()), ("company_id".to_owned(), COMPANY.to_owned())])
}

pub fn fact(at: DateTime<Utc>, what: BookingFactKind) -> BookingFact {
    BookingFact { at, what, source: "journey".to_owned() }
}

/// The fact of a request for a job in a week.
pub fn requested() -> BookingFact {
    let terms = Terms {
        professional_id: professional(),
        customer_id: CustomerId::parse("user_customer").unwrap(),
        price: usd(PRICE),
        fee: FeeBasisPoints::new(1_500).unwrap(),
        scheduled_start: beginning() + Duration::days(30),
    };
    fact(beginning(), BookingFactKind::Requested(terms))
}

impl World {
    pub fn marketplace(&self) -> Company {
        self.service.app.store().unwrap().company(&CompanyId::parse(COMPANY).unwrap())
    }

    pub async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.service.app.store().unwrap().commit(self.service.app.ids.next(), writes).await
    }

    /// Creates a payment at Stripe with the given metadata.
    pub async fn open_payment(&self, id: BookingId, metadata: BTreeMap<String, String>) -> PaymentIntentId {
        let stripe = self.service.app.stripe.clone().unwrap();
        let new = NewPaymentIntent { money: usd(PRICE), metadata, transfer_group: transfer_group(id) };
        let opened = stripe.create_payment_intent(&format!("hold:{id}:v1"), &new).await.unwrap();
        PaymentIntentId::parse(&opened.id).unwrap()
    }

    /// Records facts as a function does.
    pub async fn record_facts(
        &self,
        id: BookingId,
        payment: Option<&PaymentIntentId>,
        facts: Vec<BookingFact>,
    ) {
        let email_sealed = self
            .service
            .app
            .config
            .vault
            .seal(&BookingRecord::seal_context(id), b"canary@example.com")
            .unwrap();
        let change = BookingChange {
            facts,
            payment_intent: payment.cloned(),
            contact: Some(Contact { email_sealed, language: Language::En }),
            cause: "journey".to_owned(),
            ..BookingChange::default()
        };
        let company = self.marketplace();
        let read = company.booking(id).await.unwrap();
        let booking_config = &self.service.app.config.marketplace.booking_config;
        let recording = company.record_booking(read, change, booking_config, self.now()).unwrap();
        self.commit(recording.writes).await.unwrap();
    }

    /// Adds a requested booking with its unpaid payment.
    pub async fn add_booking(&self, name: &str) -> (BookingId, String) {
        let id = booking_id(name);
        let payment = self.open_payment(id, metadata(id)).await;
        self.record_facts(id, Some(&payment), vec![requested()]).await;
        (id, payment.as_str().to_owned())
    }

    pub async fn booking_row(&self, id: BookingId) -> BookingRecord {
        self.marketplace().booking(id).await.unwrap()
    }

    /// The status of a booking.
    pub async fn booking_status(&self, id: BookingId) -> &'static str {
        self.booking_row(id).await.booking().unwrap().status.as_str()
    }

    /// Delivers one event of Stripe.
    pub async fn deliver_stripe(&self, event: &Value) -> Value {
        self.deliver_stripe_text(&event.to_string()).await
    }

    pub async fn deliver_stripe_text(&self, body: &str) -> Value {
        let response = self.service.deliver_stripe(body).await;
        answered(&http::Method::POST, "/api/webhooks/stripe", response).await.ok()
    }

    /// The stored row of one Stripe event.
    pub async fn stripe_event(&self, event_id: &str) -> Value {
        let rows = self.rows_of(&format!("EVENT#stripe#{event_id}")).await;
        rows.into_iter().next().unwrap_or_default()
    }

    /// Applies events that wait for an owner, as the sweep does when they are due.
    pub async fn apply_what_waits(&self) {
        let (app, inbox) = (&self.service.app, self.service.app.store().unwrap().inbox());
        for row in self.rows_of("EVENT#stripe#").await {
            let id = row["pk"].as_str().unwrap().trim_start_matches("EVENT#stripe#");
            let event = inbox.event("stripe", id).await.unwrap().unwrap();
            if event.status == EventStatus::Pending {
                let intake = app.intake(app.store().unwrap());
                intake.apply_kept(&event, self.now()).await.unwrap();
            }
        }
    }

    /// The company's ledger balances, without zeros.
    pub async fn balances(&self) -> BTreeMap<String, i64> {
        let mut balances = BTreeMap::new();
        for row in self.rows_of("BALANCE#").await {
            for (account, amount) in row.as_object().unwrap() {
                let amount =
                    amount.as_str().and_then(|amount| amount.parse::<i64>().ok()).unwrap_or_default();
                if amount != 0 {
                    balances.insert(format!("{}:{account}", row["sk"].as_str().unwrap()), amount);
                }
            }
        }
        balances
    }
}

/// An event as Stripe sends it.
pub fn event(id: &str, name: &str, at: DateTime<Utc>, object: Value) -> Value {
    json!({"id": id, "object": "event", "api_version": API_VERSION, "created": at.timestamp(),
        "data": {"object": object}, "livemode": false, "type": name})
}
