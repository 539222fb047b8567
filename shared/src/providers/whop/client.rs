//! A client for the parts of Whop's API that we use.
//!
//! Every request sends [`API_VERSION_DATE`], because the same `/cancel` with another version's body means an
//! immediate end (see `cancel`). Every changing call sends an `Idempotency-Key`; only `extend` relies on it. The
//! client does not retry: the effect engine knows what may be repeated.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::API_VERSION_DATE;
use super::membership::{self, MailAddress, MembershipAnswer};
use crate::domain::kernel::id::{CompanyId, MembershipId, PaymentId, UserId};
use crate::domain::kernel::message::Message;
use crate::domain::kernel::provider::Provider;
use crate::domain::kernel::time;
use crate::domain::recovery::second_purchase::ListedMembership;
use crate::json::read_trusted;
use crate::providers::call::{CallError, error_code, retry_after};
use crate::providers::call_counts;
use crate::providers::client::read_within;

/// More than any of these answers has; a larger one is refused.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// More than any error document has.
const MAX_ERROR_BYTES: usize = 16 * 1024;

#[derive(Clone)]
pub struct Whop {
    http: reqwest::Client,
    base: String,
    api_key: String,
}

/// A user's access to a company or an experience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessLevel {
    Admin,
    Customer,
    /// No access, or a level unknown to this version.
    #[serde(other)]
    NoAccess,
}

#[derive(Deserialize)]
struct Access {
    access_level: AccessLevel,
}

#[derive(Deserialize)]
struct Listing<T> {
    data: Vec<T>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

/// Whop's largest page: more memberships than a user pauses, or buys of one product, at one seller.
const MAX_LISTED: u8 = 100;

impl Whop {
    /// A client for `base` with the app's key.
    pub fn new(http: reqwest::Client, base: &str, api_key: &str) -> Self {
        Self { http, base: base.trim_end_matches('/').to_owned(), api_key: api_key.to_owned() }
    }

    pub async fn membership(&self, id: &MembershipId) -> Result<MembershipAnswer, CallError> {
        let answer: Value = self.read(&format!("/memberships/{id}")).await?;
        membership::read(&answer).ok_or_else(unreadable)
    }

    /// Whether a membership is paused. Only the list of the buyer's paused memberships at the seller shows
    /// it: the dated shape of a membership does not.
    pub async fn is_paused(
        &self,
        company: &CompanyId,
        user: &UserId,
        id: &MembershipId,
    ) -> Result<bool, CallError> {
        let path =
            format!("/memberships?account_id={company}&user_id={user}&status=paused&first={MAX_LISTED}");
        let listing: Listing<Named> = self.read(&path).await?;
        Ok(listing.data.iter().any(|paused| paused.id == id.as_str()))
    }

    /// The memberships of one product that a user bought at a seller after an instant, whatever their status.
    ///
    /// This and [`Self::is_paused`] need two requests: the paused membership may be an older one, and the dated
    /// shape tells a paused one by the filter only.
    pub async fn bought_after(
        &self,
        company: &CompanyId,
        user: &UserId,
        product_id: &str,
        after: DateTime<Utc>,
    ) -> Result<Vec<ListedMembership>, CallError> {
        let after = time::format(after);
        let path = format!(
            "/memberships?account_id={company}&user_id={user}&product_id={product_id}&created_after={after}&first={MAX_LISTED}"
        );
        let listing: Listing<Value> = self.read(&path).await?;
        Ok(listing.data.iter().filter_map(membership::read_listed).collect())
    }

    /// The email address of the user who made a payment; `None` if Whop does not return it.
    pub async fn address_of_payment(&self, id: &PaymentId) -> Result<Option<MailAddress>, CallError> {
        let answer: Value = self.read(&format!("/payments/{id}")).await?;
        Ok(membership::address_of_payment(&answer))
    }

    /// The access of `user` to `resource` (a company or an experience). Whop answers 200 also for no access; a
    /// 404 means that the user or the resource does not exist.
    pub async fn access(&self, user: &UserId, resource: &str) -> Result<AccessLevel, CallError> {
        let access: Access = self.read(&format!("/users/{user}/access/{resource}")).await?;
        Ok(access.access_level)
    }

    /// The experience through which this app sends pushes to a company's members.
    pub async fn experience(&self, company: &CompanyId, app_id: &str) -> Result<Option<String>, CallError> {
        let listing: Listing<Named> =
            self.read(&format!("/experiences?account_id={company}&app_id={app_id}&first=1")).await?;
        Ok(listing.data.into_iter().next().map(|experience| experience.id))
    }

