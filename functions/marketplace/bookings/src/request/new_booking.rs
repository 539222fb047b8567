//! Parses a booking request; all invalid fields are reported at once.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value};
use shared::auth::Caller;
use shared::domain::kernel::account::{AddressError, EmailAddress, Role};
use shared::domain::kernel::message::Language;
use shared::domain::kernel::money::{Currency, Money};
use shared::domain::kernel::party::{CustomerId, ProfessionalId};
use shared::domain::kernel::time;
use shared::domain::marketplace::booking::{FeeBasisPoints, InvalidTerms, MAX_PRICE, Terms};
use shared::domain::recovery::settings::FieldError;
use shared::http::body::language_field;
use shared::http::{Failure, JsonBody};

/// A later start is taken for a typing error.
const MAX_DAYS_AHEAD: i64 = 2 * 366;

const FIELDS: [&str; 7] =
    ["professional_id", "customer_id", "amount", "currency", "scheduled_start", "customer_email", "language"];

#[derive(Debug)]
pub(super) struct NewBooking {
    email: Option<EmailAddress>,
    language: Language,
    terms: Terms,
}

impl NewBooking {
    pub(super) fn read(caller: &Caller, body: &JsonBody) -> Result<Self, Failure> {
        let object = body.object(&FIELDS)?;
        let language = language_field(object)?;
        let mut fields = Fields { object, errors: Vec::new() };
        let professional_id = fields.read("professional_id", "expected the id of a professional", |value| {
            ProfessionalId::parse(value.as_str()?).ok()
        });
        let customer_id = customer_id(caller, &mut fields);
        let amount = fields.read("amount", &amount_expected(), Value::as_i64);
        let currency = fields.read("currency", "expected three letters such as usd", |value| {
            Currency::parse(value.as_str()?).ok()
        });
        let start = fields.read("scheduled_start", "expected a time such as 2025-11-18T14:00:00Z", |value| {
            millis(time::parse(value.as_str()?)?)
        });
        let email = match object.get("customer_email") {
            None => None,
            Some(value) => {
                let read = value.as_str().map_or(Err(AddressError::Form), EmailAddress::read);
                let wrong = |error: AddressError| FieldError::new("customer_email", error.to_string());
                read.map_err(|error| fields.errors.push(wrong(error))).ok()
            }
        };
        let (Some(professional_id), Some(customer_id), Some(amount), Some(currency), Some(scheduled_start)) =
            (professional_id, customer_id, amount, currency, start)
        else {
            return Err(Failure::fields(fields.errors));
        };
        if professional_id.as_str() == customer_id.as_str() {
            fields
                .errors
                .push(FieldError::new("professional_id", "expected a person other than the customer"));
        }
        let price = Money { amount, currency };
        let fee = FeeBasisPoints::default();
        let terms = Terms { professional_id, customer_id, price, fee, scheduled_start };
        fields.errors.extend(terms.clone().checked().err().map(field_error));
        if fields.errors.is_empty() {
            Ok(Self { email, language, terms })
        } else {
            Err(Failure::fields(fields.errors))
        }
    }

    /// The customer's address, if one is given, and the language of mails.
    pub(super) fn contact(&self) -> (Option<&EmailAddress>, Language) {
        (self.email.as_ref(), self.language)
    }

    /// The agreed terms. Only here the start must be in the future, so that a late retry of an earlier request
    /// still gets its answer.
    pub(super) fn terms(&self, fee: FeeBasisPoints, now: DateTime<Utc>) -> Result<Terms, Failure> {
        let start = self.terms.scheduled_start;
        if start <= now || start > now + Duration::days(MAX_DAYS_AHEAD) {
            let expected = format!("expected a time to come, at most {MAX_DAYS_AHEAD} days ahead");
            return Err(Failure::field("scheduled_start", expected));
        }
        Ok(Terms { fee, ..self.terms.clone() })
    }
}

/// Customers book for themselves; only an owner names a customer.
fn customer_id(caller: &Caller, fields: &mut Fields<'_>) -> Option<CustomerId> {
    if caller.role == Role::Owner {
        return fields.read("customer_id", "expected the id of the customer", |value| {
            CustomerId::parse(value.as_str()?).ok()
        });
    }
    if fields.object.get("customer_id").is_some_and(|named| named.as_str() != Some(&caller.id)) {
        fields.errors.push(FieldError::new("customer_id", "a customer asks for itself"));
    }
    CustomerId::parse(&caller.id).ok()
}

fn amount_expected() -> String {
    format!("expected a whole number of minor units from 1 to {MAX_PRICE}, such as 1999")
}

fn field_error(error: InvalidTerms) -> FieldError {
    match error {
        InvalidTerms::Price => FieldError::new("amount", amount_expected()),
        InvalidTerms::Step => FieldError::new("amount", error.to_string()),
        InvalidTerms::Currency | InvalidTerms::Fee => FieldError::new("currency", error.to_string()),
    }
}

/// The instant with millisecond precision, as it is stored.
fn millis(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(at.timestamp_millis())
}

/// The fields of a body and their errors.
struct Fields<'a> {
    object: &'a Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields<'_> {
    fn read<T>(&mut self, field: &str, expected: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.object.get(field).and_then(read);
        if value.is_none() {
            self.errors.push(FieldError::new(field, expected));
        }
        value
    }
}
