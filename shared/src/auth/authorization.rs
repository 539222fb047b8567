//! Authorization of every request: authentication, role, CSRF protection and rate limit.
//!
//! A handler runs only for callers that the route's row of the table allows. The checks run in the order of their
//! cost and of what an answer reveals: content type, credentials, role, CSRF token, rate limit.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, StatusCode, header};

use super::caller::{self, Authenticated, Caller};
use super::operator::Operator;
use super::routes::{Access, Route};
use super::scheduler;
use super::session;
use super::trusted_proxy;
use crate::app::{App, SharedApp};
use crate::http::Failure;
use crate::http::extension::Trigger;
use crate::http::failure::UNSIGNED;
use crate::http::idempotent::KeyPolicy;
use crate::http::origin::{self, CallingPage};
use crate::http::rate_limit_charge::RateLimitCharge;
use crate::rate_limit::{self, LimitCharge, LimitSubject};

/// Runs the route's handler if the request is authorized; otherwise answers with the failure.
pub(super) async fn authorize(
    route: &'static Route,
    State(app): State<SharedApp>,
    mut request: Request,
    next: Next,
) -> Response {
    let client_ip = trusted_proxy::client_ip(&app, &request);
    let (rate_limit_charge, admitted) = match check_and_charge(route, &app, client_ip, &mut request).await {
        Ok(rate_limit_charge) => (rate_limit_charge, Ok(())),
        Err((rate_limit_charge, failure)) => (rate_limit_charge, Err(failure)),
    };
    request.extensions_mut().insert(rate_limit_charge.clone());
    request.extensions_mut().insert(route.key);
    let mut response = match admitted {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    };
    count_failure(route, &response);
    if response.status() == StatusCode::UNAUTHORIZED && counts_failed_authentication(route) {
        response = count_failed_authentication(&app, &rate_limit_charge, response).await;
    }
    rate_limit_charge.write_headers(&mut response, app.clock.now());
    response
}

/// Alarms use metric filters that add these log lines up over all functions. The lines hold no path and no
/// address.
fn count_failure(route: &Route, response: &Response) {
    let status = response.status();
    let failed = status.is_client_error() || status.is_server_error();
    if route.access == Access::SignedWebhook && failed {
        // What bears no signature is a stranger's; it must not look like a provider whose secret has changed.
        let failure = response.extensions().get::<Arc<Failure>>();
        let is_unsigned = matches!(failure.map(Arc::as_ref), Some(Failure::Unauthorized(UNSIGNED)));
        tracing::warn!(
            webhook_failures = 1,
            source = source(route),
            unsigned = is_unsigned.then_some(1),
            status = status.as_u16(),
            "a webhook was rejected"
        );
    } else if status == StatusCode::UNAUTHORIZED && counts_failed_authentication(route) {
        tracing::warn!(token_failures = 1, "authentication failed");
    }
}

/// The provider whose webhooks the route receives. All other sources are one, because a stranger may make up names.
fn source(route: &Route) -> &'static str {
    match route.path.rsplit('/').next() {
        Some(name) if !name.starts_with('{') => name,
        _ => "other",
    }
}

/// Public routes are left out: signing in has a stricter limit of its own.
fn counts_failed_authentication(route: &Route) -> bool {
    route.access != Access::Anyone
}

/// Charges a failed authentication to the caller's address; an address over the limit gets 429.
async fn count_failed_authentication(
    app: &App,
    rate_limit_charge: &RateLimitCharge,
    response: Response,
) -> Response {
    let charge = LimitCharge { class: &rate_limit::class::TOKEN, subject: &rate_limit_charge.address() };
    match rate_limit_charge.charge(app, &[charge]).await {
        Err(failure @ Failure::TooMany { .. }) => failure.into_response(),
        // The request is refused with 401 anyway, also if the limit cannot be counted.
        Ok(()) | Err(_) => response,
    }
}

async fn check_and_charge(
    route: &Route,
    app: &SharedApp,
    client_ip: Option<IpAddr>,
    request: &mut Request,
) -> Result<RateLimitCharge, (RateLimitCharge, Failure)> {
    let bare = RateLimitCharge::of(client_ip);
    let is_trigger = request.extensions().get::<Trigger>().is_some();
    let authenticated = match authenticate(route, app, request).await {
        Ok(authenticated) => authenticated,
        Err(failure) => return Err((bare, failure)),
    };
    let due = due(route, request.uri().path(), authenticated.as_ref(), &bare).filter(|_| !is_trigger);
    if let Some(authenticated) = authenticated {
        request.extensions_mut().insert(authenticated.caller);
        if let Some(session) = authenticated.session {
            request.extensions_mut().insert(session);
        }
    }
    let Some((class, subject)) = due else { return Ok(bare) };
    let rate_limit_charge = bare.with_due(class, subject);
    if is_charged_here(route)
        && let Err(failure) = rate_limit_charge.charge_due(app).await
    {
        return Err((rate_limit_charge, failure));
    }
    Ok(rate_limit_charge)
}

