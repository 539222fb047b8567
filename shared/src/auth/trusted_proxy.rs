//! Requests that come through CloudFront in front of the functions.
//!
//! On AWS one domain before all functions is CloudFront, and a function URL vouches for its address only: all
//! callers would share the limits of one. So CloudFront sends the client's address in a header, and a secret that proves that the header is its own.

use std::net::IpAddr;

use axum::extract::Request;

use super::caller::one_header;
use super::scheduler::are_known;
use crate::app::App;
use crate::http::extension::ClientIp;

/// The secret; CloudFront replaces whatever a client sent under this name.
const PROOF: &str = "x-origin-verify";

/// Where it says who asks; the same.
const CLIENT: &str = "x-viewer-ip";

/// The client's address: as CloudFront says where the secret proves it, else as the platform says.
pub(super) fn client_ip(app: &App, request: &Request) -> Option<IpAddr> {
    let headers = request.headers();
    let proof = one_header(headers, PROOF);
    if proof.is_some_and(|proof| are_known(&app.config.trusted_proxy_secrets, proof)) {
        return one_header(headers, CLIENT).and_then(|address| address.parse().ok());
    }
    request.extensions().get::<ClientIp>().and_then(|ip| ip.0)
}
