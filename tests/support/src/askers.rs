//! All kinds of callers, each with its credentials.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::Body;
use http::{HeaderValue, Method, Request};
use local::embedded::EmbeddedDynamo;
use serde_json::json;
use shared::auth::Access;
use shared::auth::routes::Route;
use shared::domain::kernel::account::Role;
use shared::http::idempotent::KeyPolicy;

use crate::browser::{Browser, ORIGIN, PASSWORD};
use crate::every_route::good_body;
use crate::senders::Sender;
use crate::signing::{SECRET, Scheme};
use crate::staff::keyed;
use crate::world::{COMPANY, OWNER, World, bare, id_of, payment_failed, secret_request};

pub const OTHER: &str = "biz_beta";
pub const OTHER_OWNER: &str = "user_beta";

/// The credentials of a caller.
#[derive(Debug, Clone)]
pub enum Proof {
    Nothing,
    Whop(&'static str),
    Session(Role, Browser),
    Bearer(Role),
    Scheduler,
    OnCall,
    Signature,
}

/// The on-call key of the local server.
pub const ON_CALL_KEY: &str = "sandbox-on-call-key";

/// A caller and its company.
#[derive(Debug, Clone)]
pub struct Asker {
    pub proof: Proof,
    pub home: &'static str,
}

impl Asker {
    pub fn role(&self) -> Option<Role> {
        match &self.proof {
            Proof::Whop(_) => Some(Role::Owner),
            Proof::Session(role, _) | Proof::Bearer(role) => Some(*role),
            Proof::Nothing | Proof::Scheduler | Proof::OnCall | Proof::Signature => None,
        }
    }

    pub fn away(&self) -> &'static str {
        if self.home == COMPANY { OTHER } else { COMPANY }
    }

    /// Whether the caller may act in its own company only. An on-call key acts in whichever company it names.
    pub fn is_of_one_company(&self) -> bool {
        !matches!(self.proof, Proof::OnCall)
    }

    /// Whether the route's row allows the caller.
    pub fn is_named_by(&self, route: &Route) -> bool {
        match route.access {
            Access::SignedIn | Access::Roles(_) | Access::Scheduler
                if matches!(self.proof, Proof::OnCall) =>
            {
                route.on_call
            }
            Access::Anyone => true,
            Access::SignedIn => matches!(self.proof, Proof::Session(..)),
            Access::Roles(roles) => self.role().is_some_and(|role| roles.contains(&role)),
            Access::Scheduler => matches!(self.proof, Proof::Scheduler),
            Access::SignedWebhook => matches!(self.proof, Proof::Signature),
        }
    }

    /// A request with its credentials, and `company` in its header if one is given.
    pub fn request(&self, world: &World, route: &Route, path: &str, company: Option<&str>) -> Request<Body> {
        let method: Method = route.method.parse().unwrap();
        let mut request = match &self.proof {
            Proof::Nothing => bare(method.clone(), path),
            Proof::Scheduler => secret_request(method.clone(), path, "sandbox-cron-secret"),
            Proof::OnCall => secret_request(method.clone(), path, ON_CALL_KEY),
            Proof::Bearer(role) => {
                let token = world.service.sandbox.oidc.bearer(role.as_str(), self.home);
                secret_request(method.clone(), path, &token)
            }
            Proof::Whop(user) => world.owner_request(self.home, user, method.clone(), path, None),
            Proof::Session(_, browser) => browser.request(method.clone(), path),
            Proof::Signature => signed(world, method.clone(), path),
        };
        let headers = request.headers_mut();
        if matches!(self.proof, Proof::Nothing) {
            headers.insert("origin", HeaderValue::from_static(ORIGIN));
        }
        if let Some(company) = company {
            headers.insert("x-company-id", company.parse().unwrap());
        }
        if route.key == KeyPolicy::Required {
            keyed(&mut request);
        }
        if method != Method::GET {
            let headers = request.headers_mut();
            headers.insert("content-type", HeaderValue::from_static("application/json"));
            if !matches!(self.proof, Proof::Signature) {
                *request.body_mut() = Body::from(body_of(world, route, self.role()));
            }
        }
        request
    }
}

