//! One set of events in each shape that can reach us; `providers/whop/fixtures/README.md` says which.

/// The events of one folder.
macro_rules! fixtures {
    ($folder:literal) => {
        fixtures! { $folder:
            FAILED = "payment.failed",
            SUCCEEDED = "payment.succeeded",
            VALID = "membership.activated",
            ENDED = "membership.deactivated",
            CANCEL_SCHEDULED = "membership.cancel_at_period_end_changed",
            REFUNDED = "refund.created",
            DISPUTED = "dispute.updated",
        }
    };
    ($folder:literal: $($name:ident = $event:literal,)*) => {
        $(pub const $name: &str = include_str!(concat!("../../fixtures/", $folder, "/", $event, ".json"));)*
        #[allow(dead_code, reason = "the table goes through all of them by this list")]
        pub const ALL: &[(&str, &str)] = &[$(($event, $name)),*];
    };
}

pub mod v2 {
    fixtures!("v2");
}

pub mod v5 {
    fixtures!("v5");
}

pub mod v1 {
    fixtures!("v1-undated");
}

pub mod account {
    fixtures!("v1-2026-08-14");
}

pub mod dated {
    fixtures!("v1-2026-09-15");
}

pub mod newest {
    fixtures!("v1-2026-10-15-1");
}