/// Whether a request is charged before the handler runs. A route with idempotency keys is charged later, because
/// the request may be a retry that was charged before. A webhook is charged after its signature is verified,
/// because otherwise a stranger could use up the provider's limit.
fn is_charged_here(route: &Route) -> bool {
    route.key == KeyPolicy::None && route.access != Access::SignedWebhook
}

/// The class and subject that the request is charged to; `None` if only the handler knows the subject.
fn due(
    route: &Route,
    path: &str,
    authenticated: Option<&Authenticated>,
    rate_limit_charge: &RateLimitCharge,
) -> Option<(&'static rate_limit::Class, String)> {
    let class = route.limit?;
    let subject = match (class.subject, authenticated.map(|authenticated| &authenticated.caller)) {
        (LimitSubject::Ip, _) => rate_limit_charge.address(),
        (LimitSubject::Caller, Some(Caller { id, company, .. })) => format!("{}_{id}", company.id()),
        (LimitSubject::Company, Some(Caller { company, .. })) => {
            format!("{}_{}", route.function, company.id())
        }
        (LimitSubject::Source, _) if route.access == Access::Scheduler => route.function.to_owned(),
        (LimitSubject::Source, _) => path.rsplit('/').next().unwrap_or_default().to_owned(),
        _ => return None,
    };
    Some((class, subject))
}

async fn authenticate(
    route: &Route,
    app: &SharedApp,
    request: &mut Request,
) -> Result<Option<Authenticated>, Failure> {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let headers = request.headers();
    if changes && route.access != Access::SignedWebhook {
        require_json(headers)?;
    }
    if let Some(operator) = Operator::on_call(app, headers).filter(|_| route.on_call) {
        return authenticate_on_call(route, app, operator, request);
    }
    match route.access {
        Access::Anyone if changes && origin::page(&app.config, headers) == CallingPage::Foreign => {
            Err(FOREIGN)
        }
        Access::Anyone | Access::SignedWebhook => Ok(None),
        Access::Scheduler => {
            let scheduler = scheduler::authenticate(app, request)?;
            request.extensions_mut().insert(scheduler);
            request.extensions_mut().insert(Operator::scheduler());
            Ok(None)
        }
        Access::SignedIn | Access::Roles(_) => {
            let authenticated = caller::authenticate(app, headers).await?;
            match route.access {
                Access::Roles(roles) if !roles.contains(&authenticated.caller.role) => {
                    return Err(Failure::Forbidden("Your role does not allow this."));
                }
                Access::SignedIn if authenticated.session.is_none() => {
                    return Err(Failure::Unauthorized("This route needs a session."));
                }
                _ => {}
            }
            if changes && let Some(session) = &authenticated.session {
                check_csrf(app, session, headers)?;
            }
            Ok(Some(authenticated))
        }
    }
}

/// An on-call key replaces the scheduler's secret or a role, whichever the route asks for. It comes with no cookie,
/// so that no CSRF token is needed.
fn authenticate_on_call(
    route: &Route,
    app: &App,
    operator: Operator,
    request: &mut Request,
) -> Result<Option<Authenticated>, Failure> {
    if route.access == Access::Scheduler {
        request.extensions_mut().insert(operator);
        return Ok(None);
    }
    let caller = operator.into_caller(app, request.headers())?;
    Ok(Some(Authenticated { caller, session: None }))
}

const FOREIGN: Failure = Failure::Forbidden("This origin may not call the API.");

/// A browser also sends cookies with requests that other sites trigger. Only our own pages know the session's
/// CSRF token, and only they have an allowed origin.
fn check_csrf(app: &App, session: &session::Session, headers: &HeaderMap) -> Result<(), Failure> {
    if origin::page(&app.config, headers) != CallingPage::Listed {
        return Err(FOREIGN);
    }
    if !session::is_csrf_token(app, session, headers) {
        return Err(Failure::Forbidden("The header x-csrf-token is missing or does not match the session."));
    }
    Ok(())
}

/// Browsers send forms and plain text to any origin without a CORS preflight, so changing requests must be JSON.
fn require_json(headers: &HeaderMap) -> Result<(), Failure> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let is_json = |value: &http::HeaderValue| {
        let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json")
    };
    match (types.next(), types.next()) {
        (None, _) => Ok(()),
        (Some(value), None) if is_json(value) => Ok(()),
        _ => Err(Failure::NotJson),
    }
}
