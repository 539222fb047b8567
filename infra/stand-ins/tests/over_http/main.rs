//! The stand-ins as their clients see them, over real HTTP.
#![expect(clippy::unwrap_used, reason = "a test that meets nothing where something must be has failed")]

mod faults;
mod heartbeats;
mod kept;
mod memberships;
mod messages;
mod resend;
mod stripe;
mod stripe_events;
mod stripe_faults;
mod stripe_refunds;
mod stripe_rules;
mod tokens;

use chrono::{DateTime, Utc};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use stand_ins::clock::SandboxClock;
use stand_ins::fault::{Faults, Rule};
use stand_ins::outbox::{Kind, Outbox};
use stand_ins::resend::ResendStandIn;
use stand_ins::sandbox;
use stand_ins::server::serve;
use stand_ins::stripe::StripeStandIn;
use stand_ins::whop::{API_VERSION_DATE, Membership, MembershipStatus, WhopStandIn};

/// The stand-ins on a socket, at noon of a Tuesday, with two companies and their members.
struct Sandbox {
    clock: SandboxClock,
    outbox: Outbox,
    faults: Faults,
    whop: WhopStandIn,
    resend: ResendStandIn,
    stripe: StripeStandIn,
    base: String,
    http: reqwest::Client,
    server: JoinHandle<()>,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Sandbox {
    async fn start() -> Self {
        let sandbox = Self::serve(sandbox::Sandbox::memory(SandboxClock::frozen(noon()))).await;
        sandbox.settle();
        sandbox
    }

    async fn serve(parts: sandbox::Sandbox) -> Self {
        let _already_installed = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = parts.router().merge(parts.faults.router());
        let server = tokio::spawn(async { serve(router, listener).await.unwrap() });
        let http = reqwest::Client::new();
        let sandbox::Sandbox { clock, outbox, faults, whop, resend, stripe, .. } = parts;
        Self { clock, outbox, faults, whop, resend, stripe, base, http, server }
    }

    /// `biz_open` lets past-due members in, `biz_strict` does not.
    fn settle(&self) {
        self.whop.add_company("biz_open", "Open", &["user_owner"], true, Some("exp_open"));
        self.whop.add_company("biz_strict", "Strict", &["user_boss"], false, Some("exp_strict"));
        let renewal = noon() + chrono::Duration::days(10);
        for (id, company, user, status) in [
            ("mem_1", "biz_open", "user_1", MembershipStatus::PastDue),
            ("mem_2", "biz_strict", "user_2", MembershipStatus::PastDue),
            ("mem_3", "biz_strict", "user_3", MembershipStatus::Active),
        ] {
            let membership = Membership::new(id, company, user, renewal);
            self.whop.add_membership(Membership { status, ..membership });
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        // Resend tells its keys by their first letters.
        let key = if path.starts_with("/emails") { "re_key" } else { "whop_key" };
        request.bearer_auth(key).header("Api-Version-Date", API_VERSION_DATE)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        read(self.request(Method::GET, path).send().await.unwrap()).await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        read(self.request(Method::POST, path).json(&body).send().await.unwrap()).await
    }

    async fn post_with_key(&self, path: &str, body: Value, key: &str) -> (u16, Value) {
        let request = self.request(Method::POST, path).json(&body).header("Idempotency-Key", key);
        read(request.send().await.unwrap()).await
    }

    fn fail(&self, rule: Value) {
        self.faults.add(serde_json::from_value::<Rule>(rule).unwrap());
    }

    /// The recipients of one kind of effect, in order.
    fn reached(&self, kind: Kind) -> Vec<String> {
        let entries = self.outbox.entries().into_iter();
        entries.filter(|entry| entry.kind == kind).map(|entry| entry.to).collect()
    }
}

async fn read(response: Response) -> (u16, Value) {
    (response.status().as_u16(), response.json().await.unwrap())
}

fn noon() -> DateTime<Utc> {
    "2025-11-18T12:00:00Z".parse().unwrap()
}
