//! Companies with many past-due members.

use crate::world::COMPANY;
use http::Method;
use serde_json::json;

use crate::world::{World, id_of, payment};

/// The owner of a company.
pub fn owner_of(company: &str) -> String {
    company.replace("biz_", "user_owner_")
}

impl World {
    /// Adds a company that reminds on these days.
    pub async fn add_reminding(&self, company: &str, offsets_days: &[u8]) {
        self.add_company(company, &owner_of(company), true);
        self.remind_on(company, offsets_days).await;
        // Saved settings are due themselves; process them first.
        self.settle().await;
    }

    /// Changes a company's reminder days.
    pub async fn remind_on(&self, company: &str, offsets_days: &[u8]) {
        let settings = json!({
            "push_enabled": true, "dm_enabled": true, "incentive_days": 0, "reminder_offsets_days": offsets_days,
        });
        let owner = owner_of(company);
        let save = self.owner_request(company, &owner, Method::PUT, "/api/settings", Some(settings));
        self.ask(save).await.ok();
    }

    /// Opens this many cases of members who have just failed to pay.
    pub async fn open_cases(&self, company: &str, count: usize) {
        for n in 0..count {
            let membership = format!("mem_{}_{}_{n}", &company["biz_".len()..], self.now().timestamp());
            self.add_past_due(company, &membership);
            let event =
                payment("payment.failed", company, &membership, &format!("pay_{membership}"), self.now());
            self.deliver(&id_of(&event), event).await.ok();
        }
    }
}

impl World {
    /// The id of an open case whose member has cancelled without an event.
    pub async fn cancelled_case(&self, membership: &str) -> String {
        self.add_past_due(COMPANY, membership);
        self.fail(membership, &membership.replace("mem_", "pay_"), self.now()).await.ok();
        let whop = &self.service.sandbox.whop;
        whop.change_membership(membership, |one| one.cancel_at_period_end = true);
        self.case_of(membership).await["case_id"].as_str().unwrap().to_owned()
    }
}
