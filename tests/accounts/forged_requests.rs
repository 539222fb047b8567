//! Cross-site requests change nothing: a cookie alone does not authenticate them.

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Method, Request};
use local::embedded::EmbeddedDynamo;
use serde_json::json;
use shared::auth::Access;
use shared::auth::routes::{ROUTES, Route};
use shared::domain::kernel::account::Role;
use support::browser::FOREIGN;

use support::askers::{Proof, body_of};
use support::browser::{Browser, ORIGIN, PASSWORD};
use support::world::{Answer, World};

/// A world with a second origin on the list.
pub async fn with_two_origins() -> World {
    let lookup = |name: &str| (name == "ALLOWED_ORIGINS").then(|| "https://app.example.com".to_owned());
    World::with(EmbeddedDynamo::memory(), lookup).await
}

/// The changing routes that accept or could accept a session.
fn changes() -> impl Iterator<Item = &'static Route> {
    let by_session = |route: &&Route| matches!(route.access, Access::SignedIn | Access::Roles(_));
    ROUTES.iter().filter(|route| route.method != "GET").filter(by_session)
}

fn path(route: &Route) -> String {
    route.path.replace("{case_id}", "00000000-0000-4000-8000-000000000000")
}

async fn send(world: &World, route: &Route, headers: HeaderMap) -> Answer {
    let method: Method = route.method.parse().unwrap();
    let mut request = Request::builder().method(method).uri(path(route));
    *request.headers_mut().unwrap() = headers;
    world.ask(request.body(Body::from(body_of(world, route, None))).unwrap()).await
}

/// The headers of an honest request, from a page of ours.
fn honest(browser: &Browser) -> HeaderMap {
    let mut headers = browser.request(Method::POST, "/").headers().clone();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers
}

