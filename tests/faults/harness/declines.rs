//! Auto-decline: concurrent sweeps, last-minute answers, and changes at Stripe.

use chrono::Duration;
use serde_json::json;
use shared::domain::kernel::account::{EmailAddress, Role};
use shared::domain::kernel::id::CompanyId;
use shared::domain::marketplace::booking::BookingStatus;
use shared::domain::platform::action::ActionKind;
use shared::domain::platform::effect::{Effect, EffectStatus};
use shared::store::accounts::account::AccountRow;
use shared::store::keys::AccountKey;
use stand_ins::outbox::Kind;

use super::callers::KeyedRequest;
use super::campaign::{campaign, explored, repeats};
use super::explorer::ExploreLimits;
use super::invariant::Invariant;
use super::invariants::of_money;
use super::outside::{Happening, deliver_webhooks, mark_delivered, nth};
use super::payout_scenario::{FORGOTTEN, STALE};
use super::random_run::FaultRates;
use super::rows::Rows;
use super::scenario::{SWITCHES_AND_PAYOUTS, Scenario, WorkerFuture};
use super::scheduler::ClockJump;
use super::seeded_random::SeededRandom;
use support::exactly_once::LEASES;
use support::mailer::mail_event;
use support::parties::PROFESSIONAL;
use support::unanswered::DAILY;
use support::world::{COMPANY, REMINDERS, World};

/// The work of one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Sweep,
    /// The sweep of every five minutes.
    Tick,
    Accept(usize),
    /// A booking is cancelled.
    Cancel(usize),
    AtStripe(Happening),
    /// Resend reports that mail to the customer bounced.
    MailBounces,
}

/// Bookings without an answer for a day, and the workers that handle them.
#[derive(Debug, Clone)]
pub(super) struct Declines {
    pub bookings: usize,
    pub clock_jumps: &'static [ClockJump],
    pub acts: Vec<Act>,
    /// Whether mail to the customer has bounced before the start.
    pub bounced: bool,
    /// Whether the professional has an account and therefore gets mail.
    pub is_written_to: bool,
}

const CUSTOMER: &str = "customer@example.com";

impl Declines {
    pub(super) fn of_one(acts: &[Act]) -> Self {
        Self {
            bookings: 1,
            clock_jumps: &[LEASES],
            acts: acts.to_vec(),
            bounced: false,
            is_written_to: false,
        }
    }
}

impl Scenario for Declines {
    fn name(&self) -> String {
        format!("declines, {} bookings, {:?}", self.bookings, self.acts)
    }

    fn workers(&self) -> usize {
        self.acts.len()
    }

    async fn prepare(&self, world: &World) {
        let professional =
            if self.is_written_to { open_account(world).await } else { PROFESSIONAL.to_owned() };
        for number in 0..self.bookings {
            world.authorized_booking_for(&professional, &format!("key-{number}")).await;
        }
        if self.bounced {
            bounce(world).await;
        }
        world.advance(Duration::days(1));
        mark_delivered(world);
    }

    fn run_worker(&self, worker: usize, process: World) -> WorkerFuture {
        let act = self.acts[worker];
        Box::pin(async move { act.run(&process).await })
    }