/// A body that the route accepts from a role, if one is needed to reach the rate limit.
pub fn body_of(world: &World, route: &Route, role: Option<Role>) -> String {
    let mut body = match route.access {
        // A valid body names an effect, and there is none.
        _ if route.path == "/api/operations/resolve" => json!({}),
        Access::Roles(_) => good_body(world, route),
        _ => json!({}),
    };
    if role == Some(Role::Customer) {
        // Customers book for themselves.
        body.as_object_mut().unwrap().remove("customer_id");
    }
    body.to_string()
}

/// An unused idempotency key.
pub fn fresh_key() -> HeaderValue {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("fresh-key-{}", NEXT.fetch_add(1, Ordering::Relaxed)).parse().unwrap()
}

/// A provider's event at its own endpoint; at any other endpoint one of Whop's.
fn signed(world: &World, method: Method, path: &str) -> Request<Body> {
    let sender = match path {
        "/api/webhooks/stripe" => Some(Sender::Stripe),
        "/api/webhooks/sandbox" => Some(Sender::Shared),
        _ => None,
    };
    let mut request = match sender {
        None if path == "/api/webhooks/resend" => {
            let body = Sender::Shared.body("evt_1");
            Sender::Shared.sign(path, "evt_1", world.now(), &body, crate::mailer::secret())
        }
        Some(sender) => sender.sign(path, "evt_1", world.now(), &sender.body("evt_1"), sender.secret()),
        None => {
            let event = payment_failed("mem_9", "pay_9", world.now());
            Scheme::Standard.sign(&id_of(&event), world.now(), event.to_string().as_bytes(), SECRET)
        }
    };
    (*request.method_mut(), *request.uri_mut()) = (method, path.parse().unwrap());
    request
}

impl Browser {
    /// A request of our own page, with cookie and CSRF token.
    pub fn request(&self, method: Method, path: &str) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(path).header("origin", ORIGIN);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        request.header("x-csrf-token", &self.csrf_token).body(Body::empty()).unwrap()
    }
}

impl World {
    /// Two companies with one owner each; accounts belong to the first.
    pub async fn of_two_companies() -> Self {
        let lookup = |name: &str| (name == "PLATFORM_COMPANY_ID").then(|| COMPANY.to_owned());
        let world = Self::with(EmbeddedDynamo::memory(), lookup).await;
        world.add_company(OTHER, OTHER_OWNER, true);
        for role in [Role::Customer, Role::Professional] {
            let body = json!({"email": address(role), "password": PASSWORD, "role": role});
            assert_eq!(world.post_without_session("/api/auth/sign-up", body).await.status, 202);
            let token = world.newest_mail().token();
            world
                .post_without_session("/api/auth/confirm", json!({"token": token, "password": PASSWORD}))
                .await
                .ok();
        }
        world
    }

    /// A browser with a signed-in account of this role.
    pub async fn signed_in(&self, role: Role) -> Browser {
        if !matches!(role, Role::Customer | Role::Professional) {
            return self.staff(role.as_str()).await;
        }
        let mut browser = Browser::default();
        browser.sign_in(self, &address(role), PASSWORD).await.ok();
        browser
    }

    /// All callers; those with a session have just signed in.
    pub async fn all_askers(&self) -> Vec<Asker> {
        let at_home = |proof| Asker { proof, home: COMPANY };
        let mut askers = vec![
            at_home(Proof::Nothing),
            at_home(Proof::Whop(OWNER)),
            Asker { proof: Proof::Whop(OTHER_OWNER), home: OTHER },
            at_home(Proof::Scheduler),
            at_home(Proof::OnCall),
            at_home(Proof::Signature),
        ];
        askers.extend(Role::ALL.map(|role| at_home(Proof::Bearer(role))));
        for role in Role::ALL.into_iter().filter(|role| *role != Role::Owner) {
            askers.push(at_home(Proof::Session(role, self.signed_in(role).await)));
        }
        askers
    }
}

pub fn address(role: Role) -> String {
    format!("{}@example.com", role.as_str())
}