/// The honest headers with others in place of some, all of them given; none where the list is empty.
fn with(honest: &HeaderMap, changes: &[(&'static str, &[&str])]) -> HeaderMap {
    let mut headers = honest.clone();
    for (name, values) in changes {
        headers.remove(*name);
        for value in *values {
            headers.append(*name, value.parse().unwrap());
        }
    }
    headers
}

const ORIGIN_AND_SITE: [&str; 2] = ["origin", "sec-fetch-site"];

/// Requests that a page of another origin can have a browser make, and some that no browser makes.
fn forgeries(honest: &HeaderMap, others: &[&str]) -> Vec<(String, HeaderMap)> {
    let mut forged = Vec::new();
    let token = honest["x-csrf-token"].to_str().unwrap();
    let cut = &token[..token.len() - 1];
    let shouted = token.to_uppercase();
    for values in [&[][..], &[""], &[cut], &[shouted.as_str()], &[token, others[0]], &[others[0], token]]
        .into_iter()
        .chain(others.iter().map(std::slice::from_ref))
    {
        forged.push((format!("token {values:?}"), with(honest, &[("x-csrf-token", values)])));
    }
    for origin in FOREIGN {
        forged.push((format!("origin {origin}"), with(honest, &[("origin", &[origin])])));
        let lying = with(honest, &[("origin", &[origin]), ("sec-fetch-site", &["same-origin"])]);
        forged.push((format!("origin {origin} with a forged Sec-Fetch-Site"), lying));
    }
    let foreign = FOREIGN[3];
    for (origins, sites) in [
        (&[][..], &[][..]),
        (&[], &["same-origin"]),
        (&[], &["none"]),
        (&[], &["cross-site"]),
        (&[ORIGIN, ORIGIN], &[]),
        (&[ORIGIN, foreign], &[]),
        (&[foreign, ORIGIN], &[]),
        (&[ORIGIN], &["cross-site"]),
        (&[ORIGIN], &["Same-Origin"]),
        (&[ORIGIN], &[""]),
        (&[ORIGIN], &["same-origin, cross-site"]),
        (&[ORIGIN], &["same-origin", "cross-site"]),
        (&[ORIGIN], &["cross-site", "same-origin"]),
    ] {
        let [origin, site] = ORIGIN_AND_SITE;
        forged.push((format!("{origins:?} {sites:?}"), with(honest, &[(origin, origins), (site, sites)])));
    }
    forged
}

#[tokio::test]
async fn a_forged_request_is_refused_before_anything_changes() {
    let world = with_two_origins().await;
    world.add_account("customer@example.com", PASSWORD).await;
    let mut ended = world.staff("developer").await;
    let ended_token = ended.csrf_token.clone();
    ended.post(&world, "/api/auth/sign-out", json!({})).await.ok();
    let another = world.staff("accountant").await;
    let same_account = world.staff("provider").await;
    let others = [another.csrf_token.as_str(), &ended_token, &same_account.csrf_token];

    let victim = world.staff("provider").await;
    let honest = honest(&victim);
    let before = world.rows().await;
    for route in changes() {
        for (why, headers) in forgeries(&honest, &others) {
            let answer = send(&world, route, headers).await;
            assert_eq!(answer.status, 403, "{why} {}: {answer:?}", route.path);
            assert!(answer.header("set-cookie").is_none(), "{why}");
        }
    }
    assert_eq!(world.rows().await, before);
    for route in changes().filter(|route| route.access == Access::SignedIn) {
        // The same request, honest, from each page of ours.
        for origin in [ORIGIN, "https://app.example.com"] {
            for site in [&[][..], &["same-origin"], &["same-site"]] {
                let [origin_name, site_name] = ORIGIN_AND_SITE;
                let victim = world.signed_in(Role::Provider).await;
                let headers = with(&self::honest(&victim), &[(origin_name, &[origin]), (site_name, site)]);
                let status = send(&world, route, headers).await.status;
                assert!(status == 200 || status == 400, "{origin} {site:?} {}: {status}", route.path);
                world.advance(chrono::Duration::minutes(15));
            }
        }
    }
}

#[tokio::test]
async fn what_a_form_can_send_is_refused_and_json_is_taken_however_it_is_written() {
    let world = World::start().await;
    let victim = world.staff("provider").await;
    let honest = honest(&victim);
    let before = world.rows().await;
    for route in ROUTES.iter().filter(|route| route.method != "GET" && route.access != Access::SignedWebhook)
    {
        for types in [
            &["application/x-www-form-urlencoded"][..],
            &["multipart/form-data; boundary=x"],
            &["text/plain"],
            &["text/plain;application/json"],
            &["application/json, text/plain"],
            &["application/jsonp"],
            &["application/json", "application/json"],
            &["application/json", "text/plain"],
            &["text/plain", "application/json"],
            &[""],
        ] {
            let answer = send(&world, route, with(&honest, &[("content-type", types)])).await;
            assert_eq!(answer.status, 415, "{types:?} {}: {answer:?}", route.path);
        }
    }
    let sign_out = ROUTES.iter().find(|route| route.path == "/api/auth/sign-out").unwrap();
    assert_eq!(send(&world, sign_out, with(&honest, &[("content-type", &[])])).await.status, 415);
    assert_eq!(world.rows().await, before);
    for json in ["application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8"] {
        let browser = world.staff("developer").await;
        let headers = with(&self::honest(&browser), &[("content-type", &[json])]);
        send(&world, sign_out, headers).await.ok();
    }
}

#[tokio::test]
async fn reading_changes_nothing_for_any_caller() {
    let world = World::of_two_companies().await;
    let case_id = world.open_case(support::world::COMPANY, "mem_1").await;
    let askers = world.all_askers().await;
    let before = world.rows().await;
    let sent = world.service.sandbox.outbox.entries().len();
    for route in ROUTES {
        let path = route.path.replace("{case_id}", &case_id).replace("{membership_id}", "mem_1");
        // The schedule of one platform can only send GET: its jobs are changes by contract.
        for asker in askers.iter().filter(|asker| !matches!(asker.proof, Proof::Scheduler)) {
            for method in [Method::GET, Method::HEAD] {
                let mut request = asker.request(&world, route, &path, None);
                *request.method_mut() = method;
                for name in ["x-http-method-override", "x-method-override", "x-http-method"] {
                    request.headers_mut().insert(name, route.method.parse().unwrap());
                }
                let status = world.service.ask(request).await.status();
                assert!(!status.is_server_error(), "{path}: {status}");
            }
        }
    }
    assert_eq!(world.rows().await, before);
    assert_eq!(world.service.sandbox.outbox.entries().len(), sent);
}

#[tokio::test]
async fn a_cross_site_sign_in_is_refused_without_hashing() {
    let world = with_two_origins().await;
    let sign_in = ROUTES.iter().find(|route| (route.method, route.path) == ("POST", "/api/auth/sign-in"));
    let credentials = json!({"username": "provider", "password": "sandbox-provider-password"}).to_string();
    let enter = async |headers: &[(&'static str, &str)]| {
        let mut request = Request::post(sign_in.unwrap().path).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        world.ask(request.body(Body::from(credentials.clone())).unwrap()).await
    };
    world.service.dynamo.reset_requests();
    for origin in FOREIGN {
        let answer = enter(&[("origin", origin)]).await;
        assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (403, None), "{origin}");
    }
    for site in ["cross-site", "same-site"] {
        assert_eq!(enter(&[("sec-fetch-site", site)]).await.status, 403, "{site} without an origin");
    }
    assert_eq!(enter(&[("origin", ORIGIN), ("origin", FOREIGN[3])]).await.status, 403);
    let anyone = ROUTES.iter().filter(|route| route.method != "GET" && route.access == Access::Anyone);
    for route in anyone {
        let headers = [("origin", "https://evil.example"), ("content-type", "application/json")];
        let headers = headers.map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        assert_eq!(send(&world, route, headers.into_iter().collect()).await.status, 403, "{}", route.path);
    }
    assert_eq!(world.table_requests(), [""; 0], "nothing is counted, looked up or written");

    enter(&[]).await.ok();
    enter(&[("origin", ORIGIN), ("sec-fetch-site", "same-origin")]).await.ok();
    enter(&[("origin", "https://app.example.com")]).await.ok();
}

#[tokio::test]
async fn a_cookie_never_replaces_invalid_credentials() {
    let world = World::start().await;
    let victim = world.staff("provider").await;
    for (name, value) in [("authorization", "Bearer a.b.c"), ("x-whop-user-token", "a.b.c")] {
        for route in ROUTES.iter().filter(|route| route.access == Access::SignedIn) {
            let mut headers = honest(&victim);
            headers.insert(name, HeaderValue::from_static(value));
            if route.method == "GET" {
                headers.remove("content-type");
            }
            assert_eq!(send(&world, route, headers).await.status, 401, "{name} {}", route.path);
        }
    }
    assert!(victim.clone().is_in(&world).await);
}
