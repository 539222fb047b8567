//! A stand-in for healthchecks.io: one project, whose checks are made by the first ping that asks for it.

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base::{ProviderState, StandIn, keep_newest};
use crate::fault::Operation;
use crate::outbox::Provider;

/// The ping key of the project.
pub const PING_KEY: &str = "sandbox-ping-key-22-ch";

/// Its path here; the real service has its own host.
pub const PATH: &str = "/healthchecks";

/// How many pings are remembered.
const MAX_PINGS: usize = 1_000;

/// The service keeps no more of a ping's body.
const MAX_BODY_BYTES: usize = 100_000;

const MAX_SLUG_CHARS: usize = 50;

/// The project. Its state is dropped with the last clone.
pub type HealthchecksStandIn = StandIn<Project>;

#[derive(Debug, Clone, Default)]
pub struct Project {
    checks: BTreeSet<String>,
    pings: Vec<Ping>,
}

/// One ping that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ping {
    pub slug: String,
    pub kind: PingKind,
    /// The run that it belongs to.
    pub run_id: Option<Uuid>,
    pub body: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PingKind {
    Start,
    Success,
    Fail,
}

#[derive(Debug, Deserialize)]
struct PingQuery {
    create: Option<String>,
    rid: Option<String>,
}

impl HealthchecksStandIn {
    pub fn router(&self) -> Router {
        let routes = [("", PingKind::Success), ("/start", PingKind::Start), ("/fail", PingKind::Fail)];
        let router = routes.into_iter().fold(Router::new(), |router, (action, kind)| {
            let receive = move |State(project): State<Self>,
                                Path((key, slug)): Path<(String, String)>,
                                Query(query): Query<PingQuery>,
                                body: Bytes| async move {
                let act = move |project: &Self| project.take(&key, slug, kind, &query, &body);
                project.answer(Operation::Ping, None, act).await
            };
            router.route(&format!("{PATH}/{{key}}/{{slug}}{action}"), post(receive))
        });
        router.with_state(self.clone())
    }

    /// The newest pings, in the order in which they came.
    pub fn pings(&self) -> Vec<Ping> {
        self.state().pings.clone()
    }

    fn take(&self, key: &str, slug: String, kind: PingKind, query: &PingQuery, body: &[u8]) -> Response {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if slug.len() > MAX_SLUG_CHARS || !slug.chars().all(plain) {
            return (StatusCode::BAD_REQUEST, "invalid url format").into_response();
        }
        let Ok(run_id) = query.rid.as_deref().map(Uuid::parse_str).transpose() else {
            return (StatusCode::BAD_REQUEST, "invalid uuid format").into_response();
        };
        let mut state = self.state();
        let is_known = state.checks.contains(&slug);
        if key != PING_KEY || !(is_known || query.create.as_deref() == Some("1")) {
            return (StatusCode::NOT_FOUND, "not found").into_response();
        }
        state.checks.insert(slug.clone());
        let body = String::from_utf8_lossy(&body[..body.len().min(MAX_BODY_BYTES)]).into_owned();
        keep_newest(&mut state.pings, [Ping { slug, kind, run_id, body }], MAX_PINGS);
        if is_known { "OK".into_response() } else { (StatusCode::CREATED, "Created").into_response() }
    }
}

impl ProviderState for Project {
    const PROVIDER: Provider = Provider::Healthchecks;

    fn refuse(status: StatusCode, _code: Option<&str>) -> Response {
        (status, "the sandbox refuses it").into_response()
    }
}
