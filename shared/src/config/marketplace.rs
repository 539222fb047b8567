//! The settings of bookings and payouts.

use std::collections::BTreeMap;

use chrono::Duration;

use crate::domain::kernel::money::Currency;
use crate::domain::marketplace::booking::{FeeBasisPoints, Policy};
use crate::domain::marketplace::booking_record::BookingConfig;
use crate::domain::marketplace::calendar::PayoutCalendar;

/// The default time zone of the payout calendar.
const TIME_ZONE: &str = "America/Bogota";

/// Stripe's minimum payout to Colombia is 140 000 pesos (docs.stripe.com, cross-border payouts, special
/// requirements); smaller sums wait until they reach it.
const MINIMUM: &str = "cop=14000000";

/// The default platform fee: 15 %.
const FEE_BASIS_POINTS: u16 = 1_500;

/// The upper limit of every duration below: no card authorization lasts longer than a month.
const MAX_HOURS: i64 = 31 * 24;

/// A deployment's settings of bookings and payouts.
#[derive(Debug, Clone)]
pub struct Marketplace {
    /// The deadlines and the URL of the concierge.
    pub booking_config: BookingConfig,
    /// The platform's share of a price.
    pub fee: FeeBasisPoints,
    pub calendar: PayoutCalendar,
    /// The smallest payout per professional and batch, in minor units.
    pub payout_minimum: BTreeMap<Currency, i64>,
    /// Larger payouts need the approval of a second person, in minor units.
    pub payout_approval_above: BTreeMap<Currency, i64>,
}

impl Marketplace {
    pub(super) fn read(get: impl Fn(&str) -> Option<String>, mistakes: &mut Vec<String>) -> Self {
        let usual = Policy::default();
        let mut hours = |name: &str, usual: Duration| match get(name) {
            None => usual,
            Some(text) => {
                let hours = text.parse().ok().filter(|hours| (1..=MAX_HOURS).contains(hours));
                hours.map(Duration::hours).unwrap_or_else(|| {
                    mistakes.push(format!("{name}: expected hours from 1 to {MAX_HOURS}"));
                    usual
                })
            }
        };
        let policy = Policy {
            payment_window: hours("BOOKING_PAYMENT_HOURS", usual.payment_window),
            answer_window: hours("BOOKING_ANSWER_HOURS", usual.answer_window),
            hold_back: hours("PAYOUT_HOLD_BACK_HOURS", usual.hold_back),
            ..usual
        };
        let concierge_url = get("CONCIERGE_URL");
        if concierge_url.as_ref().is_some_and(|url| !url.starts_with("https://")) {
            mistakes.push("CONCIERGE_URL: expected a URL that begins with https://".to_owned());
        }
        let basis_points = match get("PLATFORM_FEE_BASIS_POINTS") {
            None => Some(FEE_BASIS_POINTS),
            Some(text) => text.parse().ok(),
        };
        let fee = basis_points.and_then(|fee| FeeBasisPoints::new(fee).ok()).unwrap_or_else(|| {
            mistakes.push("PLATFORM_FEE_BASIS_POINTS: expected a number from 0 to 10000".to_owned());
            FeeBasisPoints::default()
        });
        let zone = get("PAYOUT_TIME_ZONE").unwrap_or_else(|| TIME_ZONE.to_owned());
        let calendar = PayoutCalendar::new(&zone).unwrap_or_else(|error| {
            mistakes.push(format!("PAYOUT_TIME_ZONE: {error}"));
            PayoutCalendar::utc()
        });
        let minimum = get("PAYOUT_MINIMUM").unwrap_or_else(|| MINIMUM.to_owned());
        let payout_minimum = amounts("PAYOUT_MINIMUM", &minimum, mistakes);
        let above = get("PAYOUT_APPROVAL_ABOVE").unwrap_or_default();
        let payout_approval_above = amounts("PAYOUT_APPROVAL_ABOVE", &above, mistakes);
        let booking_config = BookingConfig { policy, concierge_url };
        Self { booking_config, fee, calendar, payout_minimum, payout_approval_above }
    }
}

/// Parses `usd=1000,cop=14000000`: minor units by currency.
fn amounts(name: &str, text: &str, mistakes: &mut Vec<String>) -> BTreeMap<Currency, i64> {
    let mut amounts = BTreeMap::new();
    for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let read = entry.split_once('=').and_then(|(currency, amount)| {
            let amount = amount.trim().parse().ok().filter(|amount: &i64| *amount >= 0)?;
            Some((Currency::parse(currency.trim()).ok()?, amount))
        });
        match read {
            Some((currency, amount)) => drop(amounts.insert(currency, amount)),
            None => mistakes.push(format!("{name}: expected entries such as usd=1000, in minor units")),
        }
    }
    amounts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[(&str, &str)]) -> (Marketplace, Vec<String>) {
        let mut mistakes = Vec::new();
        let get = |name: &str| {
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let read = Marketplace::read(get, &mut mistakes);
        (read, mistakes)
    }

    #[test]
    fn by_default_days_are_those_of_bogota_and_pesos_have_a_minimum() {
        let (marketplace, mistakes) = read(&[]);
        assert_eq!(mistakes, [""; 0]);
        assert_eq!(marketplace.calendar.zone_name(), "America/Bogota");
        assert_eq!(marketplace.payout_minimum.get(&Currency::parse("cop").unwrap()), Some(&14_000_000));
        assert_eq!(marketplace.booking_config.policy, Policy::default());
        assert_eq!(marketplace.fee.get(), 1_500);
    }

    #[test]
    fn every_mistake_is_named() {
        let (_, mistakes) = read(&[
            ("BOOKING_ANSWER_HOURS", "0"),
            ("PAYOUT_HOLD_BACK_HOURS", "soon"),
            ("PLATFORM_FEE_BASIS_POINTS", "10001"),
            ("PAYOUT_TIME_ZONE", "Bogota"),
            ("PAYOUT_MINIMUM", "usd:10"),
            ("PAYOUT_APPROVAL_ABOVE", "usd=-1"),
            ("CONCIERGE_URL", "example.com"),
        ]);
        assert_eq!(mistakes.len(), 7, "{mistakes:?}");
    }

    #[test]
    fn what_is_set_is_taken() {
        let (marketplace, mistakes) = read(&[
            ("BOOKING_ANSWER_HOURS", "48"),
            ("PAYOUT_MINIMUM", "usd=1000, cop=0"),
            ("PLATFORM_FEE_BASIS_POINTS", "0"),
        ]);
        assert_eq!(mistakes, [""; 0]);
        assert_eq!(marketplace.booking_config.policy.answer_window, Duration::hours(48));
        assert_eq!(marketplace.payout_minimum.len(), 2);
        assert_eq!(marketplace.fee.get(), 0);
    }
}
