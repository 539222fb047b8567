//! The list of memberships, with the filters of the dated API.
//!
//! Source: `GET /memberships` of the official crate `whop_sdk` 1.1.5 and of Whop's reference. Whop does not
//! document how it treats unknown parameters: here they are refused, so that a misspelt one is found.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use shared::domain::kernel::time;

use super::WhopStandIn;
use super::answer::Refusal;
use super::page::answer_page;
use super::shape::Shape;
use super::world::{Membership, MembershipStatus, World};
use crate::fault::Operation;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    account_id: Option<String>,
    user_id: Option<String>,
    product_id: Option<String>,
    status: Option<ListedStatus>,
    created_after: Option<String>,
    created_before: Option<String>,
    first: Option<usize>,
    after: Option<String>,
}

/// The billing states by which Whop filters; they are fewer than a membership can have.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ListedStatus {
    Active,
    Trialing,
    PastDue,
    Completed,
    Canceled,
    Expired,
    Canceling,
    Paused,
}

pub(super) async fn list(
    State(whop): State<WhopStandIn>,
    filter: Result<Query<Filter>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let company = filter.as_ref().ok().and_then(|Query(filter)| filter.account_id.clone());
    let act = move |whop: &WhopStandIn, _: &HeaderMap, shape: Shape| {
        let Query(filter) = filter.map_err(|error| Refusal::invalid(error.body_text()))?;
        whop.state().list(&filter, shape)
    };
    whop.answer_dated(Operation::ListMemberships, company, headers, act).await
}

impl World {
    fn list(&self, filter: &Filter, shape: Shape) -> Result<Value, Refusal> {
        let account =
            filter.account_id.as_deref().ok_or_else(|| Refusal::invalid("account_id is required"))?;
        let (after, before) = (instant(&filter.created_after)?, instant(&filter.created_before)?);
        let wanted = |one: &&Membership| {
            let has = |asked: &Option<String>, own: &str| asked.as_deref().is_none_or(|asked| asked == own);
            one.company_id == account
                && has(&filter.user_id, &one.user_id)
                && has(&filter.product_id, &one.product_id)
                && filter.status.is_none_or(|status| one.is_listed_as(status))
                && after.is_none_or(|after| one.bought_at() > after)
                && before.is_none_or(|before| one.bought_at() < before)
        };
        let mut matching: Vec<&Membership> = self.memberships.values().filter(wanted).collect();
        // The newest first.
        matching.sort_by_key(|one| (std::cmp::Reverse(one.bought_at()), &one.id));
        let part = (filter.first, filter.after.as_deref());
        answer_page(&matching, part, |one| &one.id, |one| self.shape(one, shape))
    }
}

impl Membership {
    /// `canceling` lists memberships that end with their period, which the filters for active ones exclude,
    /// and `paused` those whose collection is paused.
    fn is_listed_as(&self, status: ListedStatus) -> bool {
        let is_living = |status| self.status == status && !self.cancel_at_period_end;
        match status {
            ListedStatus::Active => is_living(MembershipStatus::Active),
            ListedStatus::Trialing => is_living(MembershipStatus::Trialing),
            ListedStatus::PastDue => is_living(MembershipStatus::PastDue),
            ListedStatus::Completed => self.status == MembershipStatus::Completed,
            ListedStatus::Canceled => self.status == MembershipStatus::Canceled,
            ListedStatus::Expired => self.status == MembershipStatus::Expired,
            ListedStatus::Canceling => {
                self.status == MembershipStatus::Canceling
                    || self.status == MembershipStatus::Active && self.cancel_at_period_end
            }
            ListedStatus::Paused => self.collection_paused,
        }
    }
}

fn instant(text: &Option<String>) -> Result<Option<DateTime<Utc>>, Refusal> {
    let read =
        |text: &String| time::parse(text).ok_or_else(|| Refusal::invalid(format!("{text} is no time")));
    text.as_ref().map(read).transpose()
}
