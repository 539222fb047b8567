//! Lists of bookings, each one query.

use axum::extract::State;
use serde_json::{Value, json};
use shared::app::SharedApp;
use shared::auth::Caller;
use shared::domain::account::Role;
use shared::domain::booking::BookingState;
use shared::domain::id::InvalidId;
use shared::domain::party::{CustomerId, ProfessionalId};
use shared::http::query::{Parameters, cursor};
use shared::http::{Answer, Failure};
use shared::store::booking::{BookingCursor, BookingFilter};

use crate::show::show;

pub(crate) async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Answer, Failure> {
    let parameters = parameters.only(&["status", "professional_id", "customer_id", "limit", "cursor"])?;
    let filter = filter(&caller, &parameters)?;
    let after = parameters.cursor(|text| BookingCursor::parse(text).filter(|place| place.is_in(&filter)))?;
    let (rows, next) = caller.company.bookings(&filter, parameters.limit()?, after.as_ref()).await?;
    let policy = &app.config.marketplace.booking_config.policy;
    let shown = |row| {
        let row: shared::store::booking::BookingRow = row;
        row.booking().map(|booking| show(&row, &booking, caller.role, policy))
    };
    let data: Vec<Value> = rows.into_iter().filter_map(shown).collect();
    Ok(Answer::ok(json!({"data": data, "next_cursor": next.as_ref().map(cursor)})))
}

/// A customer and a professional see their own. Everybody else sees all, or one party's.
fn filter(caller: &Caller, parameters: &Parameters) -> Result<BookingFilter, Failure> {
    let state = state(parameters)?;
    let professional = party(parameters, "professional_id", ProfessionalId::parse)?;
    let customer = party(parameters, "customer_id", CustomerId::parse)?;
    let own = |named: Option<&str>| named.is_none_or(|named| named == caller.id);
    match (caller.role, professional, customer) {
        (Role::Customer, None, customer) if own(customer.as_ref().map(CustomerId::as_str)) => {
            let id = CustomerId::parse(&caller.id).map_err(|_| Failure::Absent)?;
            Ok(BookingFilter::Customer(id, state))
        }
        (Role::Professional, professional, None)
            if own(professional.as_ref().map(ProfessionalId::as_str)) =>
        {
            let id = ProfessionalId::parse(&caller.id).map_err(|_| Failure::Absent)?;
            Ok(BookingFilter::Professional(id, state))
        }
        (Role::Customer | Role::Professional, professional, _) => {
            let field = if professional.is_some() { "professional_id" } else { "customer_id" };
            Err(Failure::field(field, "your own bookings are listed, and by no other party"))
        }
        (_, Some(_), Some(_)) => Err(Failure::field("customer_id", "name one party, not two")),
        (_, Some(id), None) => Ok(BookingFilter::Professional(id, state)),
        (_, None, Some(id)) => Ok(BookingFilter::Customer(id, state)),
        (_, None, None) => Ok(BookingFilter::All(state)),
    }
}

fn party<T>(
    parameters: &Parameters,
    name: &str,
    read: impl Fn(&str) -> Result<T, InvalidId>,
) -> Result<Option<T>, Failure> {
    let named = parameters.get(name).map(read).transpose();
    named.map_err(|error| Failure::field(name, error.to_string()))
}

fn state(parameters: &Parameters) -> Result<Option<BookingState>, Failure> {
    let Some(text) = parameters.get("status") else { return Ok(None) };
    let words = || BookingState::ALL.map(BookingState::as_str).join(", ");
    let wrong = || Failure::field("status", format!("expected one of {}", words()));
    BookingState::parse(text).map(Some).ok_or_else(wrong)
}
