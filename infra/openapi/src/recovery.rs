//! The operations of recovering failed renewals.

pub mod case_endings;
pub mod cases;
pub mod kpis;
pub mod memberships;
pub mod nudge;
pub mod reminders;
pub mod settings;

use serde_json::Value;
use shared::domain::platform::effect::EffectStatus;
use shared::views::schema::string_enum;

use crate::operation::Function;

/// The functions of the recovery.
pub(crate) fn functions() -> Vec<Function> {
    vec![
        reminders::function(),
        nudge::function(),
        case_endings::function(),
        cases::function(),
        kpis::function(),
        settings::function(),
        memberships::function(),
    ]
}

/// The statuses of effects that satisfy a condition.
fn states(is_of_kind: fn(EffectStatus) -> bool) -> Value {
    use EffectStatus::{Done, Prepared, Rejected, Sending, Unknown};
    let states =
        [Prepared, Sending, Done, Rejected, Unknown].into_iter().filter(|status| is_of_kind(*status));
    string_enum(&states.collect::<Vec<_>>()).to_value()
}
