//! Scenarios of a payout day, drawn from a seed: a few professionals with anything a marketplace has.

use crate::payout_rules::PayoutRulesSteps;
use chrono::Duration;
use shared::domain::kernel::account::Role;
use shared::domain::kernel::money::{Currency, Money};
use shared::domain::marketplace::booking::{BookingFactKind, DisputeStatus};
use stand_ins::fault::Operation;

use support::payees::Job;
use support::world::{COMPANY, World};

const LIMITS: &[(&str, &str)] = &[
    ("PAYOUT_MINIMUM", "usd=4000,eur=4000,cop=14000000"),
    ("PAYOUT_APPROVAL_ABOVE", "usd=50000,eur=50000,cop=100000000"),
];

/// The currency of professionals, and half of the price of their usual job.
const CURRENCIES: [(&str, i64); 3] = [("usd", 6_000), ("eur", 6_000), ("cop", 12_000_000)];

/// Numbers that differ from seed to seed and are the same for the same seed.
pub struct SeededRandom(u64);

impl SeededRandom {
    pub fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn up_to(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    pub fn happens(&mut self, in_so_many: u64) -> bool {
        self.up_to(in_so_many) == 0
    }

    fn amount(&mut self, end: i64) -> i64 {
        1 + self.up_to(end as u64) as i64
    }
}

/// A professional to be paid, with their usual job.
struct Professional {
    name: String,
    currency: &'static str,
    half_price: i64,
}

/// A scenario in which nothing is paid yet.
pub async fn scenario(seed: u64) -> World {
    drawn(&mut SeededRandom::of(seed)).await.0
}

/// A scenario in which a person has run the payouts on the same day already, and one answer of Stripe was
/// lost: a transfer is in doubt, the paid amount counts towards the batch's limits, and every professional
/// has another job.
pub async fn scenario_in_doubt(seed: u64) -> World {
    let mut random = SeededRandom::of(seed);
    let (world, professionals) = drawn(&mut random).await;
    let fault = ["drop_before", "drop_after"][random.up_to(2) as usize];
    world.inject_stripe_fault(Operation::CreateTransfer, fault, Some(1));
    world.process(Role::Accountant, false).await;
    world.all_well();
    for professional in &professionals {
        let age = Duration::minutes(24 * 60 + random.amount(60));
        add_job(&world, professional, age, &mut random).await;
    }
    bring_money(&world, &mut random);
    world
}

async fn drawn(random: &mut SeededRandom) -> (World, Vec<Professional>) {
    let world = World::limited(LIMITS).await;
    let mut professionals = Vec::new();
    for n in 0..2 + random.up_to(3) {
        let professional = add_professional(&world, n, random).await;
        if random.happens(3) {
            let all = if random.happens(2) { 60_000 } else { 6_000 };
            world.add_debt(&professional.name, random.amount(all)).await;
        }
        // Jobs are completed one after the other; the hold-back of some has not ended.
        let mut ages: Vec<i64> = (0..3 + random.up_to(5)).map(|_| 23 * 60 + random.amount(600)).collect();
        ages.sort_unstable_by(|a, b| b.cmp(a));
        for age in ages {
            add_job(&world, &professional, Duration::minutes(age), random).await;
        }
        professionals.push(professional);
    }
    bring_money(&world, random);
    (world, professionals)
}

/// Most have an account that takes money.
async fn add_professional(world: &World, n: u64, random: &mut SeededRandom) -> Professional {
    let (currency, half_price) = CURRENCIES[[0, 0, 1, 2][random.up_to(4) as usize]];
    let (name, account) = (format!("user_{n}"), format!("acct_{n}"));
    let restriction = random.up_to(24);
    if restriction != 0 {
        world.add_payee(COMPANY, &name, currency).await;
    }
    match restriction {
        1 => world.service.sandbox.stripe.restrict_account(&account, Some("requirements.past_due")),
        2 => world.service.sandbox.stripe.delete_account(&account),
        _ => {}
    }
    // Some work for so little that it waits for more of it.
    let half_price = if random.happens(10) { half_price / 15 } else { half_price };
    Professional { name, currency, half_price }
}

async fn add_job(world: &World, professional: &Professional, age: Duration, random: &mut SeededRandom) {
    let currency =
        if random.happens(10) { CURRENCIES[random.up_to(3) as usize].0 } else { professional.currency };
    let price = professional.half_price + random.amount(2 * professional.half_price);
    let job = Job {
        completed_at: world.now() - age,
        names_charge: !random.happens(4),
        ..Job::of(world, &professional.name).priced(price, currency)
    };
    let booking = world.add_job(&job).await;
    let money = |amount| Money { amount, currency: Currency::parse(currency).unwrap() };
    if random.happens(5) {
        let back = if random.happens(4) { price } else { random.amount(price / 2) };
        world.happens(booking, BookingFactKind::Refunded { money: money(back), payment_intent: None }).await;
    }
    if random.happens(15) {
        let (dispute_id, status) = ("dp_1".to_owned(), DisputeStatus::NeedsResponse);
        let money = money(random.amount(price));
        world
            .happens(booking, BookingFactKind::Disputed { dispute_id, status, money, payment_intent: None })
            .await;
    }
}

/// The platform's balance for shares of unknown charges; sometimes too little.
fn bring_money(world: &World, random: &mut SeededRandom) {
    for (currency, half_price) in CURRENCIES {
        world.service.sandbox.stripe.set_balance(currency, random.amount(6 * half_price));
    }
}
