//! The KPI counters equal a recount of the cases at every moment, because they are written together.

use std::collections::BTreeMap;

use crate::harness::invariant::{Invariant, Moment, must};
use crate::harness::rows::Row;

pub struct SumsAreRight;

/// Figures by company and day; zeros are left out.
type Sums<'a> = BTreeMap<(&'a str, &'a str, String), i64>;

impl Invariant for SumsAreRight {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        let (mut counted, mut recounted) = (Sums::new(), Sums::new());
        moment.after.of("KPI#").for_each(|row| add_counters(&mut counted, row));
        let cases = moment.after.of("CASE#").filter(|row| row.text("sk") == "CASE");
        cases.for_each(|case| add_case(&mut recounted, case));
        counted.retain(|_, sum| *sum != 0);
        recounted.retain(|_, sum| *sum != 0);
        must(counted == recounted, || format!("counted {counted:?}\n  recounted {recounted:?}"))
    }

    fn at_rest(&self, moment: &Moment<'_>) -> Result<(), String> {
        self.after_call(moment)
    }
}

fn add_counters<'a>(sums: &mut Sums<'a>, row: &'a Row) {
    let day = row.text("sk").split('#').next().unwrap_or_default();
    let names = row.0.as_object().into_iter().flatten().map(|(name, _)| name);
    for name in names {
        if let Some(number) = row.number(name) {
            *sums.entry((row.company(), day, name.clone())).or_default() += number;
        }
    }
}

fn add_case<'a>(sums: &mut Sums<'a>, case: &'a Row) {
    let day = case.text("first_failure_at").split('T').next().unwrap_or_default();
    let mut add = |name: String, number: i64| {
        *sums.entry((case.company(), day, name)).or_default() += number;
    };
    add("cases".to_owned(), 1);
    if case.number("amount").is_some() {
        add(format!("cases_{}", case.text("currency")), 1);
    }
    if case.text("status") == "recovered" {
        add("recoveries".to_owned(), 1);
        if let Some(amount) = case.number("recovered_amount") {
            let kept = amount - case.number("returned_amount").unwrap_or_default();
            add(format!("revenue_{}", case.text("recovered_currency")), kept);
        }
    }
}
