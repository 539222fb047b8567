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
    mut row: BookingRow,
    mut effects: Vec<Effect>,
) -> Result<BookingRow, Failure> {
    while !effects.is_empty() {
        for effect in effects {
            let now = app.clock.now();
            effects::perform_read(company, row.booking_id, effect, app.senders(), app.ids.next(), now)
                .await?;
        }
        let known = row.begun;
        row = company.booking(row.booking_id).await?;
        effects = unfinished(company, &row, |step, version| known.get(&step) == Some(&version)).await?;
    }
    Ok(row)
}

/// The steps that a request before this one began and did not finish.
pub(crate) async fn left(company: &Company, row: &BookingRow) -> Result<Vec<Effect>, Failure> {
    unfinished(company, row, |_, _| false).await
}

async fn unfinished(
    company: &Company,
    row: &BookingRow,
    is_known: impl Fn(shared::domain::booking::Step, u32) -> bool,
) -> Result<Vec<Effect>, Failure> {
    let mut effects = Vec::new();
    for (step, version) in row.begun.iter().filter(|(step, version)| !is_known(**step, **version)) {
        let operation = step.operation(row.booking_id, *version);
        let effect = company.action(row.booking_id, &operation).await?;
        effects.extend(effect.filter(|effect| !effect.state.is_final()));
    }
    Ok(effects)
}
