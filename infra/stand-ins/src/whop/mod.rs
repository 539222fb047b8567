//! A stand-in for Whop: the dated v1 API under `/api/v1` and the key set of its user tokens.
//!
//! Known behaviour of Whop is reproduced, also where it is inconvenient: a push to a user outside its
//! audience succeeds and reaches no one, a cancellation without its flag ends the membership at once, a
//! repeated push or message is sent again. Where it is unknown, the stand-in takes the reading that exposes a
//! careless client.

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

use axum::Router;
use axum::routing::{get, post};
use serde_json::Value;

pub use payments::Payment;
pub use shape::Shape;
pub use world::{Membership, MembershipStatus};

use crate::base::StandIn;
use crate::outbox::Entry;
use change::Change;
use world::{Company, Experience, World};

/// The app whose experiences [`WhopStandIn::add_company`] installs.
pub const APP_ID: &str = "app_local";

/// The API version that the product requests, which is the default.
pub use shared::providers::whop::API_VERSION_DATE;

/// Whop, as far as this project talks to it.
pub type WhopStandIn = StandIn<World>;

impl WhopStandIn {
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

    /// Answers and sends events in this shape from now on, whatever date a client requests, as Whop does for
    /// a key that is pinned to another version.
    pub fn set_shape(&self, shape: Shape) {
        self.state().spoken = Some(shape);
    }

    /// The shape of the webhooks.
    fn shape(&self) -> Shape {
        self.state().spoken.unwrap_or(Shape::Dated)
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
        self.commit(&mut self.state(), vec![], changes);
    }

    /// Installs an experience of any app at a company.
    pub fn add_experience(&self, id: &str, company_id: &str, app_id: &str) {
        self.commit(&mut self.state(), vec![], vec![installed(id, company_id, app_id)]);
    }

    /// Adds a membership, or replaces the one with its id.
    ///
    /// # Panics
    /// When its company was not added: the answers about it would make no sense.
    pub fn add_membership(&self, membership: Membership) {
        let mut world = self.state();
        let company = &membership.company_id;
        assert!(world.company(company).is_some(), "no company {company} was added");
        self.commit(&mut world, vec![], vec![Change::Membership(Box::new(membership))]);
    }

    /// Sets the status of a membership, as a payment or a failed one would.
    ///
    /// # Panics
    /// If there is no such membership, because the test or demo is wrong.
    pub fn set_membership_status(&self, id: &str, status: MembershipStatus) {
        self.change_membership(id, |membership| membership.status = status);
    }

    /// Changes a membership behind the API's back, as its member or Whop itself would.
    ///
    /// # Panics
    /// When there is no such membership.
    pub fn change_membership(&self, id: &str, change: impl FnOnce(&mut Membership)) {
        let mut world = self.state();
        let known = world.memberships.get(id).cloned();
        let mut membership = known.unwrap_or_else(|| panic!("no membership {id} was added"));
        change(&mut membership);
        self.commit(&mut world, vec![], vec![Change::Membership(Box::new(membership))]);
    }

    /// The current state of a membership.
    pub fn membership(&self, id: &str) -> Option<Membership> {
        self.state().memberships.get(id).cloned()
    }

    /// An administrator of a company; `None` for a company that has not installed the app.
    pub fn owner_of(&self, company_id: &str) -> Option<String> {
        self.state().company(company_id)?.admins.first().cloned()
    }

    /// Pushes that were answered with success and reached no one, because their user was outside the
    /// audience.
    pub fn unreached(&self) -> Vec<Entry> {
        self.state().unreached.clone()
    }

    /// A user token that is valid now, for one hour, in the app `app_id`.
    pub fn user_token(&self, user_id: &str, app_id: &str) -> String {
        let kid = self.state().newest_kid();
        token::user_token(&kid, user_id, app_id, self.now())
    }

    /// Signs any header and claims with ES256, to forge tokens. The key belongs to the header's
    /// `kid`, or is the newest one without it; only published kids are in the key set.
    pub fn sign_token(&self, header: Value, claims: Value) -> String {
        let newest = self.state().newest_kid();
        let kid = header["kid"].as_str().unwrap_or(&newest);
        token::sign(kid, &header, &claims)
    }

    /// The key set as `/.well-known/jwks.json` serves it.
    pub fn jwks(&self) -> Value {
        token::jwks(&self.state().published_kids())
    }

    /// Publishes one more key, with which tokens are signed from now on; older ones stay valid.
    pub fn rotate_key(&self) {
        self.commit(&mut self.state(), vec![], vec![Change::KeyRotated]);
    }
}

fn installed(id: &str, company_id: &str, app_id: &str) -> Change {
    let (id, company_id, app_id) = (id.to_owned(), company_id.to_owned(), app_id.to_owned());
    Change::Experience(Experience { id, company_id, app_id })
}
