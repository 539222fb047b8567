//! The steps of a booking, performed while somebody waits for the answer.

use shared::app::SharedApp;
use shared::domain::effect::Effect;
use shared::effects;
use shared::http::Failure;
use shared::store::Company;
use shared::store::booking::BookingRow;

/// Performs the steps that a decision began, and those that follow from their ends, such as the mail
/// once the money is free. The booking as it stands after them. Whatever is not performed here, the
/// sweep finds.
pub(crate) async fn perform(
    app: &SharedApp,
    company: &Company,
    row: BookingRow,
    mut steps: Vec<Effect>,
) -> Result<BookingRow, Failure> {
    if steps.is_empty() {
        return Ok(row);
    }
    while let Some(step) = steps.pop() {
        let (senders, now) = (app.senders(), app.clock.now());
        let id = row.booking_id;
        let performed = effects::perform(company, id, step, senders, app.ids.next(), now).await?;
        steps.extend(performed.next);
    }
    Ok(company.booking(row.booking_id).await?)
}

/// The steps that an earlier try of the same request began and did not finish.
pub(crate) async fn left(company: &Company, row: &BookingRow) -> Result<Vec<Effect>, Failure> {
    let mut left = Vec::new();
    for (step, version) in &row.begun {
        let step = company.action(row.booking_id, &step.operation(row.booking_id, *version)).await?;
        left.extend(step.filter(|step| !step.state.is_final()));
    }
    Ok(left)
}
