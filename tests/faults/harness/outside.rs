//! Events at Stripe that we did not cause, as separate moves, and Stripe's webhooks about them.

use stand_ins::stripe::{DisputeStatus, IntentStatus};

use support::payees::account_of;
use support::world::{COMPANY, World};

use super::booked::Booked;
use super::rows::Rows;

/// Not a route of any provider, so that the request only waits for its turn at the gate, like a changing request.
const DASHBOARD: &str = "dashboard";

/// The amount of one refund.
const REFUND: i64 = 2_500;

/// An event at Stripe, for the booking or professional of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// The payment is captured at Stripe's dashboard.
    Capture(usize),
    /// The payment is cancelled at Stripe's dashboard.
    Cancel(usize),
    /// A part of the price is refunded.
    Refund(usize),
    /// The customer disputes the charge.
    Dispute(usize),
    /// An open dispute is won.
    Won(usize),
    /// A part of the transfer is reversed, if there is one by then.
    Reverse(usize),
    /// Stripe restricts the account.
    Restrict(usize),
}

impl Happening {
    /// Executes the event once it is released, and delivers Stripe's webhooks; returns their statuses.
    pub async fn run(self, process: &World) -> String {
        let url = format!("http://{}/{DASHBOARD}", process.service.providers);
        let turn = process.service.app.http.post(url).send().await;
        // A fault on the way does not prevent the event at Stripe.
        drop(turn);
        self.apply(process);
        deliver_webhooks(process).await
    }

    pub fn apply(self, world: &World) {
        let stripe = &world.service.sandbox.stripe;
        match self {
            Self::Capture(booking) => {
                let payment = nth(world, booking).0;
                if is_held(world, &payment) {
                    stripe.capture_outside(&payment);
                }
            }
            Self::Cancel(booking) => {
                let payment = nth(world, booking).0;
                if is_held(world, &payment) {
                    stripe.cancel_outside(&payment);
                }
            }
            Self::Refund(booking) => {
                let payment = nth(world, booking).0;
                let charge = stripe.charge_of(&payment).unwrap();
                // Disputed money cannot be refunded.
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

/// Delivers all webhooks that Stripe has not sent yet; returns the statuses.
pub async fn deliver_webhooks(process: &World) -> String {
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

/// Marks all of Stripe's events as delivered.
pub fn mark_delivered(world: &World) {
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
