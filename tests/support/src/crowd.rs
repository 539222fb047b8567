//! Companies with many members who have not paid.

use crate::world::COMPANY;
use http::Method;
use serde_json::json;

use crate::world::{World, id_of, payment};

/// Who administers a company of the crowd.
pub fn owner_of(company: &str) -> String {
    company.replace("biz_", "user_owner_")
}

impl World {
    /// A company whose members are reminded on these days.
    pub async fn add_reminding(&self, company: &str, offsets_days: &[u8]) {
        self.add_company(company, &owner_of(company), true);
        self.remind_on(company, offsets_days).await;
        // Saved settings are due themselves; what follows is to be free of that.
        self.settle().await;
    }

    /// Changes the days on which a company reminds.
    pub async fn remind_on(&self, company: &str, offsets_days: &[u8]) {
        let settings = json!({
            "push_enabled": true, "dm_enabled": true, "incentive_days": 0, "reminder_offsets_days": offsets_days,
        });
        let owner = owner_of(company);
        let save = self.owner_request(company, &owner, Method::PUT, "/api/settings", Some(settings));
        self.ask(save).await.ok();
    }

    /// As many cases at a company, all of whose members have just failed to pay.
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
    /// The id of an open case whose member has cancelled since, which no event has reported.
    pub async fn cancelled_case(&self, membership: &str) -> String {
        self.add_past_due(COMPANY, membership);
        self.fail(membership, &membership.replace("mem_", "pay_"), self.now()).await.ok();
        let whop = &self.service.sandbox.whop;
        whop.change_membership(membership, |one| one.cancel_at_period_end = true);
        self.case_of(membership).await["case_id"].as_str().unwrap().to_owned()
    }
}
