//! What stands before every handler: who asks, from which page, and how often.
//!
//! The handler of a route never runs for a caller that the route's row does not name. The order is
//! one of cost and of what an answer gives away: the shape of the request, then its proof, then its
//! role, then forgery, then the limit.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, StatusCode, header};

use super::caller::{self, Authenticated, Caller};
use super::routes::{Access, Route};
use super::scheduler;
use super::session;
use super::trusted_proxy;
use crate::app::{App, SharedApp};
use crate::http::Failure;
use crate::http::extension::Trigger;
use crate::http::idempotent::KeyPolicy;
use crate::http::origin::{self, CallingPage};
use crate::http::rate_limit_charge::RateLimitCharge;
use crate::rate_limit::{self, LimitCharge, LimitSubject};

/// Lets a request through to a route's handler, or says why not.
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
    count_failure(route, response.status());
    if response.status() == StatusCode::UNAUTHORIZED && counts_failed_proofs(route) {
        response = count_failed_proof(&app, &rate_limit_charge, response).await;
    }
    rate_limit_charge.tell(&mut response, app.clock.now());
    response
}

/// What alarms listen to: filters of the log add these lines up, whichever function writes them. A path or an
/// address stays out of them.
fn count_failure(route: &Route, status: StatusCode) {
    let failed = status.is_client_error() || status.is_server_error();
    if route.access == Access::SignedWebhook && failed {
        tracing::warn!(webhook_failures = 1, status = status.as_u16(), "a webhook was not taken");
    } else if status == StatusCode::UNAUTHORIZED && counts_failed_proofs(route) {
        tracing::warn!(token_failures = 1, "a proof did not hold");
    }
}

/// Signing in has a stricter limit of its own.
fn counts_failed_proofs(route: &Route) -> bool {
    route.access != Access::Anyone
}

/// Whoever fails to prove itself over and over is not answered any more for a while.
async fn count_failed_proof(app: &App, rate_limit_charge: &RateLimitCharge, response: Response) -> Response {
    let charge = LimitCharge { class: &rate_limit::class::TOKEN, subject: &rate_limit_charge.address() };
    match rate_limit_charge.charge(app, &[charge]).await {
        Err(failure @ Failure::TooMany { .. }) => failure.into_response(),
        // Refused already; a limit that cannot be counted changes nothing about that.
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
    let proven = match authenticate(route, app, request).await {
        Ok(proven) => proven,
        Err(failure) => return Err((bare, failure)),
    };
    let due = due(route, request.uri().path(), proven.as_ref(), &bare).filter(|_| !is_trigger);
    if let Some(proven) = proven {
        request.extensions_mut().insert(proven.caller);
        if let Some(session) = proven.session {
            request.extensions_mut().insert(session);
        }
    }
    let Some((class, subject)) = due else { return Ok(bare) };
    let rate_limit_charge = bare.owing(class, subject);
    if is_charged_here(route)
        && let Err(failure) = rate_limit_charge.charge_due(app).await
    {
        return Err((rate_limit_charge, failure));
    }
    Ok(rate_limit_charge)
}

/// Whether a request counts before the handler runs: not where it may be a retry of one that has
/// counted, and not where only the handler knows whether a provider sent it, because a stranger
/// could use up the provider's limit.
fn is_charged_here(route: &Route) -> bool {
    route.key == KeyPolicy::None && route.access != Access::SignedWebhook
}

/// What the request counts against; `None` where the handler knows better.
fn due(
    route: &Route,
    path: &str,
    proven: Option<&Authenticated>,
    rate_limit_charge: &RateLimitCharge,
) -> Option<(&'static rate_limit::Class, String)> {
    let class = route.limit?;
    let subject = match (class.subject, proven.map(|proven| &proven.caller)) {
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
    match route.access {
        Access::Anyone if changes && origin::page(&app.config, headers) == CallingPage::Foreign => {
            Err(FOREIGN)
        }
        Access::Anyone | Access::SignedWebhook => Ok(None),
        Access::Scheduler => {
            let scheduler = scheduler::authenticate(app, request)?;
            request.extensions_mut().insert(scheduler);
            Ok(None)
        }
        Access::SignedIn | Access::Roles(_) => {
            let proven = caller::authenticate(app, headers).await?;
            match route.access {
                Access::Roles(roles) if !roles.contains(&proven.caller.role) => {
                    return Err(Failure::Forbidden("Your role does not allow this."));
                }
                Access::SignedIn if proven.session.is_none() => {
                    return Err(Failure::Unauthorized("This is about a session, and there is none."));
                }
                _ => {}
            }
            if changes && let Some(session) = &proven.session {
                check_csrf(app, session, headers)?;
            }
            Ok(Some(proven))
        }
    }
}

const FOREIGN: Failure = Failure::Forbidden("Pages of this origin may not ask.");

/// A browser sends cookies with requests that other pages make. Only our own pages know the token
/// that belongs to the session, and only they bear an origin of the list.
fn check_csrf(app: &App, session: &session::Session, headers: &HeaderMap) -> Result<(), Failure> {
    if origin::page(&app.config, headers) != CallingPage::Listed {
        return Err(FOREIGN);
    }
    if !session::is_csrf_token(app, session, headers) {
        return Err(Failure::Forbidden("The header x-csrf-token is missing or does not fit the session."));
    }
    Ok(())
}

/// Forms and plain texts are what a page may send anywhere without being asked, so they change nothing here.
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
