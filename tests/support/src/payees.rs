//! Professionals with Stripe accounts, and bookings with payable shares.

use chrono::{DateTime, Duration, Utc};
use http::Method;
use serde_json::{Value, json};
use shared::domain::kernel::account::Role;
use shared::domain::kernel::id::CompanyId;
use shared::domain::kernel::money::{Currency, Money};
use shared::domain::kernel::party::TransferId;
use shared::domain::kernel::party::{
    BookingId, ChargeId, CustomerId, PaymentIntentId, ProfessionalId, StripeAccountId,
};
use shared::domain::marketplace::booking::{Booking, BookingFact, BookingFactKind, FeeBasisPoints, Terms};
use shared::domain::marketplace::booking_record::BookingChange;
use shared::domain::marketplace::payout::BatchId;
use shared::domain::marketplace::payout::{StripeAccountStatus, transfer_group};
use shared::providers::stripe::payment::NewPaymentIntent;
use shared::store::{Company, Item};
use stand_ins::stripe::Transfer;

use crate::answer::answered;
use crate::world::{Answer, COMPANY, World};

/// The time after which a booking is expected in all its lists.
pub const LISTED: Duration = Duration::minutes(5);

pub const PAYOUTS: &str = "/api/cron/process-payouts";
pub const PROCESS: &str = "/api/admin/payouts/process";
pub const BATCHES: &str = "/api/admin/payouts/batches";
pub const APPROVALS: &str = "/api/admin/payouts/approvals";

/// A paid and completed job: by default 100 dollars, completed two days ago.
#[derive(Debug, Clone)]
pub struct Job {
    pub company: &'static str,
    pub professional: String,
    pub price: i64,
    pub currency: &'static str,
    pub fee: u16,
    pub completed_at: DateTime<Utc>,
    /// Whether Stripe named the charge at the capture.
    pub names_charge: bool,
}

impl Job {
    pub fn of(world: &World, professional: &str) -> Self {
        Self {
            company: COMPANY,
            professional: professional.to_owned(),
            price: 10_000,
            currency: "usd",
            fee: 1_500,
            completed_at: world.now() - Duration::days(2),
            names_charge: true,
        }
    }

    pub fn priced(self, price: i64, currency: &'static str) -> Self {
        Self { price, currency, ..self }
    }
}

impl World {
    pub fn company(&self, company: &str) -> Company {
        self.service.app.store().unwrap().company(&CompanyId::parse(company).unwrap())
    }

    /// Adds a professional with a Stripe account of the same name.
    pub async fn add_payee(&self, company: &str, professional: &str, currency: &str) {
        let id = account_of(professional);
        self.service.sandbox.stripe.add_account(&id, currency);
        let account = StripeAccountId::parse(&id).unwrap();
        let status = StripeAccountStatus {
            account: account.clone(),
            charges_enabled: true,
            payouts_enabled: true,
            currency: Some(Currency::parse(currency).unwrap()),
            disabled_reason: None,
        };
        let (company, now) = (self.company(company), self.now());
        let professional = ProfessionalId::parse(professional).unwrap();
        let read = company.payee(&professional).await.unwrap();
        let mut writes =
            vec![company.record_account_status(&read, &professional, &status, now, now).unwrap()];
        let owner = company.store().inbox().payee_owner(&account).await.unwrap();
        writes.extend(owner.is_none().then(|| company.register_payee(&account, &professional).unwrap()));
        company.store().commit(self.service.app.ids.next(), writes).await.unwrap();
    }

    /// Adds a requested, paid, accepted and completed booking.
    pub async fn add_job(&self, job: &Job) -> BookingId {
        let (app, stripe) = (&self.service.app, &self.service.sandbox.stripe);
        let company = self.company(job.company);
        let booking_id = BookingId::derive(company.id(), &app.ids.next().to_string());
        let price = Money { amount: job.price, currency: Currency::parse(job.currency).unwrap() };
        let metadata = [("booking_id", booking_id.to_string()), ("company_id", job.company.to_owned())];
        let new = NewPaymentIntent {
            money: price.clone(),
            metadata: metadata.map(|(name, value)| (name.to_owned(), value)).into(),
            transfer_group: transfer_group(booking_id),
        };
        let api = app.stripe.as_ref().unwrap();
        let opened = api.create_payment_intent(&format!("hold:{booking_id}:v1"), &new).await.unwrap();
        stripe.authorize(&opened.id);
        stripe.capture_outside(&opened.id);
        let payment_intent = PaymentIntentId::parse(&opened.id).unwrap();
        let charge = stripe.charge_of(&opened.id).map(|charge| ChargeId::parse(&charge.id).unwrap());
        let charge = charge.filter(|_| job.names_charge);
        let terms = Terms {
            professional_id: ProfessionalId::parse(&job.professional).unwrap(),
            customer_id: CustomerId::parse("user_customer").unwrap(),
            price: price.clone(),
            fee: FeeBasisPoints::new(job.fee).unwrap(),
            scheduled_start: job.completed_at - Duration::hours(2),
        };
        let held = BookingFactKind::Authorized {
            payment_intent: payment_intent.clone(),
            charge: charge.clone(),
            money: price.clone(),
            capture_before: None,
        };
        let taken =
            BookingFactKind::Captured { payment_intent: payment_intent.clone(), charge, money: price };
        let whats = [
            BookingFactKind::Requested(terms),
            held,
            BookingFactKind::Accepted,
            taken,
            BookingFactKind::Completed,
        ];
        let facts = whats.into_iter().enumerate().map(|(n, what)| {
            let at = job.completed_at - Duration::minutes(4 - n as i64);
            BookingFact { at, what, source: format!("test:{n}") }
        });
        let change = BookingChange {
            facts: facts.collect(),
            payment_intent: Some(payment_intent),
            cause: "test".to_owned(),
            ..BookingChange::default()
        };
        self.record(job.company, booking_id, change).await;
        booking_id
    }

