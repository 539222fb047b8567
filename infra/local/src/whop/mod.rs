//! A stand-in for Whop: the dated v1 API under `/api/v1` and the key set of its user tokens.
//!
//! Where Whop's behaviour is known it is kept, also where it hurts: a push to somebody outside its
//! audience succeeds and reaches nobody, a cancellation without its flag ends the membership at
//! once, a repeated push or message is sent again. Where it is not known, the reading that
//! punishes a careless caller is taken.

mod access;
mod answer;
mod audience;
mod change;
mod membership_list;
mod memberships;
mod messages;
mod page;
mod payments;
mod shape;
mod token;
mod world;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::routing::{get, post};
use serde_json::Value;

pub(crate) use change::Change;
pub use payments::Payment;
pub use shape::Shape;
pub use world::{Membership, MembershipStatus};

use crate::clock::SandboxClock;
use crate::fault::Faults;
use crate::journal::Record;
use crate::outbox::{Entry, Outbox};
use world::{Company, Experience, World};

/// The app whose experiences [`WhopStandIn::add_company`] installs.
pub const APP_ID: &str = "app_local";

/// The version of the API that the product asks for: the shape it speaks unless it is told otherwise.
pub use shared::providers::whop::API_VERSION_DATE;

/// Whop, as far as this project talks to it; all clones share one state.
#[derive(Debug, Clone)]
pub struct WhopStandIn {
    clock: SandboxClock,
    outbox: Outbox,
    faults: Faults,
    world: Arc<Mutex<World>>,
}

impl WhopStandIn {
    /// An empty Whop that tells time by `clock`, leaves its effects in `outbox` and obeys `faults`.
    pub fn new(clock: SandboxClock, outbox: Outbox, faults: Faults) -> Self {
        Self { clock, outbox, faults, world: Arc::default() }
    }

    /// The same state once more, to go its own way from here.
    pub(crate) fn copy(&self, clock: SandboxClock, outbox: Outbox, faults: Faults) -> Self {
        let world = Arc::new(Mutex::new(self.world().clone()));
        Self { clock, outbox, faults, world }
    }

    /// The API under `/api/v1`, and `/.well-known/jwks.json`.
    pub fn router(&self) -> Router {
        let api = Router::new()
            .route("/memberships", get(membership_list::list))
            .route("/memberships/{id}", get(memberships::show))
            .route("/memberships/{id}/extend", post(memberships::extend))
            .route("/memberships/{id}/cancel", post(memberships::cancel))
            .route("/payments/{id}", get(payments::show))
            .route("/users/{user_id}/access/{resource_id}", get(access::check))
            .route("/experiences", get(access::experiences))
            .route("/notifications", post(messages::notify))
            .route("/dm_channels", post(messages::open_channel))
            .route("/messages", post(messages::send))
            .fallback(answer::no_such_route);
        Router::new()
            .nest("/api/v1", api)
            .route("/.well-known/jwks.json", get(token::key_set))
            .with_state(self.clone())
    }

    /// Answers and tells in this shape from now on, whatever date a caller asks for: as Whop does where a key is
    /// pinned to another version than the caller believes.
    pub fn speak(&self, shape: Shape) {
        self.world().spoken = Some(shape);
    }

    /// The shape of the webhooks.
    fn shape(&self) -> Shape {
        self.world().spoken.unwrap_or(Shape::Dated)
    }

    /// Installs a company with its team; `experience` is where [`APP_ID`] is installed, if it is.
    /// A company added again is replaced.
    pub fn add_company(
        &self,
        id: &str,
        title: &str,
        admins: &[&str],
        access_while_past_due: bool,
        experience: Option<&str>,
    ) {
        let (company_id, title) = (id.to_owned(), title.to_owned());
        let admins = admins.iter().map(|&admin| admin.to_owned()).collect();
        let company = Company { id: company_id, title, admins, access_while_past_due };
        let mut changes = vec![Change::Company(company)];
        changes.extend(experience.map(|experience| installed(experience, id, APP_ID)));
        self.commit(&mut self.world(), vec![], changes);
    }

