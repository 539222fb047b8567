use chrono::Duration;

use super::*;
use crate::kernel::id::CompanyId;
use crate::recovery::contact::tests::case;

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

/// A membership of the same product that the same user bought a second after the failure.
fn bought_again() -> ListedMembership {
    let membership = Membership {
        status: "active".to_owned(),
        company_id: CompanyId::parse("biz_1").ok(),
        user_id: Some(user("user_1")),
        product_id: Some("prod_1".to_owned()),
        period_started_at: None,
        period_ends_at: None,
        cancel_at_period_end: false,
        collection_paused: None,
    };
    let id = MembershipId::parse("mem_2").unwrap();
    ListedMembership { id, bought_at: case().first_failure_at + Duration::seconds(1), membership }
}

#[test]
fn an_entry_outside_the_filter_is_no_second_purchase() {
    let is_again = |change: fn(&mut ListedMembership)| {
        let mut listed = bought_again();
        change(&mut listed);
        is_second_purchase(&listed, &case(), &user("user_1"), "prod_1")
    };
    assert!(is_again(|_| {}));
    assert!(!is_again(|listed| listed.id = MembershipId::parse("mem_1").unwrap()));
    assert!(!is_again(|listed| listed.bought_at = case().first_failure_at));
    assert!(!is_again(|listed| listed.membership.user_id = Some(user("user_2"))));
    assert!(!is_again(|listed| listed.membership.user_id = None));
    assert!(!is_again(|listed| listed.membership.product_id = Some("prod_2".to_owned())));
    assert!(!is_again(|listed| listed.membership.product_id = None));
    assert!(!is_again(|listed| listed.membership.status = "canceled".to_owned()));
}
