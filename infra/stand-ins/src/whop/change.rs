//! The changes Whop's world can undergo: the same ones when they happen and when they are read back.

use serde::{Deserialize, Serialize};

use super::payments::Payment;
use super::world::{Channel, Company, Experience, Membership, World};
use crate::base::JournaledState;
use crate::base::keys::UsedKey;
use crate::outbox::Entry;

/// One change, as the journal keeps it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    /// The company was added or replaced.
    Company(Company),
    /// The experience was added or replaced.
    Experience(Experience),
    /// The membership was added, or is like this now.
    Membership(Box<Membership>),
    /// The payment was tried, and ended like this.
    Payment(Box<Payment>),
    /// The channel was opened.
    Channel(Channel),
    /// One more message got an id.
    MessageNumbered,
    /// The key is bound to its request and answer.
    KeyUsed(UsedKey),
    /// A push that was answered with success and reached no one.
    Unreached(Entry),
    /// One more signing key was published.
    KeyRotated,
}

impl JournaledState for World {
    const NAME: &'static str = "whop";
    type Changes = Vec<Change>;

    fn apply(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Company(company) => self.put_company(company),
                Change::Experience(experience) => self.put_experience(experience),
                Change::Membership(membership) => {
                    self.memberships.insert(membership.id.clone(), *membership);
                }
                Change::Payment(payment) => {
                    self.payments.insert(payment.id.clone(), *payment);
                }
                Change::Channel(channel) => self.channels.push(channel),
                Change::MessageNumbered => self.messages += 1,
                Change::KeyUsed(used) => self.keys.remember(used),
                Change::Unreached(entry) => self.unreached.push(entry),
                Change::KeyRotated => self.rotations += 1,
            }
        }
    }
}
