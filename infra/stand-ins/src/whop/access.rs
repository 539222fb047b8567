//! Access checks, and the experiences of an app.

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::WhopStandIn;
use super::answer::Refusal;
use super::page::answer_page;
use super::shape::Shape;
use super::world::{Experience, World};
use crate::fault::Operation;

pub(super) async fn check(
    State(whop): State<WhopStandIn>,
    Path((user_id, resource_id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let company = whop.state().company_behind(&resource_id);
    let act = move |whop: &WhopStandIn, _: &HeaderMap, _: Shape| whop.state().access(&user_id, &resource_id);
    whop.answer_authorized(Operation::Access, company, headers, act).await
}

#[derive(Deserialize)]
pub(super) struct Page {
    account_id: Option<String>,
    app_id: Option<String>,
    first: Option<usize>,
    after: Option<String>,
}

pub(super) async fn experiences(
    State(whop): State<WhopStandIn>,
    Query(page): Query<Page>,
    headers: HeaderMap,
) -> Response {
    let company = page.account_id.clone();
    let act = move |whop: &WhopStandIn, _: &HeaderMap, _: Shape| whop.state().page(&page);
    whop.answer_dated(Operation::Experiences, company, headers, act).await
}

impl World {
    /// The company an experience belongs to, or the company itself.
    pub(super) fn company_behind(&self, resource_id: &str) -> Option<String> {
        let company = self.company(resource_id).map(|_| resource_id.to_owned());
        company.or_else(|| self.experience(resource_id).map(|experience| experience.company_id.clone()))
    }

    fn access(&self, user_id: &str, resource_id: &str) -> Result<Value, Refusal> {
        let company_id =
            self.company_behind(resource_id).ok_or_else(|| Refusal::not_found("the resource"))?;
        let admin = self.company(&company_id).is_some_and(|company| company.admins.contains(user_id));
        let (has_access, access_level) = if admin {
            (true, "admin")
        } else if self.members_with_access(&company_id).contains(user_id) {
            (true, "customer")
        } else {
            (false, "no_access")
        };
        Ok(json!({"has_access": has_access, "access_level": access_level}))
    }

    fn page(&self, page: &Page) -> Result<Value, Refusal> {
        let company_id =
            page.account_id.as_deref().ok_or_else(|| Refusal::invalid("account_id is required"))?;
        let wanted = |experience: &&Experience| {
            experience.company_id == company_id
                && page.app_id.as_ref().is_none_or(|app| *app == experience.app_id)
        };
        let matching: Vec<_> = self.experiences.iter().filter(wanted).collect();
        let part = (page.first, page.after.as_deref());
        answer_page(&matching, part, |one| &one.id, |one| self.show_experience(one))
    }

    fn show_experience(&self, experience: &Experience) -> Value {
        let title = self.company(&experience.company_id).map(|company| &company.title);
        json!({
            "id": experience.id,
            "name": "App",
            "app": {"id": experience.app_id},
            "company": {"id": experience.company_id, "title": title},
        })
    }
}
