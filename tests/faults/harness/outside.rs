//! What happens at Stripe without our asking, as moves of their own; and Stripe telling of it.

use stand_ins::stripe::{DisputeStatus, IntentStatus};

use support::payees::account_of;
use support::world::{COMPANY, World};

use super::booked::Booked;
use super::rows::Rows;

/// No route of any provider, so that asking for it only waits for a turn at the gate, like a request that
/// changes something.
const DASHBOARD: &str = "dashboard";

/// What goes back at a time.
const REFUND: i64 = 2_500;

/// Something that happens at Stripe, to the booking or the professional of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// Somebody takes the money that is held.
    Capture(usize),
    /// Somebody lets the money go that is held.
    LetGo(usize),
    /// A part of the price goes back to the customer.
    Refund(usize),
    /// The customer disputes the charge.
    Dispute(usize),
    /// The bank decides an open dispute for us.
    Won(usize),
    /// A part of the transfer comes back, if there is one by then.
    Reverse(usize),
    /// Stripe restricts the account.
    Restrict(usize),
}

impl Happening {
    /// Happens once the worker is let go, and Stripe tells of it; the statuses that were answered.
    pub async fn comes(self, process: &World) -> String {
        let url = format!("http://{}/{DASHBOARD}", process.service.providers);
        let turn = process.service.app.http.post(url).send().await;
        // Trouble on the way there keeps nobody at Stripe from anything.
        drop(turn);
        self.happens(process);
        told(process).await
    }

    pub fn happens(self, world: &World) {
        let stripe = &world.service.sandbox.stripe;
        match self {
            Self::Capture(booking) => {
                let payment = nth(world, booking).0;
                if is_held(world, &payment) {
                    stripe.capture_outside(&payment);
                }
            }
            Self::LetGo(booking) => {
                let payment = nth(world, booking).0;
                if is_held(world, &payment) {
                    stripe.cancel_outside(&payment);
                }
            }
            Self::Refund(booking) => {
                let payment = nth(world, booking).0;
                let charge = stripe.charge_of(&payment).unwrap();
                // What a bank has taken back cannot be given back.
                let kept = charge.amount_captured - charge.amount_refunded;
                if charge.dispute.is_none() && kept >= REFUND {
                    stripe.refund(&payment, REFUND);
                }
            }
            Self::Dispute(booking) => {
                let payment = nth(world, booking).0;
                if stripe.charge_of(&payment).is_some_and(|charge| charge.dispute.is_none()) {
                    stripe.open_dispute(&payment);
                }
            }
            Self::Won(booking) => {
                let payment = nth(world, booking).0;
                let dispute = stripe.charge_of(&payment).and_then(|charge| charge.dispute);
                if dispute.is_some_and(|dispute| dispute.status == DisputeStatus::NeedsResponse) {
                    stripe.close_dispute(&payment, true);
                }
            }
            Self::Reverse(booking) => {
                let (id, made) = (nth(world, booking).1, stripe.transfers());
                let made = made.iter().filter(|transfer| transfer.metadata["booking_id"] == id);
                made.for_each(|transfer| stripe.reverse_transfer(&transfer.id, 1_000));
            }
            Self::Restrict(payee) => {
                let account = account_of(&format!("user_{payee}"));
                stripe.restrict_account(&account, Some("requirements.past_due"));
            }
        }
    }
}

fn is_held(world: &World, payment: &str) -> bool {
    let payment = world.service.sandbox.stripe.payment_intent(payment);
    payment.is_some_and(|payment| payment.status == IntentStatus::RequiresCapture)
}

/// Stripe tells of everything that it has not told yet; the statuses that were answered.
pub async fn told(process: &World) -> String {
    let mut statuses = Vec::new();
    for event in process.service.sandbox.stripe.undelivered_events() {
        let status = process.service.deliver_stripe(&event.body).await.status();
        if status.is_success() {
            process.service.sandbox.stripe.mark_delivered(&event.id);
        }
        statuses.push(status.to_string());
    }
    statuses.join(", ")
}

/// Stripe has told of everything so far.
pub fn all_told(world: &World) {
    let stripe = &world.service.sandbox.stripe;
    stripe.undelivered_events().iter().for_each(|event| stripe.mark_delivered(&event.id));
}

/// The payment and the id of a booking.
pub fn nth(world: &World, number: usize) -> (String, String) {
    let rows = Rows::read(&world.service.dynamo);
    let ours = |booked: &Booked<'_>| booked.row.company_id.as_str() == COMPANY;
    let booked = rows.bookings().filter(ours).nth(number).unwrap();
    (booked.row.payment_intent_id.unwrap().as_str().to_owned(), booked.row.booking_id.to_string())
}
