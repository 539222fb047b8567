//! The names of events that Stripe publishes. One that is not here is new, and may matter.
//!
//! Source: "Types of events" of Stripe's API reference, versions 2017-04-06 to 2026-10-28.endive. Of objects that bookings
//! and payouts use, every name; of other objects, which never have consequences here, the object.

/// Whether the name of an event is published, with or without consequences here.
pub(super) fn is_published(name: &str) -> bool {
    let object = name.split('.').next().unwrap_or_default();
    NAMES.contains(&name) || OTHER_OBJECTS.contains(&object)
}

#[rustfmt::skip]
const NAMES: &[&str] = &[
    "account.application.authorized", "account.application.deauthorized", "account.external_account.created",
    "account.external_account.deleted", "account.external_account.updated", "account.updated",
    "balance.available",
    "charge.captured", "charge.dispute.closed", "charge.dispute.created", "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn", "charge.dispute.updated", "charge.expired", "charge.failed", "charge.pending",
    "charge.refund.updated", "charge.refunded", "charge.succeeded", "charge.updated",
    "payment_intent.amount_capturable_updated", "payment_intent.canceled", "payment_intent.created",
    "payment_intent.partially_funded", "payment_intent.payment_failed", "payment_intent.processing",
    "payment_intent.requires_action", "payment_intent.succeeded",
    "payout.canceled", "payout.created", "payout.failed", "payout.paid", "payout.reconciliation_completed",
    "payout.updated",
    "refund.created", "refund.failed", "refund.updated",
    "transfer.canceled", "transfer.created", "transfer.failed", "transfer.paid", "transfer.reversed",
    "transfer.updated",
];

#[rustfmt::skip]
const OTHER_OBJECTS: &[&str] = &[
    "application_fee", "balance_settings", "billing", "billing_portal", "capability", "cash_balance", "checkout",
    "climate", "coupon", "credit_note", "customer", "customer_cash_balance_transaction", "entitlements", "file",
    "financial_connections", "identity", "invoice", "invoice_payment", "invoiceitem", "issuing_authorization",
    "issuing_card", "issuing_cardholder", "issuing_dispute", "issuing_personalization_design", "issuing_token",
    "issuing_transaction", "mandate", "order", "payment_link", "payment_method", "person", "ping", "plan", "price",
    "product", "promotion_code", "quote", "radar", "recipient", "reporting", "review", "setup_intent", "sigma", "sku",
    "source", "subscription_schedule", "tax", "tax_rate", "terminal", "test_helpers", "topup", "treasury",
];
