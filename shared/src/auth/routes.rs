//! Every route, and who may ask it: the one table. A route without a row cannot be opened.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};
use http::Method;

use crate::app::SharedApp;
use crate::domain::account::Role;
use crate::http::door;

/// Who may ask a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everybody.
    Anyone,
    /// Whoever is signed in with a session, whatever the role.
    SignedIn,
    /// A proven caller in one of these roles.
    Roles(&'static [Role]),
    /// The schedule, or an operator with its secret.
    Scheduler,
    /// A provider, proven by its signature.
    Provider,
}

impl Who {
    /// Who administers a company, and nobody else.
    pub const OWNER: Self = Self::Roles(&[Role::Owner]);
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The function that answers it.
    pub function: &'static str,
    /// The method.
    pub method: &'static str,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// Who may ask.
    pub who: Who,
}

const fn route(function: &'static str, method: &'static str, path: &'static str, who: Who) -> Route {
    Route { function, method, path, who }
}

/// The table.
pub const ROUTES: [Route; 38] = [
    route("sign-in", "GET", "/api/auth/sign-in", Who::Anyone),
    route("sign-in", "POST", "/api/auth/sign-in", Who::Anyone),
    route("sign-in", "GET", "/api/auth/session", Who::SignedIn),
    route("sign-in", "POST", "/api/auth/sign-out", Who::SignedIn),
    route("sign-in", "POST", "/api/auth/sign-out-everywhere", Who::SignedIn),
    route("sign-up", "POST", "/api/auth/sign-up", Who::Anyone),
    route("sign-up", "GET", "/api/auth/confirm", Who::Anyone),
    route("sign-up", "POST", "/api/auth/confirm", Who::Anyone),
    route("password", "POST", "/api/auth/password/forgot", Who::Anyone),
    route("password", "GET", "/api/auth/password/reset", Who::Anyone),
    route("password", "POST", "/api/auth/password/reset", Who::Anyone),
    route("password", "POST", "/api/auth/password/change", Who::SignedIn),
    route("single-sign-on", "POST", "/api/auth/oidc/start", Who::Anyone),
    route("single-sign-on", "GET", "/api/auth/oidc/callback", Who::Anyone),
    route("single-sign-on", "POST", "/api/auth/oidc/callback", Who::Anyone),
    route("webhooks", "POST", "/api/webhooks/whop", Who::Provider),
    route("webhooks", "POST", "/api/webhooks/stripe", Who::Provider),
    route("webhooks", "POST", "/api/webhooks/{source}", Who::Provider),
    route("webhooks", "GET", "/api/webhooks/events", Who::Scheduler),
    route("webhooks", "POST", "/api/webhooks/events/{event_id}/replay", Who::Scheduler),
    route("settings", "GET", "/api/settings", Who::OWNER),
    route("settings", "PUT", "/api/settings", Who::OWNER),
    route("kpis", "GET", "/api/dashboard/kpis", Who::Roles(&[Role::Owner, Role::Accountant])),
    route("cases", "GET", "/api/dashboard/cases", Who::OWNER),
    route("cases", "GET", "/api/cases/export", Who::OWNER),
    route("cases", "GET", "/api/cases/{case_id}", Who::OWNER),
    route("cases", "GET", "/api/cases/{case_id}/actions", Who::OWNER),
    route("nudge", "POST", "/api/cases/{case_id}/nudge", Who::OWNER),
    route("case-endings", "POST", "/api/cases/{case_id}/cancel", Who::OWNER),
    route("case-endings", "POST", "/api/cases/{case_id}/cancel-membership", Who::OWNER),
    route("case-endings", "POST", "/api/cases/{case_id}/terminate", Who::OWNER),
    route("memberships", "GET", "/api/memberships/{membership_id}", Who::OWNER),
    route("memberships", "GET", "/api/memberships/{membership_id}/manage-url", Who::OWNER),
    route("reminders", "GET", "/api/scheduler/reminders", Who::Scheduler),
    route("reminders", "POST", "/api/scheduler/reminders", Who::Scheduler),
    route("health", "GET", "/api/health", Who::Anyone),
    route("health", "GET", "/api/health/deep", Who::Scheduler),
    route("health", "GET", "/api/openapi.json", Who::Anyone),
];

/// Opens a function's routes, each of which must stand in the table.
pub struct Routes {
    function: &'static str,
    router: Router<SharedApp>,
}

impl Routes {
    /// The routes of a function.
    pub fn of(function: &'static str) -> Self {
        Self { function, router: Router::new() }
    }

    /// Opens one route.
    ///
    /// # Panics
    /// When the route has no row in the table: a function with such a route does not start.
    #[must_use]
    pub fn on<H, T>(mut self, method: Method, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, SharedApp>,
        T: 'static,
    {
        let known =
            |row: &Route| row.function == self.function && row.method == method.as_str() && row.path == path;
        assert!(ROUTES.iter().any(known), "{method} {path} of {} has no row in ROUTES", self.function);
        let filter = MethodFilter::try_from(method).unwrap_or(MethodFilter::GET);
        self.router = self.router.route(path, on(filter, handler));
        self
    }

    /// The function's router, behind the door.
    pub fn guard(self, app: SharedApp) -> Router {
        door::guard(self.function, self.router, app)
    }
}
