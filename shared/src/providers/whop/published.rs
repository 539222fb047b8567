//! The names of events that Whop publishes, in our spelling. One that is not here is new, and may matter.
//!
//! Source: `WebhookEvent` of the official crate `whop_sdk` 1.1.5; Whop's pages about `membership.updated`,
//! `issued_membership.*` and `resolution_center_case.*`; and the names of the older dialects (v2, v5), which the fixtures
//! have.

use super::dialect::Envelope;

/// Whether the name of an event is published, with or without consequences here.
pub(super) fn is_published(envelope: &Envelope) -> bool {
    PUBLISHED.contains(&envelope.name.as_str())
}

#[rustfmt::skip]
const PUBLISHED: &[&str] = &[
    "account.financing_approved", "account.financing_denied", "account.updated",
    "ad.updated", "ad_campaign.payment_failed", "ad_campaign.updated",
    "card.canceled", "card.created", "card.frozen", "card.updated",
    "card_application.approved", "card_application.created", "card_application.denied", "card_application.updated",
    "card_transaction.completed", "card_transaction.created", "card_transaction.declined",
    "card_transaction.reversed", "card_transaction.updated",
    "chat.message.created", "chat.reaction.created",
    "course_lesson_interaction.completed", "deposit.succeeded",
    "dispute.created", "dispute.updated", "dispute_alert.created",
    "entry.approved", "entry.created", "entry.deleted", "entry.denied",
    "export.completed", "export.failed", "financial_activity.funds_available",
    "identity_profile.approved", "identity_profile.needs_action", "identity_profile.rejected",
    "identity_profile.updated",
    "invoice.created", "invoice.marked_uncollectible", "invoice.paid", "invoice.past_due", "invoice.voided",
    "issued_membership.created", "issued_membership.updated",
    "ledger_account.funds_available", "member.created", "member.updated",
    "membership.activated", "membership.cancel_at_period_end_changed", "membership.deactivated",
    "membership.experience_claimed", "membership.metadata_updated", "membership.trial_ending_soon",
    "membership.updated", "membership.went_invalid", "membership.went_valid",
    "payment.affiliate_reward_created", "payment.authorized", "payment.canceled", "payment.created", "payment.failed",
    "payment.pending", "payment.requires_action", "payment.succeeded",
    "payout.created", "payout.reversed", "payout.updated", "payout_account.status_updated", "payout_method.created",
    "plan.created", "plan.deleted", "plan.updated",
    "product.created", "product.deleted", "product.published", "product.unpublished", "product.updated",
    "refund.created", "refund.updated",
    "resolution.created", "resolution.decided", "resolution.updated",
    "resolution_created", "resolution_decided", "resolution_updated",
    "resolution_center_case.created", "resolution_center_case.decided", "resolution_center_case.updated",
    "setup_intent.canceled", "setup_intent.requires_action", "setup_intent.succeeded",
    "shipment.created", "shipment.updated", "swap.completed",
    "transfer.completed", "transfer.created", "transfer.failed",
    "verification.succeeded", "withdrawal.created", "withdrawal.reversed", "withdrawal.updated",
];
