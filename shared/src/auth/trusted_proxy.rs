//! Who asks through a front door of ours.
//!
//! On AWS one domain before all functions is CloudFront, and a function URL vouches for its address only: all
//! callers would share the limits of one. So the front door says whose request it is, and proves itself.

use std::net::IpAddr;

use axum::extract::Request;

use super::caller::one_header;
use super::scheduler::are_known;
use crate::app::App;
use crate::http::extension::ClientIp;

/// Where the front door's secret stands; CloudFront puts it over whatever a client sent.
const PROOF: &str = "x-front-door";

/// Where it says who asks; the same.
const CLIENT: &str = "x-front-door-client";

/// The address that asks: the front door's word, where it is one; else the platform's.
pub(super) fn client_ip(app: &App, request: &Request) -> Option<IpAddr> {
    let headers = request.headers();
    let proof = one_header(headers, PROOF);
    if proof.is_some_and(|proof| are_known(&app.config.trusted_proxy_secrets, proof)) {
        return one_header(headers, CLIENT).and_then(|address| address.parse().ok());
    }
    request.extensions().get::<ClientIp>().and_then(|ip| ip.0)
}
