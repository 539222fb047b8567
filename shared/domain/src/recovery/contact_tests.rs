use chrono::DateTime;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::kernel::id::{CaseId, CompanyId};
use crate::recovery::timeline::CaseStatus;

const BOTH: [Channel; 2] = [Channel::Push, Channel::Dm];
const ALL: [Channel; 3] = [Channel::Push, Channel::Dm, Channel::Mail];

pub(crate) fn case() -> Case {
    let at = DateTime::from_timestamp(1_760_000_000, 0).unwrap();
    let (company_id, membership_id) =
        (CompanyId::parse("biz_1").unwrap(), MembershipId::parse("mem_1").unwrap());
    Case {
        case_id: CaseId::derive(&company_id, &membership_id, "pay_1"),
        company_id,
        membership_id,
        user_id: None,
        status: CaseStatus::Open,
        first_failure_at: at,
        last_failure_at: at,
        failures: 1,
        payment_id: None,
        amount: None,
        currency: None,
        recovered_at: None,
        recovered_amount: None,
        recovered_currency: None,
        returned_amount: 0,
        ended_by: None,
        other_payments: Vec::new(),
        product_id: None,
        cancel_scheduled: false,
        collection_paused: false,
        hold: None,
        push_pending: false,
        last_offset_days: None,
        attempts: 0,
        incentive_days: 0,
        due_at: None,
        failed_tries: 0,
        last_error: None,
        waits_since: None,
        updated_at: at,
        version: 1,
    }
}

fn membership(status: &str) -> Membership {
    Membership {
        status: status.to_owned(),
        company_id: None,
        user_id: None,
        product_id: None,
        period_started_at: None,
        period_ends_at: None,
        cancel_at_period_end: false,
        collection_paused: None,
    }
}

fn decide(
    case: &Case,
    membership: Option<&Membership>,
    wanted: &[Channel],
    reachable: &[Channel],
) -> ContactDecision {
    let facts = ContactFacts { case, membership, bought_again: None, wanted, reachable, suppressed: None };
    decide_contact(&facts)
}

#[test]
fn every_status_leads_to_its_decision() {
    for (status, expected) in [
        ("past_due", ContactDecision::Write(BOTH.to_vec())),
        ("unresolved", ContactDecision::Write(BOTH.to_vec())),
        ("active", ContactDecision::Hold(HoldReason::PaidUnconfirmed)),
        ("trialing", ContactDecision::Hold(HoldReason::PaidUnconfirmed)),
        ("canceling", ContactDecision::End(EndReason::CancelledByMember)),
        ("canceled", ContactDecision::End(EndReason::MembershipEnded)),
        ("expired", ContactDecision::End(EndReason::MembershipEnded)),
        ("completed", ContactDecision::End(EndReason::MembershipEnded)),
        ("drafted", ContactDecision::Hold(HoldReason::NotStarted)),
        ("of_next_year", ContactDecision::Hold(HoldReason::StatusUnknown)),
    ] {
        assert_eq!(decide(&case(), Some(&membership(status)), &BOTH, &BOTH), expected, "{status}");
    }
}

#[test]
fn whops_answer_has_precedence_and_events_decide_without_one() {
    let reported = Case { cancel_scheduled: true, ..case() };
    let end = ContactDecision::End(EndReason::CancelledByMember);
    assert_eq!(decide(&reported, None, &BOTH, &BOTH), end);
    assert_eq!(
        decide(&reported, Some(&membership("past_due")), &BOTH, &BOTH),
        ContactDecision::Write(BOTH.to_vec())
    );
    let cancels = Membership { cancel_at_period_end: true, ..membership("past_due") };
    assert_eq!(decide(&case(), Some(&cancels), &BOTH, &BOTH), end);

    let paused = Case { collection_paused: true, ..case() };
    let hold = ContactDecision::Hold(HoldReason::CollectionPaused);
    assert_eq!(decide(&paused, None, &BOTH, &BOTH), hold);
    assert_eq!(
        decide(&paused, Some(&membership("past_due")), &BOTH, &BOTH),
        hold,
        "the answer does not contain it"
    );
    let resumed = Membership { collection_paused: Some(false), ..membership("past_due") };
    assert_eq!(decide(&paused, Some(&resumed), &BOTH, &BOTH), ContactDecision::Write(BOTH.to_vec()));
    let is_paused = Membership { collection_paused: Some(true), ..membership("past_due") };
    assert_eq!(decide(&case(), Some(&is_paused), &BOTH, &BOTH), hold);
}

