//! The table of all routes with their access rules. A route without a row makes its function panic at the start.

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::Method;

use super::authorization;
use crate::app::SharedApp;
use crate::domain::kernel::account::Role;
use crate::http::idempotent::KeyPolicy;
use crate::http::middleware;
use crate::rate_limit::class::{
    AUTH, BOOKING, CASE_ACTION, Class, DASHBOARD, EXPORT, RESET, SCHEDULER, SENSITIVE, SETTINGS, SIGN_UP,
    TOKEN, WEBHOOKS,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Anyone,
    /// Any caller with a session, whatever the role.
    SignedIn,
    /// An authenticated caller with one of these roles.
    Roles(&'static [Role]),
    /// EventBridge Scheduler, or an operator with its secret.
    Scheduler,
    /// A provider; the handler verifies the signature.
    SignedWebhook,
}

impl Access {
    /// The administrator of a company.
    pub const OWNER: Self = Self::Roles(&[Role::Owner]);

    /// The people who operate the platform.
    pub const STAFF: Self = Self::Roles(&[Role::Provider, Role::Developer, Role::Accountant]);

    /// The administrator of a company, and staff.
    pub const OWNER_AND_STAFF: Self =
        Self::Roles(&[Role::Owner, Role::Provider, Role::Developer, Role::Accountant]);

    /// Staff who may run and approve payouts.
    pub const PAYERS: Self = Self::Roles(&[Role::Provider, Role::Accountant]);

    /// The people who may turn switches: staff all of them, owners some of their company.
    pub const SWITCHERS: Self = Self::Roles(&[Role::Owner, Role::Provider, Role::Accountant]);

    /// The people who see which switches are off.
    pub const SWITCH_READERS: Self =
        Self::Roles(&[Role::Owner, Role::Provider, Role::Developer, Role::Accountant]);

    /// The roles with access to bookings.
    pub const PARTIES: Self = Self::Roles(&[Role::Customer, Role::Professional, Role::Owner, Role::Provider]);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The function that serves the route.
    pub function: &'static str,
    pub method: &'static str,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    pub access: Access,
    /// The rate limit; `None` where a request costs nothing.
    pub limit: Option<&'static Class>,
    pub key: KeyPolicy,
    /// Whether an on-call key opens the route too.
    pub on_call: bool,
}

impl Route {
    const fn limited(self, class: &'static Class) -> Self {
        Self { limit: Some(class), ..self }
    }

    const fn keyed(self, key: KeyPolicy) -> Self {
        Self { key, ..self }
    }

    const fn on_call(self) -> Self {
        Self { on_call: true, ..self }
    }
}

const fn route(function: &'static str, method: &'static str, path: &'static str, access: Access) -> Route {
    Route { function, method, path, access, limit: None, key: KeyPolicy::None, on_call: false }
}

#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    route("sign-in", "GET", "/api/auth/sign-in", Access::Anyone),
    route("sign-in", "POST", "/api/auth/sign-in", Access::Anyone).limited(&AUTH),
    route("sign-in", "GET", "/api/auth/session", Access::SignedIn).limited(&DASHBOARD),
    route("sign-in", "POST", "/api/auth/sign-out", Access::SignedIn).limited(&DASHBOARD),
    route("sign-in", "POST", "/api/auth/sign-out-everywhere", Access::SignedIn).limited(&SENSITIVE),
    route("sign-up", "POST", "/api/auth/sign-up", Access::Anyone).limited(&SIGN_UP),
    route("sign-up", "GET", "/api/auth/confirm", Access::Anyone),
    route("sign-up", "POST", "/api/auth/confirm", Access::Anyone).limited(&TOKEN),
    route("password", "POST", "/api/auth/password/forgot", Access::Anyone).limited(&RESET),
    route("password", "GET", "/api/auth/password/reset", Access::Anyone),
    route("password", "POST", "/api/auth/password/reset", Access::Anyone).limited(&TOKEN),
    route("password", "POST", "/api/auth/password/change", Access::SignedIn).limited(&SENSITIVE),
    route("single-sign-on", "POST", "/api/auth/oidc/start", Access::Anyone).limited(&TOKEN),
    route("single-sign-on", "GET", "/api/auth/oidc/callback", Access::Anyone),
    route("single-sign-on", "POST", "/api/auth/oidc/callback", Access::Anyone).limited(&TOKEN),
    route("webhooks", "POST", "/api/webhooks/whop", Access::SignedWebhook).limited(&WEBHOOKS),
    route("webhooks", "POST", "/api/webhooks/stripe", Access::SignedWebhook).limited(&WEBHOOKS),
    route("webhooks", "POST", "/api/webhooks/resend", Access::SignedWebhook).limited(&WEBHOOKS),
    route("webhooks", "POST", "/api/webhooks/{source}", Access::SignedWebhook).limited(&WEBHOOKS),
    route("webhooks", "GET", "/api/webhooks/events", Access::Scheduler).limited(&SCHEDULER).on_call(),
    route("webhooks", "POST", "/api/webhooks/events/{event_id}/replay", Access::Scheduler).limited(&SCHEDULER).on_call(),
    route("webhooks", "POST", "/api/webhooks/events/{event_id}/dismiss", Access::Scheduler).limited(&SCHEDULER).on_call(),
    route("settings", "GET", "/api/settings", Access::OWNER).limited(&SETTINGS),
    route("settings", "PUT", "/api/settings", Access::OWNER).limited(&CASE_ACTION).keyed(KeyPolicy::Optional),
    route("kpis", "GET", "/api/dashboard/kpis", Access::Roles(&[Role::Owner, Role::Accountant])).limited(&DASHBOARD),
    route("cases", "GET", "/api/dashboard/cases", Access::OWNER_AND_STAFF).limited(&DASHBOARD),
    route("cases", "GET", "/api/cases/export", Access::OWNER).limited(&EXPORT),
    route("cases", "GET", "/api/cases/{case_id}", Access::OWNER_AND_STAFF).limited(&DASHBOARD),
    route("cases", "GET", "/api/cases/{case_id}/actions", Access::OWNER_AND_STAFF).limited(&DASHBOARD),
    route("nudge", "POST", "/api/cases/{case_id}/nudge", Access::OWNER).limited(&CASE_ACTION).keyed(KeyPolicy::Optional),
    route("case-endings", "POST", "/api/cases/{case_id}/cancel", Access::OWNER).limited(&CASE_ACTION).keyed(KeyPolicy::Optional),
    route("case-endings", "POST", "/api/cases/{case_id}/cancel-membership", Access::OWNER).limited(&CASE_ACTION).keyed(KeyPolicy::Optional),
    route("case-endings", "POST", "/api/cases/{case_id}/terminate", Access::OWNER).limited(&CASE_ACTION).keyed(KeyPolicy::Optional),
    route("memberships", "GET", "/api/memberships/{membership_id}", Access::OWNER).limited(&DASHBOARD),
    route("memberships", "GET", "/api/memberships/{membership_id}/manage-url", Access::OWNER).limited(&DASHBOARD),
    route("bookings", "POST", "/api/bookings", Access::Roles(&[Role::Customer, Role::Owner])).limited(&BOOKING).keyed(KeyPolicy::Required),
    route("bookings", "GET", "/api/bookings", Access::PARTIES).limited(&DASHBOARD),
    route("bookings", "GET", "/api/bookings/{booking_id}", Access::PARTIES).limited(&DASHBOARD),
    route("bookings", "GET", "/api/bookings/{booking_id}/payment", Access::Roles(&[Role::Customer, Role::Owner])).limited(&SENSITIVE),
    route("bookings", "POST", "/api/bookings/{booking_id}/accept", Access::Roles(&[Role::Professional, Role::Owner])).limited(&SENSITIVE).keyed(KeyPolicy::Required),
    route("bookings", "POST", "/api/bookings/{booking_id}/decline", Access::Roles(&[Role::Professional, Role::Owner])).limited(&SENSITIVE).keyed(KeyPolicy::Required),
    route("bookings", "POST", "/api/bookings/{booking_id}/complete", Access::Roles(&[Role::Professional, Role::Owner])).limited(&SENSITIVE).keyed(KeyPolicy::Required),
    route("bookings", "POST", "/api/bookings/{booking_id}/cancel", Access::Roles(&[Role::Customer, Role::Professional, Role::Owner])).limited(&SENSITIVE).keyed(KeyPolicy::Required),
    route("professionals", "GET", "/api/admin/professionals/{professional_id}", Access::Roles(&[Role::Owner, Role::Provider])).limited(&DASHBOARD),
    route("professionals", "PUT", "/api/admin/professionals/{professional_id}", Access::Roles(&[Role::Owner, Role::Provider])).limited(&SENSITIVE).keyed(KeyPolicy::Optional),
    route("professionals", "GET", "/api/professionals/{professional_id}/statement", Access::Roles(&[Role::Professional, Role::Owner, Role::Provider, Role::Accountant])).limited(&DASHBOARD),
    route("professionals", "GET", "/api/ledger/balances", Access::Roles(&[Role::Owner, Role::Accountant, Role::Provider])).limited(&DASHBOARD),
    route("reminders", "GET", "/api/scheduler/reminders", Access::Scheduler).limited(&SCHEDULER),
    route("reminders", "POST", "/api/scheduler/reminders", Access::Scheduler).limited(&SCHEDULER),
    route("operations", "GET", "/api/operations", Access::STAFF).limited(&DASHBOARD).on_call(),
    route("operations", "POST", "/api/operations/resolve", Access::Roles(&[Role::Provider, Role::Accountant])).limited(&SENSITIVE).keyed(KeyPolicy::Required).on_call(),
    route("operations", "GET", "/api/operations/findings", Access::STAFF).limited(&DASHBOARD).on_call(),
    route("operations", "POST", "/api/operations/findings/{finding_id}/resolve", Access::PAYERS).limited(&SENSITIVE).keyed(KeyPolicy::Required).on_call(),
    route("operations", "GET", "/api/history/{kind}/{id}", Access::OWNER_AND_STAFF).limited(&DASHBOARD).on_call(),
    route("operations", "GET", "/api/operations/switches", Access::SWITCH_READERS).limited(&DASHBOARD).on_call(),
    route("operations", "PUT", "/api/operations/switches/{switch}", Access::SWITCHERS).limited(&SENSITIVE).keyed(KeyPolicy::Optional).on_call(),
    route("payouts", "GET", "/api/cron/process-payouts", Access::Scheduler).limited(&SCHEDULER),
    route("payouts", "POST", "/api/cron/process-payouts", Access::Scheduler).limited(&SCHEDULER),
    route("payout-admin", "POST", "/api/admin/payouts/process", Access::PAYERS).limited(&SENSITIVE).keyed(KeyPolicy::Required),
    route("payout-admin", "GET", "/api/admin/payouts/batches", Access::PAYERS).limited(&DASHBOARD),
    route("payout-admin", "GET", "/api/admin/payouts/batches/{batch_id}", Access::PAYERS).limited(&DASHBOARD),
    route("payout-admin", "POST", "/api/admin/payouts/approvals", Access::PAYERS).limited(&SENSITIVE).keyed(KeyPolicy::Required),
    route("auto-decline", "GET", "/api/cron/auto-decline-bookings", Access::Scheduler).limited(&SCHEDULER),
    route("auto-decline", "POST", "/api/cron/auto-decline-bookings", Access::Scheduler).limited(&SCHEDULER),
    route("reconciliation", "GET", "/api/cron/reconcile", Access::Scheduler).limited(&SCHEDULER),
    route("reconciliation", "POST", "/api/cron/reconcile", Access::Scheduler).limited(&SCHEDULER),
    route("event-publisher", "GET", "/api/cron/publish-events", Access::Scheduler).limited(&SCHEDULER),
    route("event-publisher", "POST", "/api/cron/publish-events", Access::Scheduler).limited(&SCHEDULER),
    route("health", "GET", "/api/health", Access::Anyone),
    route("health", "GET", "/api/health/deep", Access::Scheduler).limited(&SCHEDULER),
    route("health", "GET", "/api/openapi.json", Access::Anyone),
];

