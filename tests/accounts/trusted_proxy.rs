//! CloudFront in front of all functions: which client a request comes from, behind CloudFront's own address.

use http::{HeaderValue, Method};
use local::embedded::EmbeddedDynamo;
use serde_json::json;
use shared::http::extension::ClientIp;
use shared::rate_limit::class::RESET_ADDRESS;

use support::world::{World, bare};

const SECRET: &str = "origin-secret-of-ours";

/// So many requests for a link come from one address.
const QUOTA: u8 = RESET_ADDRESS.quota as u8;

async fn behind_cloudfront() -> World {
    let lookup =
        |name: &str| (name == "ORIGIN_VERIFY_SECRET").then(|| format!("{SECRET},older-origin-secret"));
    World::with(EmbeddedDynamo::memory(), lookup).await
}

/// A password reset for a new account each time, from a client address behind a proxy that the platform sees.
async fn forget(world: &World, proof: &str, nth: u8) -> u16 {
    let mut request = bare(Method::POST, "/api/auth/password/forgot");
    *request.body_mut() = json!({"email": format!("user_{nth}@example.com")}).to_string().into();
    request.extensions_mut().insert(ClientIp("192.0.2.1".parse().ok()));
    let headers = request.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("x-origin-verify", HeaderValue::from_str(proof).unwrap());
    headers.insert("x-viewer-ip", HeaderValue::from_str(&format!("198.51.100.{nth}")).unwrap());
    world.ask(request).await.status.as_u16()
}

#[tokio::test]
async fn callers_behind_the_trusted_proxy_are_counted_apart() {
    let world = behind_cloudfront().await;
    for nth in 0..40 {
        assert_eq!(forget(&world, SECRET, nth).await, 202);
    }
    // While the secret rotates, CloudFront sends all of it.
    assert_eq!(forget(&world, &format!("{SECRET},older-origin-secret"), 41).await, 202);
}

#[tokio::test]
async fn a_caller_who_only_claims_to_be_the_proxy_shares_one_address() {
    for proof in ["", "origin-secret-of-theirs", &format!("{SECRET},guess")] {
        let world = behind_cloudfront().await;
        for nth in 0..QUOTA {
            assert_eq!(forget(&world, proof, nth).await, 202);
        }
        assert_eq!(forget(&world, proof, QUOTA).await, 429, "{proof}");
    }
    let world = World::start().await;
    let mut last = 0;
    for nth in 0..=QUOTA {
        last = forget(&world, "", nth).await;
    }
    assert_eq!(last, 429, "without a trusted proxy no header is believed");
}
