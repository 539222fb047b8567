//! How ids and amounts stand in the API document: their form, what they name, and one of them.

use std::borrow::Cow;

use crate::kernel::id::{CaseId, CompanyId, MembershipId, PaymentId, UserId};
use crate::kernel::money::Currency;
use crate::kernel::party::{
    BookingId, CustomerId, PaymentIntentId, ProfessionalId, StripeAccountId, TransferId,
};
use crate::marketplace::payout::BatchId;

const UUID: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";

/// A text that fits a pattern; ids that are UUIDs say so as well.
macro_rules! text {
    ($type:ty, $name:literal, $pattern:expr, $description:literal, $($example:literal),+) => {
        impl schemars::JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let mut schema = schemars::json_schema!({
                    "type": "string", "pattern": $pattern, "description": $description, "examples": [$($example),+],
                });
                if $pattern == UUID {
                    schema.insert("format".to_owned(), "uuid".into());
                }
                schema
            }
        }
    };
}

text!(CompanyId, "CompanyId", "^biz_[A-Za-z0-9_-]{1,60}$", "A company at Whop: the tenant.", "biz_a1B2c3");
text!(
    MembershipId,
    "MembershipId",
    "^mem_[A-Za-z0-9_-]{1,60}$",
    "A customer's subscription at Whop.",
    "mem_q7Rn2"
);
text!(PaymentId, "PaymentId", "^pay_[A-Za-z0-9_-]{1,60}$", "A payment at Whop.", "pay_3nEw0ld");
text!(UserId, "UserId", "^user_[A-Za-z0-9_-]{1,59}$", "A person at Whop.", "user_k4Tz9");
text!(
    CaseId,
    "CaseId",
    UUID,
    "A case. Lower-case and hyphenated, so that one case has one address.",
    "0b0e5c1c-6b1f-5c84-9c1e-2a7f5f0f6d11"
);
text!(
    BookingId,
    "BookingId",
    UUID,
    "A booking. Lower-case and hyphenated, so that one booking has one address.",
    "5f0c2a1e-7d3b-5a9c-8e11-90b1c2d3e4f5"
);
text!(
    ProfessionalId,
    "PartyId",
    "^[A-Za-z0-9_.:|-]{1,128}$",
    "A professional or a customer: the key of an account, however it signs in.",
    "email:3b6f5a0c9d",
    "user_k4Tz9"
);
text!(
    CustomerId,
    "PartyId",
    "^[A-Za-z0-9_.:|-]{1,128}$",
    "A professional or a customer: the key of an account, however it signs in.",
    "email:3b6f5a0c9d",
    "user_k4Tz9"
);
text!(PaymentIntentId, "PaymentIntentId", "^pi_[A-Za-z0-9_]{1,61}$", "A payment at Stripe.", "pi_3PqX9k");
text!(TransferId, "TransferId", "^tr_[A-Za-z0-9_]{1,61}$", "A transfer at Stripe.", "tr_1Q2w3E");
text!(
    StripeAccountId,
    "StripeAccountId",
    "^acct_[A-Za-z0-9_]{1,59}$",
    "A connected account at Stripe.",
    "acct_1PqW8r"
);
text!(
    BatchId,
    "BatchId",
    "^payout-[0-9]{4}-[0-9]{2}-[0-9]{2}-(mon|tue|wed|thu|fri|sat|sun)$",
    "The payouts of one day.",
    "payout-2026-07-21-tue"
);
text!(Currency, "Currency", "^[a-z]{3}$", "ISO 4217, lower case.", "usd");
