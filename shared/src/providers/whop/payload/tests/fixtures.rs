//! One set of events in each shape that we may receive, as listed in `providers/whop/fixtures/README.md`.

/// The events of one folder.
macro_rules! fixtures {
    ($folder:literal $(, $extra:ident = $extra_event:literal)*) => {
        fixtures! { $folder:
            FAILED = "payment.failed",
            SUCCEEDED = "payment.succeeded",
            VALID = "membership.activated",
            ENDED = "membership.deactivated",
            CANCEL_SCHEDULED = "membership.cancel_at_period_end_changed",
            REFUNDED = "refund.created",
            DISPUTED = "dispute.updated",
            $($extra = $extra_event,)*
        }
    };
    ($folder:literal: $($name:ident = $event:literal,)*) => {
        $(pub const $name: &str = include_str!(concat!("../../fixtures/", $folder, "/", $event, ".json"));)*
        pub const ALL: &[(&str, &str)] = &[$(($event, $name)),*];
    };
}

/// Every folder of events by its name; the table tests iterate over all of them.
pub const SHAPES: [(&str, &[(&str, &str)]); 8] = [
    ("v2", v2::ALL),
    ("v5", v5::ALL),
    ("v1-undated", v1::ALL),
    ("v1-2026-07-20", nested::ALL),
    ("v1-2026-08-14", account::ALL),
    ("v1-2026-09-15", dated::ALL),
    ("v1-2026-10-15-1", newest::ALL),
    ("v1-2026-11-04-1", latest::ALL),
];

pub mod v2 {
    fixtures!("v2");
}

pub mod v5 {
    fixtures!("v5");
}

pub mod v1 {
    fixtures!("v1-undated", UPDATED = "membership.updated");
}

pub mod nested {
    fixtures!("v1-2026-07-20", UPDATED = "membership.updated");
}

pub mod account {
    fixtures!("v1-2026-08-14", UPDATED = "membership.updated");
}

pub mod dated {
    fixtures!("v1-2026-09-15", UPDATED = "membership.updated");
}

pub mod newest {
    fixtures!("v1-2026-10-15-1", UPDATED = "membership.updated");
}

pub mod latest {
    fixtures!("v1-2026-11-04-1", UPDATED = "membership.updated");
}

/// An event whose name has underscores, and the event with dots that means the same.
pub struct Underscored {
    pub name: &'static str,
    pub body: &'static str,
    pub dotted: &'static str,
}

macro_rules! underscored {
    ($($name:literal = $dotted:expr,)*) => {
        &[$(Underscored {
            name: $name,
            body: include_str!(concat!("../../fixtures/underscores/", $name, ".json")),
            dotted: $dotted,
        }),*]
    };
}

/// The spellings of v2, and those of app webhooks, which are v5.
pub const UNDERSCORED: &[Underscored] = underscored![
    "payment_failed" = v2::FAILED,
    "payment_succeeded" = v2::SUCCEEDED,
    "membership_went_valid" = v2::VALID,
    "membership_went_invalid" = v2::ENDED,
    "membership_cancel_at_period_end_changed" = v2::CANCEL_SCHEDULED,
    "refund_created" = v2::REFUNDED,
    "dispute_updated" = v2::DISPUTED,
    "app_payment_failed" = v5::FAILED,
    "app_payment_succeeded" = v5::SUCCEEDED,
    "app_membership_went_valid" = v5::VALID,
    "app_membership_went_invalid" = v5::ENDED,
    "app_membership_cancel_at_period_end_changed" = v5::CANCEL_SCHEDULED,
    "app_refund_created" = v5::REFUNDED,
    "app_dispute_updated" = v5::DISPUTED,
];
