//! Every role at every route: the table of routes decides alone.

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use shared::auth::routes::{ROUTES, Route};
use shared::auth::{Access, Routes};
use shared::domain::kernel::account::{EmailAddress, Role};
use shared::http::idempotent::KeyPolicy;
use shared::rate_limit::LimitSubject;
use shared::store::keys::AccountKey;

use support::askers::{Asker, OTHER, OTHER_OWNER, Proof, address, fresh_key};
use support::payees::Job;
use support::payees::TUESDAY;
use support::world::{Answer, COMPANY, OWNER, World};

const UNKNOWN_COMPANY: &str = "biz_nobody";

/// One object of each kind that a path may name.
struct Objects {
    case_id: String,
    membership_id: &'static str,
    event_id: String,
    finding_id: String,
    batch_id: &'static str,
    of_sessions: BookingIds,
    of_tokens: BookingIds,
}

/// The booking of clients with a session, or with a token; each has its own id.
#[derive(Clone, Default)]
struct BookingIds {
    professional_id: String,
    booking_id: String,
}

impl BookingIds {
    async fn of(world: &World, company: &str, name: fn(&World, Role) -> String) -> Self {
        let owner = if company == COMPANY { OWNER } else { OTHER_OWNER };
        let professional_id = name(world, Role::Professional);
        let account = format!("acct_{}", fresh_key().to_str().unwrap().replace('-', ""));
        world.service.sandbox.stripe.add_account_of(&account, "usd", company, &professional_id);
        let path = format!("/api/admin/professionals/{professional_id}");
        let account = json!({"stripe_account_id": account});
        let connect = world.owner_request(company, owner, Method::PUT, &path, Some(account));
        world.ask(connect).await.ok();
        let mut job = world.job();
        (job["professional_id"], job["customer_id"]) =
            (json!(professional_id), json!(name(world, Role::Customer)));
        let mut ask = world.owner_request(company, owner, Method::POST, "/api/bookings", Some(job));
        ask.headers_mut().insert("idempotency-key", fresh_key());
        let booking = world.ask(ask).await;
        assert_eq!(booking.status, 201, "{booking:?}");
        let booking_id = booking.json()["booking_id"].as_str().unwrap().to_owned();
        Self { professional_id, booking_id }
    }
}

fn by_session(_: &World, role: Role) -> String {
    AccountKey::email(&EmailAddress::parse(&address(role)).unwrap()).to_string()
}

fn by_token(world: &World, role: Role) -> String {
    world.party(&format!("client_{}", role.as_str()))
}

impl Objects {
    async fn of(world: &World, company: &'static str, membership_id: &'static str) -> Self {
        let case_id = world.open_case(company, membership_id).await;
        let events = world.rows_of("EVENT#").await;
        let event_id = events[0]["payload_min"]["event_id"].as_str().map(str::to_owned);
        let event_id = event_id.unwrap_or_else(|| panic!("{:?}", events[0]));
        let of_sessions = BookingIds::of(world, company, by_session).await;
        let of_tokens = BookingIds::of(world, company, by_token).await;
        // Each company has a batch of this day: the ids of batches are the same everywhere.
        let professional = membership_id.replace("mem", "user");
        world.add_payee(company, &professional, "usd").await;
        world.add_job(&Job { company, ..Job::of(world, &professional) }).await;
        world.pay_day().await;
        let finding_id = world.file_finding(Some(company), &format!("tr_{company}")).await;
        Self { case_id, membership_id, event_id, finding_id, batch_id: TUESDAY, of_sessions, of_tokens }
    }

    fn absent() -> Self {
        let case_id = "00000000-0000-4000-8000-000000000000".to_owned();
        let ids = BookingIds { professional_id: "user_none".to_owned(), booking_id: case_id.clone() };
        let of_tokens = ids.clone();
        Self {
            case_id,
            membership_id: "mem_none",
            event_id: "msg_none".to_owned(),
            finding_id: "tr_none".to_owned(),
            batch_id: "payout-2025-11-14-fri",
            of_sessions: ids,
            of_tokens,
        }
    }

    fn path(&self, route: &Route, asker: &Asker) -> String {
        let ids = if matches!(asker.proof, Proof::Bearer(_)) { &self.of_tokens } else { &self.of_sessions };
        let path = route.path.replace("{case_id}", &self.case_id);
        let path = path.replace("{membership_id}", self.membership_id).replace("{source}", "sandbox");
        let path = path.replace("{booking_id}", &ids.booking_id);
        let path = path.replace("{professional_id}", &ids.professional_id);
        let path = path.replace("{event_id}", &self.event_id).replace("{finding_id}", &self.finding_id);
        path.replace("{batch_id}", self.batch_id)
            .replace("{kind}", "case")
            .replace("{id}", &self.case_id)
            .replace("{switch}", "reminders")
    }
}

