//! The client's address behind CloudFront.
//!
//! On AWS, CloudFront serves all functions under one domain, and a function URL sees only CloudFront's address:
//! all callers would share one rate limit. So CloudFront sends the client's address in a header, and a secret
//! which proves that CloudFront set the header.

use std::net::IpAddr;

use axum::extract::Request;

use super::caller::one_header;
use super::scheduler::are_known;
use crate::app::App;
use crate::http::extension::ClientIp;

/// The header of the secret; CloudFront overwrites a value sent by the client.
const SECRET_HEADER: &str = "x-origin-verify";

/// The header of the client's address; also overwritten by CloudFront.
const CLIENT_IP_HEADER: &str = "x-viewer-ip";

/// The client's address from CloudFront if the secret is right, otherwise from the platform.
pub(super) fn client_ip(app: &App, request: &Request) -> Option<IpAddr> {
    let headers = request.headers();
    let proof = one_header(headers, SECRET_HEADER);
    if proof.is_some_and(|proof| are_known(&app.config.trusted_proxy_secrets, proof)) {
        return one_header(headers, CLIENT_IP_HEADER).and_then(|address| address.parse().ok());
    }
    request.extensions().get::<ClientIp>().and_then(|ip| ip.0)
}