    /// Queues a push to one member of an experience.
    pub async fn push(
        &self,
        key: &str,
        experience_id: &str,
        user: &UserId,
        message: &Message,
    ) -> Result<String, CallError> {
        let body = json!({
            "experience_id": experience_id,
            "user_ids": [user],
            "title": message.title,
            "content": message.text,
        });
        self.change("/notifications", key, &body).await.map(|_| "queued".to_owned())
    }

    /// Sends a direct message to one member. Opening the channel is idempotent: Whop returns an existing one.
    pub async fn dm(&self, key: &str, user: &UserId, message: &Message) -> Result<String, CallError> {
        let opened =
            self.change("/dm_channels", &format!("{key}:channel"), &json!({"with_user_ids": [user]})).await;
        let channel = match opened {
            Ok(channel) => channel,
            // No message was sent yet, so a doubt about the channel is none about the message.
            Err(CallError::InDoubt { reason }) => {
                return Err(CallError::NotSent { reason, retry_after: None });
            }
            Err(error) => return Err(error),
        };
        let Some(channel_id) = channel.get("id").and_then(Value::as_str) else {
            return Err(CallError::NotSent { reason: "channel_without_id".to_owned(), retry_after: None });
        };
        let body = json!({"channel_id": channel_id, "content": message.text});
        let sent = self.change("/messages", key, &body).await?;
        Ok(sent.get("id").and_then(Value::as_str).unwrap_or("sent").to_owned())
    }

    /// Adds free days. With the idempotency key Whop grants them once.
    pub async fn extend(&self, key: &str, membership: &MembershipId, days: u16) -> Result<String, CallError> {
        self.change(&format!("/memberships/{membership}/extend"), key, &json!({"days": days})).await?;
        Ok("extended".to_owned())
    }

    /// Ends a membership at the end of its period or at once. The flag is always sent, because without it this
    /// version ends the membership at once.
    pub async fn cancel(
        &self,
        key: &str,
        membership: &MembershipId,
        at_period_end: bool,
    ) -> Result<String, CallError> {
        let body = json!({"cancel_at_period_end": at_period_end});
        self.change(&format!("/memberships/{membership}/cancel"), key, &body).await?;
        Ok("cancelled".to_owned())
    }

    /// A read has no effect, so every failure can be retried.
    async fn read<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, CallError> {
        let request = self.http.get(format!("{}{path}", self.base));
        let answer = self.send(request, CallError::from_read_answer).await.map_err(CallError::of_reading)?;
        read_trusted(&answer).map_err(|_| unreadable())
    }

    async fn change(&self, path: &str, key: &str, body: &Value) -> Result<Value, CallError> {
        let request =
            self.http.post(format!("{}{path}", self.base)).header("idempotency-key", key).json(body);
        let answer = self.send(request, CallError::from_answer).await?;
        Ok(read_trusted(&answer).unwrap_or(Value::Null))
    }

    async fn send(
        &self,
        request: reqwest::RequestBuilder,
        refused: fn(u16, Option<String>, Option<Duration>) -> CallError,
    ) -> Result<Vec<u8>, CallError> {
        let request = request.bearer_auth(&self.api_key).header("api-version-date", API_VERSION_DATE);
        let sent = call_counts::send(Provider::Whop, request).await;
        let mut response = sent.map_err(|error| CallError::from_transport(&error))?;
        let status = response.status();
        if !status.is_success() {
            let wait = retry_after(response.headers());
            let body = read_within(response, MAX_ERROR_BYTES).await.unwrap_or_default();
            return Err(refused(status.as_u16(), error_type(&body), wait));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| CallError::from_transport(&error))? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(CallError::InDoubt { reason: "answer_too_large".to_owned() });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// The error of an unreadable answer to a read.
fn unreadable() -> CallError {
    CallError::NotSent { reason: "unreadable_answer".to_owned(), retry_after: None }
}

/// The type of Whop's error in either of its two shapes; the message may name a person and is not read.
fn error_type(body: &[u8]) -> Option<String> {
    let body: Value = read_trusted(body).ok()?;
    let error = body.get("error")?;
    error_code(error.get("type").unwrap_or(error).as_str()?)
}

impl std::fmt::Debug for Whop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Whop({})", self.base)
    }
}