/// Builds a function's router; each of its routes needs a row in the table.
pub struct Routes {
    function: &'static str,
    open: Vec<(&'static Route, MethodRouter<SharedApp>)>,
}

impl Routes {
    pub fn of(function: &'static str) -> Self {
        Self { function, open: Vec::new() }
    }

    /// Adds a handler for one route.
    ///
    /// # Panics
    /// If the route has no row in the table, so that such a function does not start.
    #[must_use]
    pub fn on<H, T>(mut self, method: Method, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, SharedApp>,
        T: 'static,
    {
        let known =
            |row: &&Route| row.function == self.function && row.method == method.as_str() && row.path == path;
        let route = ROUTES.iter().find(known);
        let Some(route) = route else { panic!("{method} {path} of {} has no row in ROUTES", self.function) };
        let filter = MethodFilter::try_from(method).unwrap_or(MethodFilter::GET);
        self.open.push((route, on(filter, handler)));
        self
    }

    /// The function's router: each handler behind the authorization of its row, all behind the middleware.
    pub fn into_router(self, app: SharedApp) -> Router {
        let router = self.open.into_iter().fold(Router::new(), |router, (route, handler)| {
            let authorize = move |app, request, next| authorization::authorize(route, app, request, next);
            router.route(route.path, handler.route_layer(from_fn_with_state(app.clone(), authorize)))
        });
        middleware::layer(self.function, router, app)
    }
}
