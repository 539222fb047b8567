//! One membership: retrieve, add free days, cancel.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::WhopStandIn;
use super::answer::{Refusal, read};
use super::change::Change;
use super::shape::Shape;
use super::world::{Membership, MembershipStatus, World};
use crate::base::headers::idempotency_key;
use crate::base::keys::{KeyReused, UsedKey, check_key};
use crate::fault::Operation;
use crate::outbox::{Entry, Kind, Provider};

/// The most free days one call may add.
const MAX_DAYS: i64 = 1095;
/// The longest idempotency key.
const MAX_KEY_CHARS: usize = 255;

pub(super) async fn show(
    State(whop): State<WhopStandIn>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let company = whop.company_of(&id);
    let act = move |whop: &WhopStandIn, _: &HeaderMap, shape: Shape| whop.state().show(&id, shape);
    whop.answer_authorized(Operation::Memberships, company, headers, act).await
}

pub(super) async fn extend(
    State(whop): State<WhopStandIn>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let company = whop.company_of(&id);
    let act =
        move |whop: &WhopStandIn, headers: &HeaderMap, shape: Shape| whop.extend(&id, headers, &body, shape);
    whop.answer_dated(Operation::Extend, company, headers, act).await
}

pub(super) async fn cancel(
    State(whop): State<WhopStandIn>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let company = whop.company_of(&id);
    let act =
        move |whop: &WhopStandIn, headers: &HeaderMap, shape: Shape| whop.cancel(&id, headers, &body, shape);
    whop.answer_dated(Operation::Cancel, company, headers, act).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Extend {
    days: i64,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Cancel {
    /// Omitted means now: the trap of this version, which a caller must know.
    #[serde(default)]
    cancel_at_period_end: bool,
}

impl WhopStandIn {
    fn company_of(&self, membership_id: &str) -> Option<String> {
        self.state().memberships.get(membership_id).map(|membership| membership.company_id.clone())
    }

    fn extend(&self, id: &str, headers: &HeaderMap, body: &[u8], shape: Shape) -> Result<Value, Refusal> {
        let key = valid_key(headers)?;
        let Extend { days } = read(body)?;
        if !(1..=MAX_DAYS).contains(&days) {
            return Err(Refusal::invalid(format!("days must be between 1 and {MAX_DAYS}")));
        }
        let (now, request) = (self.now(), json!({"membership": id, "days": days}));
        let mut world = self.state();
        let answered = world.keys.answer_to(key.as_deref(), &request, now);
        if let Some(answer) = answered.map_err(|KeyReused| Refusal::key_reused())? {
            return Ok(answer);
        }
        let mut membership = world.existing(id)?.clone();
        membership.renewal_period_end += Duration::days(days);
        let answer = world.shape(&membership, shape);
        let granted = effect(now, Kind::FreeDays, id, json!({"days": days}), key.clone());
        let used = key.map(|key| UsedKey { key, request, answer: answer.clone(), at: now });
        let mut changes = vec![Change::Membership(Box::new(membership))];
        changes.extend(used.map(Change::KeyUsed));
        self.commit(&mut world, vec![granted], changes);
        Ok(answer)
    }

    fn cancel(&self, id: &str, headers: &HeaderMap, body: &[u8], shape: Shape) -> Result<Value, Refusal> {
        let key = valid_key(headers)?;
        let Cancel { cancel_at_period_end } = if body.is_empty() { Cancel::default() } else { read(body)? };
        let now = self.now();
        let mut world = self.state();
        let mut membership = world.existing(id)?.clone();
        let kind = if cancel_at_period_end {
            membership.cancel_at_period_end = true;
            Kind::Cancel
        } else {
            membership.status = MembershipStatus::Canceled;
            membership.canceled_at.get_or_insert(now);
            Kind::Terminate
        };
        let detail = json!({"cancel_at_period_end": cancel_at_period_end});
        let answer = world.shape(&membership, shape);
        let changes = vec![Change::Membership(Box::new(membership))];
        self.commit(&mut world, vec![effect(now, kind, id, detail, key)], changes);
        Ok(answer)
    }
}

impl World {
    fn existing(&self, id: &str) -> Result<&Membership, Refusal> {
        self.memberships.get(id).ok_or_else(|| Refusal::not_found("the membership"))
    }

    fn show(&self, id: &str, shape: Shape) -> Result<Value, Refusal> {
        self.existing(id).map(|membership| self.shape(membership, shape))
    }
}

fn valid_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let key = idempotency_key(headers);
    check_key(key.as_deref(), MAX_KEY_CHARS).map_err(Refusal::invalid)?;
    Ok(key)
}

fn effect(at: DateTime<Utc>, kind: Kind, to: &str, detail: Value, idempotency_key: Option<String>) -> Entry {
    Entry { at, provider: Provider::Whop, kind, to: to.to_owned(), detail, idempotency_key }
}