    /// Records a fact about a booking now.
    pub async fn happens(&self, booking_id: BookingId, what: BookingFactKind) {
        let facts = vec![BookingFact { at: self.now(), what, source: "evt_test".to_owned() }];
        let change = BookingChange { facts, cause: "evt_test".to_owned(), ..BookingChange::default() };
        self.record(COMPANY, booking_id, change).await;
    }

    async fn record(&self, company: &str, booking_id: BookingId, change: BookingChange) {
        let (app, company) = (&self.service.app, self.company(company));
        let read = company.booking(booking_id).await.unwrap();
        let booking_config = &app.config.marketplace.booking_config;
        let recording = company.record_booking(read, change, booking_config, self.now()).unwrap();
        company.store().commit(app.ids.next(), recording.writes).await.unwrap();
    }

    pub async fn booking_of(&self, booking_id: BookingId) -> Booking {
        self.company(COMPANY).booking(booking_id).await.unwrap().booking().unwrap()
    }

    /// Runs the payouts now.
    pub async fn pay_day(&self) -> Value {
        let response = self.service.fire("payouts", PAYOUTS, self.now()).await;
        answered(&Method::POST, PAYOUTS, response).await.ok()
    }

    /// Starts a manual run or dry run.
    pub async fn process(&self, role: Role, dry_run: bool) -> Value {
        self.as_role(role, Method::POST, PROCESS, Some(json!({"dry_run": dry_run}))).await.ok()
    }

    pub async fn payers_get(&self, path: &str) -> Answer {
        self.as_role(Role::Accountant, Method::GET, path, None).await
    }

    /// A batch with all its entries.
    pub async fn batch(&self, id: &str) -> Value {
        let mut batch = self.payers_get(&format!("{BATCHES}/{id}?limit=100")).await.ok();
        while let Some(cursor) = batch["next_cursor"].as_str() {
            let path = format!("{BATCHES}/{id}?limit=100&cursor={cursor}");
            let mut next = self.payers_get(&path).await.ok();
            let more = next["data"].as_array().unwrap().clone();
            batch["data"].as_array_mut().unwrap().extend(more);
            batch["next_cursor"] = next["next_cursor"].take();
        }
        batch
    }

    /// The batch's entry for a booking.
    pub async fn entry(&self, batch: &str, booking_id: BookingId) -> Value {
        let batch = self.batch(batch).await;
        let entries = batch["data"].as_array().unwrap();
        let id = json!(booking_id);
        entries.iter().find(|entry| entry["booking_id"] == id).cloned().unwrap_or_default()
    }

    pub fn transfers(&self) -> Vec<Transfer> {
        self.service.sandbox.stripe.transfers()
    }

    /// A professional's balance of an account in a currency, or the reserved amount.
    pub async fn balance(&self, professional: &str, currency: &str, word: &str) -> i64 {
        let rows = self.items(&format!("BALANCE#{COMPANY}")).await;
        let place = format!("{professional}#{currency}");
        let row = rows.iter().find(|row| row["sk"].as_s().unwrap() == &place);
        row.map_or(0, |row| number(row, word))
    }

    /// Advances to the next payout morning in Bogotá: 14:00 in UTC.
    pub fn next_payout_morning(&self) {
        let calendar = &self.service.app.config.marketplace.calendar;
        let tomorrow = self.now() + Duration::days(1);
        let batch = calendar.first_batch_from(tomorrow).unwrap();
        let morning = calendar.starts_at(batch) + Duration::hours(9);
        self.advance(morning - self.now());
    }
}

/// The Stripe account id of a professional.
pub fn account_of(professional: &str) -> String {
    professional.replace("user_", "acct_")
}

/// A number of a row; zero if it is missing.
pub fn number(row: &Item, name: &str) -> i64 {
    row.get(name).map_or(0, |value| value.as_n().unwrap().parse().unwrap())
}

pub const TUESDAY: &str = "payout-2025-11-18-tue";

pub fn usd(amount: i64) -> Money {
    Money { amount, currency: Currency::parse("usd").unwrap() }
}

impl World {
    /// Adds a debt: a job that was refunded after its payout.
    pub async fn add_debt(&self, professional: &str, amount: i64) -> BookingId {
        let job = Job { fee: 0, ..Job::of(self, professional).priced(amount, "usd") };
        let booking = self.add_job(&job).await;
        let batch = BatchId::parse("payout-2025-11-14-fri").unwrap();
        let transfer = Some(TransferId::parse("tr_earlier").unwrap());
        self.happens(
            booking,
            BookingFactKind::PaidOut { batch, transfer, money: usd(amount), carried_amount: 0 },
        )
        .await;
        self.advance(Duration::milliseconds(1));
        self.happens(booking, BookingFactKind::Refunded { money: usd(amount), payment_intent: None }).await;
        assert_eq!(self.balance(professional, "usd", "carried").await, amount);
        booking
    }
}
