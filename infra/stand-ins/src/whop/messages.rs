//! Pushes and direct messages. Neither supports idempotency keys: a repeated request sends again.

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::json::read_trusted;

use super::WhopStandIn;
use super::answer::{Refusal, read};
use super::audience::Address;
use super::change::Change;
use super::shape::Shape;
use super::world::Channel;
use crate::base::headers::idempotency_key;
use crate::fault::Operation;
use crate::outbox::{Entry, Kind, Provider};

pub(super) async fn notify(State(whop): State<WhopStandIn>, headers: HeaderMap, body: Bytes) -> Response {
    let named = first_text(&body, &["experience_id", "account_id"]);
    let company = named.and_then(|id| whop.state().company_behind(&id));
    let act = move |whop: &WhopStandIn, headers: &HeaderMap, _: Shape| whop.notify(headers, &body);
    whop.answer_dated(Operation::Notifications, company, headers, act).await
}

pub(super) async fn open_channel(
    State(whop): State<WhopStandIn>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let company = first_text(&body, &["account_id"]);
    let act = move |whop: &WhopStandIn, _: &HeaderMap, _: Shape| whop.open_channel(&body);
    whop.answer_dated(Operation::DmChannels, company, headers, act).await
}

pub(super) async fn send(State(whop): State<WhopStandIn>, headers: HeaderMap, body: Bytes) -> Response {
    let channel = first_text(&body, &["channel_id"]);
    let company = channel.and_then(|id| whop.company_of_channel(&id));
    let act = move |whop: &WhopStandIn, headers: &HeaderMap, _: Shape| whop.send(headers, &body);
    whop.answer_dated(Operation::Messages, company, headers, act).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Notification {
    title: String,
    content: String,
    experience_id: Option<String>,
    account_id: Option<String>,
    user_ids: Option<BTreeSet<String>>,
    rest_path: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenChannel {
    with_user_ids: BTreeSet<String>,
    account_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    channel_id: String,
    content: String,
}

impl WhopStandIn {
    fn notify(&self, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
        let push: Notification = read(body)?;
        let detail = json!({
            "title": push.title, "content": push.content, "experience_id": push.experience_id,
            "account_id": push.account_id, "rest_path": push.rest_path,
        });
        let address = Address::of(push.experience_id, push.account_id)?;
        let mut world = self.state();
        let audience = world.audience(&address)?;
        let (mut sent, mut changes) = (Vec::new(), Vec::new());
        for user in push.user_ids.unwrap_or_else(|| audience.clone()) {
            let reached = audience.contains(&user);
            let entry = self.entry(Kind::Push, user, detail.clone(), headers);
            if reached { sent.push(entry) } else { changes.push(Change::Unreached(entry)) }
        }
        self.commit(&mut world, sent, changes);
        Ok(json!({"success": true}))
    }

    fn open_channel(&self, body: &[u8]) -> Result<Value, Refusal> {
        let OpenChannel { with_user_ids, account_id: company_id } = read(body)?;
        if with_user_ids.is_empty() {
            return Err(Refusal::invalid("with_user_ids must not be empty"));
        }
        let mut world = self.state();
        let same = |channel: &&Channel| channel.user_ids == with_user_ids && channel.company_id == company_id;
        if let Some(known) = world.channels.iter().find(same) {
            return Ok(json!({"id": known.id}));
        }
        let id = format!("feed_{}", world.channels.len() + 1);
        let channel = Channel { id: id.clone(), company_id, user_ids: with_user_ids };
        self.commit(&mut world, vec![], vec![Change::Channel(channel)]);
        Ok(json!({"id": id}))
    }

    fn send(&self, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
        let Message { channel_id, content } = read(body)?;
        let mut world = self.state();
        let channel = world.channels.iter().find(|channel| channel.id == channel_id);
        let channel = channel.ok_or_else(|| Refusal::not_found("the channel"))?;
        let detail = json!({"channel_id": channel_id, "company_id": channel.company_id, "content": content});
        let entry = |user: &String| self.entry(Kind::Dm, user.clone(), detail.clone(), headers);
        let sent = channel.user_ids.iter().map(entry).collect();
        self.commit(&mut world, sent, vec![Change::MessageNumbered]);
        Ok(json!({"id": format!("post_{}", world.messages), "content": content}))
    }

    fn company_of_channel(&self, id: &str) -> Option<String> {
        let world = self.state();
        world.channels.iter().find(|channel| channel.id == id)?.company_id.clone()
    }

    fn entry(&self, kind: Kind, to: String, detail: Value, headers: &HeaderMap) -> Entry {
        let idempotency_key = idempotency_key(headers);
        Entry { at: self.now(), provider: Provider::Whop, kind, to, detail, idempotency_key }
    }
}

/// A field of an unchecked body, for the rules that concern one company.
fn first_text(body: &[u8], fields: &[&str]) -> Option<String> {
    let body: Value = read_trusted(body).ok()?;
    fields.iter().find_map(|&field| body[field].as_str().map(str::to_owned))
}
