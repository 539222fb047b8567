//! Auto-decline: sweeps over sweeps, over answers that come in the last minute, over what happens at
//! Stripe meanwhile.

use chrono::Duration;
use http::Method;
use local::outbox::Kind;
use serde_json::json;
use shared::domain::kernel::account::{EmailAddress, Role};
use shared::domain::kernel::id::CompanyId;
use shared::domain::marketplace::booking::BookingStatus;
use shared::domain::platform::action::ActionKind;
use shared::domain::platform::effect::{Effect, EffectStatus};
use shared::http::extension::RequestId;
use shared::store::accounts::account::AccountRow;
use shared::store::keys::AccountKey;

use super::campaign::{campaign, explored, repeats};
use super::explorer::ExploreLimits;
use super::invariant::Invariant;
use super::invariants::of_money;
use super::outside::{Happening, all_told, nth, told};
use super::payout_scenario::{FORGOTTEN, STALE};
use super::random_run::FaultRates;
use super::rows::Rows;
use super::scenario::{Scenario, WorkerFuture};
use super::scheduler::ClockJump;
use super::seeded_random::SeededRandom;
use support::mailer::mail_event;
use support::parties::PROFESSIONAL;
use support::promise::LEASES;
use support::unanswered::DAILY;
use support::world::{COMPANY, OWNER, REMINDERS, World};

/// What one worker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Sweep,
    /// The tick of every five minutes.
    Tick,
    /// The professional promises a job.
    Accept(usize),
    /// A booking is called off.
    Cancel(usize),
    /// Something happens at Stripe.
    Comes(Happening),
    /// Resend tells that mail to the customer came back.
    MailBounces,
}

/// Bookings whose professionals have not answered for a day, and whoever deals with them.
#[derive(Debug, Clone)]
pub(super) struct Declines {
    pub bookings: usize,
    pub clock_jumps: &'static [ClockJump],
    pub acts: Vec<Act>,
    /// Whether mail to the customer has come back before anything begins.
    pub bounced: bool,
    /// Whether the professional has an account, and so is written to.
    pub is_written_to: bool,
}

/// Whom every booking's mail is for.
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
            world.held_for(&professional, &format!("key-{number}")).await;
        }
        if self.bounced {
            bounce(world).await;
        }
        world.advance(Duration::days(1));
        all_told(world);
    }

    fn run_worker(&self, worker: usize, process: World) -> WorkerFuture {
        let act = self.acts[worker];
        Box::pin(async move { act.done_by(&process).await })
    }

    fn clock_jumps(&self) -> &'static [ClockJump] {
        self.clock_jumps
    }

    fn invariants(&self) -> Vec<Box<dyn Invariant>> {
        of_money()
    }

    async fn again(&self, world: &World) {
        told(world).await;
    }

    async fn tick(&self, world: &World) -> u64 {
        let due = world.tick().await["due"].as_u64().unwrap();
        told(world).await;
        due
    }

    async fn at_rest(&self, world: &World, told: &str) {
        let rows = Rows::read(&world.service.dynamo);
        let states: Vec<BookingStatus> =
            rows.bookings().filter_map(|booked| Some(booked.booking?.status)).collect();
        let over = [BookingStatus::Accepted, BookingStatus::Declined, BookingStatus::Cancelled];
        assert!(states.iter().all(|status| over.contains(status)), "{told}\n{states:?}");
        // A worker that stops for a day between its claim and its call leaves a mail in doubt.
        let doubts = rows.bookings().flat_map(|booked| booked.effects);
        // Neither has one that was refused left; it is listed.
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
        let left = world.left_the_house();
        let mails = left.keys().filter(|key| key.starts_with("decline_mail:")).count();
        let kept_back = kept_back.count();
        let fits = mails <= declined && declined <= mails + doubts + kept_back;
        assert!(fits, "{told}\n{mails} mails for {declined}");
        assert!(
            !self.bounced || !is_written_to(world, CUSTOMER),
            "{told}\nan address that bounced was written to"
        );
    }
}

impl Act {
    /// Does it; the status that was answered.
    async fn done_by(self, world: &World) -> String {
        match self {
            Self::Sweep => world.service.fire("auto-decline", DAILY, world.now()).await.status().to_string(),
            Self::Tick => world.service.fire("reminders", REMINDERS, world.now()).await.status().to_string(),
            Self::Accept(booking) => decided(world, booking, "accept").await,
            Self::Cancel(booking) => decided(world, booking, "cancel").await,
            Self::Comes(happening) => happening.comes(world).await,
            Self::MailBounces => bounce(world).await,
        }
    }
}

/// Whether any mail has reached an address.
fn is_written_to(world: &World, address: &str) -> bool {
    let entries = world.service.sandbox.outbox.entries();
    entries.iter().any(|entry| entry.kind == Kind::Mail && entry.to == address)
}

/// The professional's account, confirmed long ago; its key.
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

/// Resend tells that mail to the customer came back; what was answered. Its own list stays as it is: there it
/// would hide what we send.
async fn bounce(world: &World) -> String {
    let body = mail_event("email.bounced", &[CUSTOMER], world.now()).to_string();
    world.service.deliver_resend("msg_bounced", &body).await.status().to_string()
}

async fn decided(world: &World, booking: usize, what: &str) -> String {
    let path = format!("/api/bookings/{}/{what}", nth(world, booking).1);
    let mut request = world.owner_request(COMPANY, OWNER, Method::POST, &path, Some(json!({})));
    let key = format!("{what}-{booking}");
    // What is answered is kept, so a name made by chance would make every run another one.
    request.extensions_mut().insert(RequestId(key.clone()));
    request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    world.ask(request).await.status.to_string()
}

fn of_one(acts: &[Act], limits: ExploreLimits) {
    explored(&Declines::of_one(acts), limits);
}

fn in_turns(interruptions: usize) -> ExploreLimits {
    ExploreLimits { interruptions: Some(interruptions), ..ExploreLimits::default() }
}

/// What can come in the last minute.
const LATE: [Act; 4] =
    [Act::Accept(0), Act::Cancel(0), Act::Comes(Happening::Capture(0)), Act::Comes(Happening::LetGo(0))];

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
    of_one(&[Act::Sweep, Act::Comes(Happening::Capture(0))], ExploreLimits::default());
    of_one(&[Act::Sweep, Act::Comes(Happening::LetGo(0))], ExploreLimits::default());
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

/// Up to four bookings, and whoever comes in the last minute.
pub(super) fn of_chance(seed: u64) -> Declines {
    let mut random = SeededRandom::of(seed);
    let bookings = 1 + random.below(4);
    let mut acts = vec![Act::Sweep, random.one_of(&[Act::Sweep, Act::Tick])];
    for _ in 0..random.below(3) {
        let booking = random.below(bookings);
        acts.push(random.one_of(&[
            Act::Accept(booking),
            Act::Cancel(booking),
            Act::Comes(Happening::Capture(booking)),
            Act::Comes(Happening::LetGo(booking)),
        ]));
    }
    if random.below(4) == 0 {
        acts.push(Act::MailBounces);
    }
    let (bounced, is_written_to) = (random.below(4) == 0, random.below(2) == 0);
    Declines { bookings, clock_jumps: &[LEASES, STALE, FORGOTTEN], acts, bounced, is_written_to }
}

#[test]
fn declines_in_storms_let_each_hold_go_once() {
    campaign("declines in storms", 12, FaultRates::default(), of_chance);
}

#[test]
fn a_seed_repeats_the_same_declines_call_by_call() {
    repeats(3, FaultRates::default(), of_chance);
}