    /// Installs an experience of any app at a company.
    pub fn add_experience(&self, id: &str, company_id: &str, app_id: &str) {
        self.commit(&mut self.world(), vec![], vec![installed(id, company_id, app_id)]);
    }

    /// Adds a membership, or replaces the one with its id.
    ///
    /// # Panics
    /// When its company was not added: the answers about it would make no sense.
    pub fn add_membership(&self, membership: Membership) {
        let mut world = self.world();
        let company = &membership.company_id;
        assert!(world.company(company).is_some(), "no company {company} was added");
        self.commit(&mut world, vec![], vec![Change::Membership(Box::new(membership))]);
    }

    /// Sets the status of a membership, as a payment or a failed one would.
    ///
    /// # Panics
    /// When there is no such membership: the test or demo that asks for it is mistaken.
    pub fn set_membership_status(&self, id: &str, status: MembershipStatus) {
        self.change_membership(id, |membership| membership.status = status);
    }

    /// Changes a membership behind the API's back, as its member or Whop itself would.
    ///
    /// # Panics
    /// When there is no such membership.
    pub fn change_membership(&self, id: &str, change: impl FnOnce(&mut Membership)) {
        let mut world = self.world();
        let known = world.memberships.get(id).cloned();
        let mut membership = known.unwrap_or_else(|| panic!("no membership {id} was added"));
        change(&mut membership);
        self.commit(&mut world, vec![], vec![Change::Membership(Box::new(membership))]);
    }

    /// A membership as it stands.
    pub fn membership(&self, id: &str) -> Option<Membership> {
        self.world().memberships.get(id).cloned()
    }

    /// Somebody who administers a company; `None` for a company that is not installed.
    pub fn owner_of(&self, company_id: &str) -> Option<String> {
        self.world().company(company_id)?.admins.first().cloned()
    }

    /// Pushes that were answered with success and reached nobody, because their user was outside
    /// the audience.
    pub fn unreached(&self) -> Vec<Entry> {
        self.world().unreached.clone()
    }

    /// How many requests arrived for each operation, failed ones included.
    pub fn requests(&self) -> BTreeMap<String, u64> {
        self.world().requests.clone()
    }

    /// Starts the request counts again.
    pub fn reset_requests(&self) {
        self.world().requests.clear();
    }

    /// A user token that is valid now, for one hour, in the app `app_id`.
    pub fn user_token(&self, user_id: &str, app_id: &str) -> String {
        let kid = self.world().newest_kid();
        token::user_token(&kid, user_id, app_id, self.clock.now())
    }

    /// Signs any header and claims with ES256, to forge tokens. The key belongs to the header's
    /// `kid`, or is the newest one without it; only published kids are in the key set.
    pub fn sign_token(&self, header: Value, claims: Value) -> String {
        let newest = self.world().newest_kid();
        let kid = header["kid"].as_str().unwrap_or(&newest);
        token::sign(kid, &header, &claims)
    }

    /// The key set as `/.well-known/jwks.json` serves it.
    pub fn jwks(&self) -> Value {
        token::jwks(&self.world().published_kids())
    }

    /// Publishes one more key, with which tokens are signed from now on; older ones stay valid.
    pub fn rotate_key(&self) {
        self.commit(&mut self.world(), vec![], vec![Change::KeyRotated]);
    }

    /// Does again what was written.
    pub(crate) fn replay(&self, changes: Vec<Change>) {
        self.world().apply(changes);
    }

    /// The only way this world changes: one call's effects and changes are written together, and
    /// then they have happened.
    fn commit(&self, world: &mut World, sent: Vec<Entry>, changes: Vec<Change>) {
        let record = Record { sent, whop: changes, ..Record::default() };
        world.apply(self.outbox.commit(record).whop);
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn installed(id: &str, company_id: &str, app_id: &str) -> Change {
    let (id, company_id, app_id) = (id.to_owned(), company_id.to_owned(), app_id.to_owned());
    Change::Experience(Experience { id, company_id, app_id })
}
