//! A company's settings for failed renewals.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kernel::message::Language;
use crate::platform::action::Channel;

/// A company's settings. The defaults apply until it saves its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Send a push notification at each step.
    pub push_enabled: bool,
    /// Send a direct message at each step.
    pub dm_enabled: bool,
    /// Free days granted once per case with its first reminder; 0 for none.
    pub incentive_days: u16,
    /// The reminders in days after the first failure, ascending.
    pub reminder_offsets_days: Vec<u8>,
    pub language: Language,
}

/// Whop retries a failed renewal for five days and then cancels the membership (help.whop.com 11430734), so by
/// default the last reminder is sent on day four.
impl Default for Settings {
    fn default() -> Self {
        Self {
            push_enabled: true,
            dm_enabled: true,
            incentive_days: 0,
            reminder_offsets_days: vec![0, 2, 4],
            language: Language::En,
        }
    }
}

/// A refused field and the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct FieldError {
    /// The field's name as the sender wrote it.
    pub field: String,
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub message: String,
}

impl FieldError {
    /// An error about `field`. The name may be the sender's input, so it is truncated.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        let mut field = field.into();
        if let Some((end, _)) = field.char_indices().nth(MAX_FIELD_CHARS) {
            field.truncate(end);
        }
        Self { field, message: message.into() }
    }
}

impl Settings {
    /// The enabled channels in order of preference.
    pub fn channels(&self) -> Vec<Channel> {
        let push = self.push_enabled.then_some(Channel::Push);
        push.into_iter().chain(self.dm_enabled.then_some(Channel::Dm)).collect()
    }
}

/// Longer than any of our field names.
const MAX_FIELD_CHARS: usize = 64;

const MAX_INCENTIVE_DAYS: u64 = 365;
const MAX_OFFSETS: usize = 10;
const MAX_OFFSET_DAYS: u64 = 30;
const FIELDS: [&str; 5] =
    ["push_enabled", "dm_enabled", "incentive_days", "reminder_offsets_days", "language"];

impl Settings {
    /// Parses a full replacement and reports all errors at once. A missing `language` gets its default.
    pub fn parse(input: &Value) -> Result<Self, Vec<FieldError>> {
        let Some(object) = input.as_object() else {
            return Err(vec![FieldError::new("", "expected a JSON object")]);
        };
        let mut errors: Vec<FieldError> = object
            .keys()
            .filter(|key| !FIELDS.contains(&key.as_str()))
            .map(|key| FieldError::new(key, "unknown field"))
            .collect();
        let mut flag = |field: &str| match object.get(field) {
            Some(Value::Bool(flag)) => *flag,
            _ => {
                errors.push(FieldError::new(field, "expected true or false"));
                false
            }
        };
        let (push_enabled, dm_enabled) = (flag("push_enabled"), flag("dm_enabled"));
        let incentive_days =
            object.get("incentive_days").and_then(whole).filter(|days| *days <= MAX_INCENTIVE_DAYS);
        if incentive_days.is_none() {
            errors.push(FieldError::new("incentive_days", "expected a whole number from 0 to 365"));
        }
        let reminder_offsets_days = offsets(object.get("reminder_offsets_days"), &mut errors);
        let language = match object.get("language") {
            None => Language::En,
            Some(value) => value.as_str().and_then(Language::parse).unwrap_or_else(|| {
                errors.push(FieldError::new("language", "expected en or es"));
                Language::En
            }),
        };
        if !errors.is_empty() {
            return Err(errors);
        }
        let incentive_days = u16::try_from(incentive_days.unwrap_or_default()).unwrap_or_default();
        Ok(Self { push_enabled, dm_enabled, incentive_days, reminder_offsets_days, language })
    }
}

/// A non-negative integer: `3`, not `3.0` or `"3"`.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64()
}

fn offsets(value: Option<&Value>, errors: &mut Vec<FieldError>) -> Vec<u8> {
    let field = "reminder_offsets_days";
    let Some(items) = value.and_then(Value::as_array) else {
        errors
            .push(FieldError::new(field, "expected a list of 1 to 10 ascending whole numbers from 0 to 30"));
        return Vec::new();
    };
    if items.is_empty() || items.len() > MAX_OFFSETS {
        errors.push(FieldError::new(field, "expected 1 to 10 offsets"));
        return Vec::new();
    }
    let mut offsets = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        match whole(item).filter(|days| *days <= MAX_OFFSET_DAYS).and_then(|days| u8::try_from(days).ok()) {
            None => errors
                .push(FieldError::new(format!("{field}[{index}]"), "expected a whole number from 0 to 30")),
            Some(days) if offsets.last().is_some_and(|last| *last >= days) => {
                errors.push(FieldError::new(
                    format!("{field}[{index}]"),
                    "expected more days than the offset before it",
                ));
            }
            Some(days) => offsets.push(days),
        }
    }
    offsets
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(input: Value) -> Vec<String> {
        Settings::parse(&input).unwrap_err().into_iter().map(|error| error.field).collect()
    }

    fn with(field: &str, value: Value) -> Value {
        let mut input = json!({"push_enabled": true, "dm_enabled": false, "incentive_days": 3, "reminder_offsets_days": [0, 2, 4]});
        input[field] = value;
        input
    }

    #[test]
    fn good_settings_are_read() {
        let settings = Settings::parse(&with("language", json!("es"))).unwrap();
        assert_eq!(settings.reminder_offsets_days, [0, 2, 4]);
        assert_eq!((settings.push_enabled, settings.dm_enabled, settings.incentive_days), (true, false, 3));
        assert_eq!(settings.language, Language::Es);
        assert!(
            Settings::parse(&with("reminder_offsets_days", json!([0, 1, 2, 3, 4, 5, 6, 7, 8, 30]))).is_ok()
        );
    }

    #[test]
    fn each_wrong_field_is_named() {
        for (field, value, named) in [
            ("push_enabled", json!("yes"), "push_enabled"),
            ("dm_enabled", json!(null), "dm_enabled"),
            ("incentive_days", json!(366), "incentive_days"),
            ("incentive_days", json!(-1), "incentive_days"),
            ("incentive_days", json!(1.5), "incentive_days"),
            ("incentive_days", json!("3"), "incentive_days"),
            ("reminder_offsets_days", json!([]), "reminder_offsets_days"),
            ("reminder_offsets_days", json!([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), "reminder_offsets_days"),
            ("reminder_offsets_days", json!([2, 0]), "reminder_offsets_days[1]"),
            ("reminder_offsets_days", json!([2, 2]), "reminder_offsets_days[1]"),
            ("reminder_offsets_days", json!([0, 31]), "reminder_offsets_days[1]"),
            ("reminder_offsets_days", json!([0.5]), "reminder_offsets_days[0]"),
            ("reminder_offsets_days", json!("0,2"), "reminder_offsets_days"),
            ("language", json!("fr"), "language"),
            ("surprise", json!(1), "surprise"),
        ] {
            assert_eq!(fields(with(field, value)), [named]);
        }
        assert_eq!(fields(json!([])), [""]);
        assert_eq!(fields(json!({})).len(), 4);
    }
}
