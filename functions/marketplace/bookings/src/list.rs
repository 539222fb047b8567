//! Lists of bookings, each one query.

use axum::extract::State;
use shared::app::SharedApp;
use shared::auth::Caller;
use shared::domain::kernel::account::Role;
use shared::domain::kernel::id::InvalidId;
use shared::domain::kernel::party::{CustomerId, ProfessionalId};
use shared::domain::marketplace::booking::BookingStatus;
use shared::domain::marketplace::booking_record::BookingRecord;
use shared::http::query::{Parameters, cursor};
use shared::http::{Answer, Failure};
use shared::store::marketplace::booking::{BookingCursor, BookingFilter};
use shared::views::ListView;

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
    let shown = |row: BookingRecord| row.booking().map(|booking| show(&row, &booking, caller.role, policy));
    let data = rows.into_iter().filter_map(shown).collect();
    Ok(Answer::ok(ListView { data, next_cursor: next.as_ref().map(cursor) }))
}

/// Customers and professionals see their own bookings. Other roles see all, or filter by one party.
fn filter(caller: &Caller, parameters: &Parameters) -> Result<BookingFilter, Failure> {
    let status = status(parameters)?;
    let professional = party(parameters, "professional_id", ProfessionalId::parse)?;
    let customer = party(parameters, "customer_id", CustomerId::parse)?;
    let own = |named: Option<&str>| named.is_none_or(|named| named == caller.id);
    match (caller.role, professional, customer) {
        (Role::Customer, None, customer) if own(customer.as_ref().map(CustomerId::as_str)) => {
            let id = CustomerId::parse(&caller.id).map_err(|_| Failure::Absent)?;
            Ok(BookingFilter::Customer(id, status))
        }
        (Role::Professional, professional, None)
            if own(professional.as_ref().map(ProfessionalId::as_str)) =>
        {
            let id = ProfessionalId::parse(&caller.id).map_err(|_| Failure::Absent)?;
            Ok(BookingFilter::Professional(id, status))
        }
        (Role::Customer | Role::Professional, professional, _) => {
            let field = if professional.is_some() { "professional_id" } else { "customer_id" };
            Err(Failure::field(field, "your own bookings are listed, and by no other party"))
        }
        (_, Some(_), Some(_)) => Err(Failure::field("customer_id", "name one party, not two")),
        (_, Some(id), None) => Ok(BookingFilter::Professional(id, status)),
        (_, None, Some(id)) => Ok(BookingFilter::Customer(id, status)),
        (_, None, None) => Ok(BookingFilter::All(status)),
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

fn status(parameters: &Parameters) -> Result<Option<BookingStatus>, Failure> {
    let Some(text) = parameters.get("status") else { return Ok(None) };
    let words = || BookingStatus::ALL.map(BookingStatus::as_str).join(", ");
    let wrong = || Failure::field("status", format!("expected one of {}", words()));
    BookingStatus::parse(text).map(Some).ok_or_else(wrong)
}
