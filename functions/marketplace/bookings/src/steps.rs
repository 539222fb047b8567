//! Executes a booking's effects while the caller waits.

use shared::app::SharedApp;
use shared::domain::marketplace::booking_record::BookingRecord;
use shared::domain::platform::effect::Effect;
use shared::http::Failure;
use shared::store::Company;

/// Executes the effects of a decision and those that follow from their outcomes, such as the mail after the void.
/// Returns the booking afterwards; the sweep continues with unfinished effects.
pub(crate) async fn execute(
    app: &SharedApp,
    company: &Company,
    row: BookingRecord,
    steps: Vec<Effect>,
) -> Result<BookingRecord, Failure> {
    if steps.is_empty() {
        return Ok(row);
    }
    app.bookings(company.store()).perform_steps(company, row.booking_id, steps).await;
    Ok(company.booking(row.booking_id).await?)
}

/// The effects that an earlier attempt of the same request did not finish.
pub(crate) async fn unfinished(company: &Company, row: &BookingRecord) -> Result<Vec<Effect>, Failure> {
    let mut unfinished = Vec::new();
    for (step, version) in &row.started_steps {
        let step = company.action(row.booking_id, &step.operation(row.booking_id, *version)).await?;
        unfinished.extend(step.filter(|step| !step.status.is_final()));
    }
    Ok(unfinished)
}