/// The objects of two companies.
struct Places {
    world: World,
    ours: Objects,
    theirs: Objects,
    absent: Objects,
    asked: AtomicUsize,
}

impl Places {
    async fn start() -> Self {
        let world = World::of_two_companies().await;
        let ours = Objects::of(&world, COMPANY, "mem_1").await;
        let theirs = Objects::of(&world, OTHER, "mem_2").await;
        Self { world, ours, theirs, absent: Objects::absent(), asked: AtomicUsize::new(0) }
    }

    fn print_total(&self, askers: usize, routes: usize) {
        eprintln!("{} requests by {askers} askers at {routes} routes", self.asked.load(Ordering::Relaxed));
    }

    /// The objects of the asker's company, and those of the other.
    fn seen_by(&self, asker: &Asker) -> (&Objects, &Objects) {
        if asker.home == COMPANY { (&self.ours, &self.theirs) } else { (&self.theirs, &self.ours) }
    }

    async fn ask(&self, asker: &Asker, route: &Route, at: &Objects, company: Option<&str>) -> Answer {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.world.ask(asker.request(&self.world, route, &at.path(route, asker), company)).await
    }
}

/// The status that the route's row requires for an asker; `None` if the handler decides.
fn refusal(route: &Route, asker: &Asker) -> Option<u16> {
    let is_known = asker.role().is_some() && matches!(route.access, Access::Roles(_));
    (!asker.is_named_by(route)).then_some(if is_known { 403 } else { 401 })
}

/// The status that the route's row requires for an asker that names another company.
fn refusal_elsewhere(route: &Route, asker: &Asker) -> Option<u16> {
    let asks_for_a_caller = matches!(route.access, Access::Roles(_) | Access::SignedIn);
    match asker.proof {
        // Whop checks the access to the named company and does not confirm it.
        Proof::Whop(_) if asks_for_a_caller => Some(401),
        Proof::Session(..) | Proof::Bearer(_) if asks_for_a_caller => Some(404),
        _ => refusal(route, asker),
    }
}

/// An answer without the fields that differ in every answer.
fn comparable(answer: &Answer) -> (u16, Value, Vec<String>) {
    let mut body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    if let Some(problem) = body.as_object_mut() {
        problem.remove("request_id");
    }
    let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
    names.sort();
    (answer.status.as_u16(), body, names)
}

/// The rate limit class named in an answer.
fn limit(answer: &Answer) -> Option<&str> {
    let quota_headers = ["ratelimit", "x-rate-limit-remaining", "x-rate-limit-reset"];
    let policy = answer.header("ratelimit-policy");
    assert!(quota_headers.iter().all(|name| answer.header(name).is_some() == policy.is_some()), "{answer:?}");
    policy?.split('"').nth(1)
}

/// Checks an answer against the route's row.
fn check(why: &str, route: &Route, refusal: Option<u16>, answer: &Answer) {
    let context = || format!("{why}: {answer:?}");
    let status = answer.status.as_u16();
    let Some(expected) = refusal else {
        assert!(![401, 403, 405, 415, 429].contains(&status), "{}", context());
        // If the body names the account, only the handler knows what to charge.
        let class = route.limit.filter(|class| class.subject != LimitSubject::IpAndAccount);
        assert_eq!(limit(answer), class.map(|class| class.name), "{}", context());
        return;
    };
    assert_eq!(status, expected, "{}", context());
    let counted = (status == 401).then_some("token");
    assert_eq!(limit(answer), counted, "only failed proofs are counted: {}", context());
}