    fn clock_jumps(&self) -> &'static [ClockJump] {
        self.clock_jumps
    }

    fn unseen_ranges(&self) -> &'static [&'static str] {
        SWITCHES_AND_PAYOUTS
    }

    fn invariants(&self) -> Vec<Box<dyn Invariant>> {
        of_money()
    }

    async fn again(&self, world: &World) {
        deliver_webhooks(world).await;
    }

    async fn tick(&self, world: &World) -> u64 {
        let due = world.tick().await["due"].as_u64().unwrap();
        deliver_webhooks(world).await;
        due
    }

    async fn at_rest(&self, world: &World, deliver_webhooks: &str) {
        let rows = Rows::read(&world.service.dynamo);
        let states: Vec<BookingStatus> =
            rows.bookings().filter_map(|booked| Some(booked.booking?.status)).collect();
        let over = [BookingStatus::Accepted, BookingStatus::Declined, BookingStatus::Cancelled];
        assert!(states.iter().all(|status| over.contains(status)), "{deliver_webhooks}\n{states:?}");
        // A worker that stops for a day between its claim and its call leaves a mail in doubt.
        let doubts = rows.bookings().flat_map(|booked| booked.effects);
        // A refused mail was not sent either; it is listed.
        let is_untold = |effect: &Effect| {
            let is_decline_mail = effect.action.kind == ActionKind::DeclineMail;
            effect.status == EffectStatus::Unknown || (is_decline_mail && effect.is_refusal_open)
        };
        let doubts = doubts.filter(is_untold).count();
        let declined = states.iter().filter(|status| **status == BookingStatus::Declined).count();
        let effects = rows.bookings().flat_map(|booked| booked.effects);
        let kept_back = |reason: &String| reason.starts_with("address_");
        let kept_back = effects.filter(|effect| {
            effect.status == EffectStatus::Rejected && effect.reason.as_ref().is_some_and(kept_back)
        });
        let left = world.count_sent();
        let mails = left.keys().filter(|key| key.starts_with("decline_mail:")).count();
        let kept_back = kept_back.count();
        let fits = mails <= declined && declined <= mails + doubts + kept_back;
        assert!(fits, "{deliver_webhooks}\n{mails} mails for {declined}");
        assert!(
            !self.bounced || !is_written_to(world, CUSTOMER),
            "{deliver_webhooks}\nan address that bounced was written to"
        );
    }
}

impl Act {
    /// Executes it and returns the status of the answer.
    async fn run(self, world: &World) -> String {
        match self {
            Self::Sweep => world.service.fire("auto-decline", DAILY, world.now()).await.status().to_string(),
            Self::Tick => world.service.fire("reminders", REMINDERS, world.now()).await.status().to_string(),
            Self::Accept(booking) => decided(world, booking, "accept").await,
            Self::Cancel(booking) => decided(world, booking, "cancel").await,
            Self::AtStripe(happening) => happening.run(world).await,
            Self::MailBounces => bounce(world).await,
        }
    }
}

fn is_written_to(world: &World, address: &str) -> bool {
    let entries = world.service.sandbox.outbox.entries();
    entries.iter().any(|entry| entry.kind == Kind::Mail && entry.to == address)
}

/// Creates the professional's confirmed account and returns its key.
async fn open_account(world: &World) -> String {
    let address = EmailAddress::parse("professional@example.com").unwrap();
    let key = AccountKey::email(&address);
    let vault = &world.service.app.config.vault;
    let row = AccountRow {
        email_sealed: vault.seal(&AccountRow::seal_context(&key), address.as_str().as_bytes()).unwrap(),
        role: Role::Professional,
        company: CompanyId::parse(COMPANY).unwrap(),
        generation: 1,
        password_hash: None,
        created_at: world.now(),
        confirmed_at: Some(world.now()),
        disabled_at: None,
        confirm_link: None,
        reset_link: None,
    };
    let store = world.service.app.store().unwrap();
    let write = store.add_account(&key, &row, world.now()).unwrap();
    store.commit(world.service.app.ids.next(), vec![write]).await.unwrap();
    key.to_string()
}

/// Delivers Resend's bounce event and returns the answer. Resend's own suppression list stays unchanged, because
/// it would hide what we send.
async fn bounce(world: &World) -> String {
    let body = mail_event("email.bounced", &[CUSTOMER], world.now()).to_string();
    world.service.deliver_resend("msg_bounced", &body).await.status().to_string()
}

async fn decided(world: &World, booking: usize, what: &str) -> String {
    let path = format!("/api/bookings/{}/{what}", nth(world, booking).1);
    let request = KeyedRequest { path, key: format!("{what}-{booking}"), body: json!({}) };
    request.send(world).await.status.to_string()
}

fn of_one(acts: &[Act], limits: ExploreLimits) {
    explored(&Declines::of_one(acts), limits);
}

fn in_turns(interruptions: usize) -> ExploreLimits {
    ExploreLimits { interruptions: Some(interruptions), ..ExploreLimits::default() }
}

/// Concurrent events of the last minute.
const LATE: [Act; 4] = [
    Act::Accept(0),
    Act::Cancel(0),
    Act::AtStripe(Happening::Capture(0)),
    Act::AtStripe(Happening::Cancel(0)),
];

