//! Memberships, as Whop reports them.

use serde_json::json;
use shared::views::recovery::membership::{ManageUrlView, MembershipView};

use crate::operation::{Function, Operation, get};

pub(super) fn function() -> Function {
    Function {
        name: "memberships",
        about: "Memberships, as Whop reports them.",
        unavailable: Some("Unavailable"),
        operations: vec![read_membership(), read_manage_url()],
    }
}

fn read_membership() -> Operation {
    get("/api/memberships/{membership_id}", "readMembership")
        .summary("Owner: read a membership.")
        .about("Reads the membership from Whop. Nothing is cached.")
        .answer::<MembershipView>(
            200,
            "The membership.",
            json!({
                "membership_id": "mem_q7Rn2", "company_id": "biz_a1B2c3", "user_id": "user_k4Tz9",
                "product_id": "prod_w2", "status": "past_due", "cancel_at_period_end": false,
                "collection_paused": null, "renewal_period_start": "2026-07-18T10:00:00.000Z",
                "renewal_period_end": "2026-08-18T10:00:00.000Z",
                "manage_url": "https://whop.com/hub/mem_q7Rn2",
            }),
        )
}

fn read_manage_url() -> Operation {
    get("/api/memberships/{membership_id}/manage-url", "readManageUrl")
        .summary("Owner: get the link with which a member can pay.")
        .about(
            "Reads the link from Whop. The response is also 404 if Whop returns no link that may be passed \
             on.",
        )
        .answer::<ManageUrlView>(
            200,
            "The link for the member.",
            json!({"membership_id": "mem_q7Rn2", "manage_url": "https://whop.com/hub/mem_q7Rn2"}),
        )
}