async fn ask_all(places: &Places, asker: &Asker, route: &Route) {
    let why = |what: &str| format!("{what}: {} {} by {asker:?}", route.method, route.path);
    let (own, foreign) = places.seen_by(asker);
    let refused = refusal(route, asker);

    // Its own object comes last, because some operations are possible only once.
    let named = places.ask(asker, route, own, Some(asker.away())).await;
    let nowhere = places.ask(asker, route, own, Some(UNKNOWN_COMPANY)).await;
    check(&why("another company"), route, refusal_elsewhere(route, asker), &named);
    if refusal_elsewhere(route, asker).is_some() {
        assert_eq!(comparable(&named), comparable(&nowhere), "{}", why("a company is named that may exist"));
    }
    // The schedule and the providers are of no company, so nothing is foreign to them.
    let walled = ["{case_id}", "{membership_id}", "{booking_id}", "{finding_id}", "{id}"];
    let is_walled = walled.iter().any(|name| route.path.contains(name));
    if is_walled {
        let theirs = places.ask(asker, route, foreign, None).await;
        let absent = places.ask(asker, route, &places.absent, None).await;
        check(&why("another's object"), route, refused, &theirs);
        assert_eq!(comparable(&theirs), comparable(&absent), "{}", why("another's object"));
        assert_eq!(theirs.status, refused.unwrap_or(404), "{}", why("another's object"));
    }
    for company in [Some(asker.home), None] {
        let answer = places.ask(asker, route, own, company).await;
        let is_over = answer.status == 401 && route.path.contains("sign-out") && company.is_none();
        if refused.is_none() && is_over {
            continue;
        }
        check(&why("its own"), route, refused, &answer);
        assert_ne!(answer.status, 404, "{}", why("its own"));
        let is_well = answer.status.as_u16() < 500 || route.path.starts_with("/api/health");
        assert!(is_well, "{}: {answer:?}", why("its own"));
    }
}

async fn every_asker_at(wanted: impl Fn(&Route) -> bool) {
    let places = Places::start().await;
    let mut askers = places.world.all_askers().await;
    for route in ROUTES.iter().filter(|route| wanted(route)) {
        for asker in &askers {
            ask_all(&places, asker, route).await;
        }
        // Some answers end sessions. The time that passes fills every bucket again.
        places.world.advance(Duration::minutes(if route.access == Access::SignedIn { 15 } else { 1 }));
        if route.access == Access::SignedIn {
            askers = places.world.all_askers().await;
        }
    }
    places.print_total(askers.len(), ROUTES.iter().filter(|route| wanted(route)).count());
}

#[tokio::test]
async fn routes_with_roles_answer_the_listed_roles_about_their_own_objects() {
    every_asker_at(|route| matches!(route.access, Access::Roles(_))).await;
}

#[tokio::test]
async fn all_other_routes_answer_the_listed_callers() {
    every_asker_at(|route| !matches!(route.access, Access::Roles(_))).await;
}

#[tokio::test]
async fn objects_of_another_company_cannot_be_changed() {
    let places = Places::start().await;
    let theirs = |rows: Vec<Value>| -> Vec<Value> {
        let is_theirs = |row: &Value| {
            let row = row.to_string();
            row.contains(OTHER) || row.contains(places.theirs.membership_id)
        };
        rows.into_iter().filter(is_theirs).collect()
    };
    let before = theirs(places.world.rows().await);
    assert!(before.len() >= 3, "{before:?}");
    let sent = places.world.service.sandbox.outbox.entries().len();
    for asker in places.world.all_askers().await.iter().filter(|asker| asker.home == COMPANY) {
        for route in ROUTES.iter().filter(|route| matches!(route.access, Access::Roles(_))) {
            // Whoever is on call may act in another company, if they name it: `operator.rs`.
            for company in [None, Some(OTHER).filter(|_| asker.is_of_one_company())] {
                places.ask(asker, route, &places.theirs, company).await;
            }
        }
    }
    eprintln!("{} requests for what is another company's", places.asked.load(Ordering::Relaxed));
    assert_eq!(theirs(places.world.rows().await), before);
    assert_eq!(places.world.service.sandbox.outbox.entries().len(), sent);
}

#[test]
fn no_two_rows_are_the_same_route() {
    let mut routes: Vec<(&str, &str)> = ROUTES.iter().map(|route| (route.method, route.path)).collect();
    routes.sort_unstable();
    routes.dedup();
    assert_eq!(routes.len(), ROUTES.len());
    for route in ROUTES {
        let is_read = route.method == "GET";
        assert!(is_read || route.limit.is_some(), "{}: every change has its limit", route.path);
        assert!(!is_read || route.key == KeyPolicy::None, "{}: reading takes no key", route.path);
        assert!(!matches!(route.access, Access::Roles([])), "{}: at least one role may ask", route.path);
    }
}

#[test]
fn a_route_without_a_row_is_refused() {
    for (function, method, path) in [
        ("cases", Method::GET, "/api/nowhere"),
        ("cases", Method::POST, "/api/cases/export"),
        ("kpis", Method::GET, "/api/cases/export"),
        ("", Method::GET, "/api/settings"),
        ("settings", Method::HEAD, "/api/settings"),
        ("settings", Method::GET, "/api/settings/"),
    ] {
        let open = std::panic::catch_unwind(|| Routes::of(function).on(method, path, async || "open"));
        assert!(open.is_err(), "{function} {path}");
    }
    let _row = Routes::of("cases").on(Method::GET, "/api/cases/export", async || "open");
}
