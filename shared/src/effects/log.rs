//! One log line for each recorded outcome of an effect, with everything that names it as fields.

use crate::domain::kernel::provider::Provider;
use crate::domain::platform::effect::{Effect, EffectStatus, Subject};
use crate::domain::platform::refusal;
use crate::providers::call_counts::count_effect;
use crate::store::Company;

/// Logs the line with the effect's fields, and further ones.
macro_rules! line {
    ($level:ident, $company:expr, $subject:expr, $effect:expr, $text:literal $(, $name:ident = $value:expr)*) => {{
        let (case_id, booking_id) = match $subject {
            Subject::Case(case_id) => (Some(case_id), None),
            Subject::Booking(booking_id) => (None, Some(booking_id)),
        };
        tracing::$level!(
            $($name = $value,)*
            company_id = %$company.id(),
            case_id = case_id.map(tracing::field::display),
            booking_id = booking_id.map(tracing::field::display),
            operation = $effect.action.operation,
            provider = $effect.request.provider().map(Provider::as_str),
            status = $effect.status.as_str(),
            reason = $effect.reason,
            tries = $effect.tries,
            $text
        );
    }};
}

/// Logs what an attempt came to: what needs a person is an error, what a provider refused or did not do a warning.
/// The request and the reference are left out, because they may identify people.
pub(super) fn log_outcome(company: &Company, subject: Subject, effect: &Effect) {
    let is_refusal =
        || effect.reason.as_deref().is_some_and(|reason| refusal::is_refusal(&effect.request, reason));
    match effect.status {
        EffectStatus::Done => {
            count_effect(false);
            line!(info, company, subject, effect, "an effect is done");
        }
        // An alarm counts this line: a person has to find out what happened.
        EffectStatus::Unknown => {
            line!(error, company, subject, effect, "an effect may or may not have left", left_in_doubt = 1);
        }
        EffectStatus::Rejected if is_refusal() => {
            count_effect(true);
            line!(warn, company, subject, effect, "an effect was refused");
        }
        EffectStatus::Rejected => line!(info, company, subject, effect, "an effect was not sent"),
        EffectStatus::Prepared | EffectStatus::Sending => {
            line!(warn, company, subject, effect, "an effect failed and is tried again");
        }
    }
}

/// Logs that a person resolved an effect.
pub fn log_resolution(company: &Company, subject: Subject, effect: &Effect) {
    line!(info, company, subject, effect, "an effect was resolved by hand");
}
