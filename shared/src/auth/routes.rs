//! Every route, and who may ask it: the one table. A route without a row cannot be opened.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};
use http::Method;

use crate::app::SharedApp;
use crate::http::door;

/// Who may ask a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everybody.
    Anyone,
    /// A person who administers the company, proven by Whop.
    Owner,
    /// The schedule, or an operator with its secret.
    Scheduler,
    /// A provider, proven by its signature.
    Provider,
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
pub const ROUTES: [Route; 21] = [
    route("webhooks", "POST", "/api/webhooks/whop", Who::Provider),
    route("webhooks", "GET", "/api/webhooks/events", Who::Scheduler),
    route("webhooks", "POST", "/api/webhooks/events/{event_id}/replay", Who::Scheduler),
    route("settings", "GET", "/api/settings", Who::Owner),
    route("settings", "PUT", "/api/settings", Who::Owner),
    route("kpis", "GET", "/api/dashboard/kpis", Who::Owner),
    route("cases", "GET", "/api/dashboard/cases", Who::Owner),
    route("cases", "GET", "/api/cases/export", Who::Owner),
    route("cases", "GET", "/api/cases/{case_id}", Who::Owner),
    route("cases", "GET", "/api/cases/{case_id}/actions", Who::Owner),
    route("nudge", "POST", "/api/cases/{case_id}/nudge", Who::Owner),
    route("case-endings", "POST", "/api/cases/{case_id}/cancel", Who::Owner),
    route("case-endings", "POST", "/api/cases/{case_id}/cancel-membership", Who::Owner),
    route("case-endings", "POST", "/api/cases/{case_id}/terminate", Who::Owner),
    route("memberships", "GET", "/api/memberships/{membership_id}", Who::Owner),
    route("memberships", "GET", "/api/memberships/{membership_id}/manage-url", Who::Owner),
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
