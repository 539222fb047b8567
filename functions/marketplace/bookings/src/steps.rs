//! The steps of a booking, taken while somebody waits for the answer.

use shared::app::SharedApp;
use shared::domain::platform::effect::Effect;
use shared::http::Failure;
use shared::store::Company;
use shared::store::marketplace::booking::BookingRow;

/// Takes the steps that a decision began, and those that follow from their ends, such as the mail once
/// the money is free. The booking as it stands after them; what did not end, the sweep takes up again.
pub(crate) async fn take(
    app: &SharedApp,
    company: &Company,
    row: BookingRow,
    steps: Vec<Effect>,
) -> Result<BookingRow, Failure> {
    if steps.is_empty() {
        return Ok(row);
    }
    app.bookings(company.store()).perform_steps(company, row.booking_id, steps).await;
    Ok(company.booking(row.booking_id).await?)
}

/// The steps that an earlier try of the same request began and did not finish.
pub(crate) async fn left(company: &Company, row: &BookingRow) -> Result<Vec<Effect>, Failure> {
    let mut left = Vec::new();
    for (step, version) in &row.begun {
        let step = company.action(row.booking_id, &step.operation(row.booking_id, *version)).await?;
        left.extend(step.filter(|step| !step.status.is_final()));
    }
    Ok(left)
}