#[test]
fn a_mail_is_sent_only_if_no_enabled_channel_reaches_the_member() {
    let owing = membership("past_due");
    let decided =
        |wanted: &[Channel], reachable: &[Channel]| decide(&case(), Some(&owing), wanted, reachable);
    let write = |channels: &[Channel]| ContactDecision::Write(channels.to_vec());
    assert_eq!(decided(&BOTH, &ALL), write(&BOTH));
    assert_eq!(decided(&[Channel::Push], &[Channel::Dm, Channel::Mail]), write(&[Channel::Mail]));
    assert_eq!(decided(&[Channel::Dm], &[Channel::Mail]), write(&[Channel::Mail]));
    assert_eq!(decided(&[Channel::Push], &[Channel::Dm]), ContactDecision::Hold(HoldReason::Unreachable));
    assert_eq!(decided(&[], &ALL), ContactDecision::Hold(HoldReason::ChannelsOff));
}

#[test]
fn a_suppressed_address_stops_the_mail_and_nothing_else() {
    let owing = membership("past_due");
    for (reason, held) in [
        (SuppressionReason::Bounced, HoldReason::AddressBounced),
        (SuppressionReason::Complained, HoldReason::AddressComplained),
        (SuppressionReason::Blocked, HoldReason::AddressBlocked),
    ] {
        let decided = |reachable: &[Channel]| {
            let case = case();
            decide_contact(&ContactFacts {
                case: &case,
                membership: Some(&owing),
                bought_again: None,
                wanted: &[Channel::Push],
                reachable,
                suppressed: Some(reason),
            })
        };
        assert_eq!(decided(&[Channel::Mail]), ContactDecision::Hold(held));
        assert_eq!(decided(&ALL), ContactDecision::Write(vec![Channel::Push]));
        assert_eq!(held.as_str(), reason.effect_reason(), "one code for one reason");
    }
}

proptest! {
    /// Whatever else is known, a member who cancelled, paid, paused or bought again gets no message.
    #[test]
    fn no_message_goes_to_a_member_who_does_not_owe_or_does_not_want_it(
        status in select(vec!["past_due", "unresolved", "active", "trialing", "canceling", "canceled", "expired", "completed", "drafted", "new"]),
        cancels in any::<bool>(),
        paused in any::<Option<bool>>(),
        reported_cancel in any::<bool>(),
        reported_pause in any::<bool>(),
        again in any::<bool>(),
        known in any::<bool>(),
    ) {
        let case = Case { cancel_scheduled: reported_cancel, collection_paused: reported_pause, ..case() };
        let membership = Membership { cancel_at_period_end: cancels, collection_paused: paused, ..membership(status) };
        let other = MembershipId::parse("mem_2").unwrap();
        let facts = ContactFacts {
            case: &case,
            membership: known.then_some(&membership),
            bought_again: again.then_some(&other),
            wanted: &BOTH,
            reachable: &ALL,
            suppressed: None,
        };
        let cancelled = if known { cancels || status == "canceling" } else { reported_cancel };
        let is_paused = if known { paused.unwrap_or(reported_pause) } else { reported_pause };
        let owes = !known || matches!(status, "past_due" | "unresolved");
        let written = matches!(decide_contact(&facts), ContactDecision::Write(_));
        prop_assert_eq!(written, owes && !cancelled && !is_paused && !again);
    }
}