#[test]
fn two_sweeps_that_die_anywhere_decline_once() {
    of_one(&[Act::Sweep, Act::Sweep], ExploreLimits { deaths: 2, ..in_turns(1) });
    of_one(&[Act::Sweep, Act::Tick], in_turns(1));
}

#[test]
fn a_sweep_and_an_accept_have_one_winner_in_every_order() {
    of_one(&[Act::Sweep, Act::Accept(0)], ExploreLimits::default());
}

#[test]
fn a_sweep_and_a_cancellation_let_the_hold_go_once_wherever_one_is_interrupted() {
    of_one(&[Act::Sweep, Act::Cancel(0)], in_turns(1));
}

#[test]
fn a_sweep_bows_to_what_was_done_at_stripe_in_every_order() {
    of_one(&[Act::Sweep, Act::AtStripe(Happening::Capture(0))], ExploreLimits::default());
    of_one(&[Act::Sweep, Act::AtStripe(Happening::Cancel(0))], ExploreLimits::default());
}

#[test]
fn a_customer_whose_mail_came_back_is_not_written_to_whoever_dies() {
    let scenario = Declines { bounced: true, ..Declines::of_one(&[Act::Sweep, Act::Tick]) };
    explored(&scenario, ExploreLimits { deaths: 1, ..in_turns(1) });
}

#[test]
fn a_bounce_that_comes_beside_a_sweep_ends_in_one_mail_or_none() {
    of_one(&[Act::Sweep, Act::MailBounces], in_turns(1));
}

#[test]
fn an_acceptance_of_a_professional_who_is_written_to_dies_anywhere_and_is_accepted_once() {
    let scenario = Declines { is_written_to: true, ..Declines::of_one(&[Act::Accept(0), Act::Tick]) };
    explored(&scenario, ExploreLimits { deaths: 1, ..in_turns(1) });
}

#[test]
#[ignore = "minutes"]
fn two_sweeps_decline_once_in_every_order_after_deaths_and_a_jump_anywhere() {
    of_one(&[Act::Sweep, Act::Sweep], ExploreLimits { deaths: 2, ..ExploreLimits::default() });
    of_one(&[Act::Sweep, Act::Tick], ExploreLimits { deaths: 1, jumps: 1, ..in_turns(1) });
}

#[test]
#[ignore = "minutes"]
fn whatever_comes_in_the_last_minute_in_every_order_and_after_any_deaths() {
    for late in LATE {
        of_one(&[Act::Sweep, late], ExploreLimits { deaths: 2, ..ExploreLimits::default() });
    }
}

#[test]
#[ignore = "minutes"]
fn a_sweep_and_any_two_that_come_in_the_last_minute() {
    for (number, first) in LATE.into_iter().enumerate() {
        for second in &LATE[number + 1..] {
            of_one(&[Act::Sweep, first, *second], in_turns(1));
        }
    }
}

/// Up to four bookings with random workers.
pub(super) fn of_chance(seed: u64) -> Declines {
    let mut random = SeededRandom::of(seed);
    let bookings = 1 + random.below(4);
    let mut acts = vec![Act::Sweep, random.one_of(&[Act::Sweep, Act::Tick])];
    for _ in 0..random.below(3) {
        let booking = random.below(bookings);
        acts.push(random.one_of(&[
            Act::Accept(booking),
            Act::Cancel(booking),
            Act::AtStripe(Happening::Capture(booking)),
            Act::AtStripe(Happening::Cancel(booking)),
        ]));
    }
    if random.below(4) == 0 {
        acts.push(Act::MailBounces);
    }
    let (bounced, is_written_to) = (random.below(4) == 0, random.below(2) == 0);
    Declines { bookings, clock_jumps: &[LEASES, STALE, FORGOTTEN], acts, bounced, is_written_to }
}

#[test]
fn declines_with_random_faults_let_each_hold_go_once() {
    campaign("declines with random faults", 12, FaultRates::default(), of_chance);
}

#[test]
fn a_seed_repeats_the_same_declines_call_by_call() {
    repeats(3, FaultRates::default(), of_chance);
}
