//! The currencies that cards are charged in, and their smallest steps.

use crate::kernel::money::Currency;

/// Stripe's presentment currencies. Source: docs.stripe.com/currencies. Any other code must be refused with the
/// request, because Stripe would refuse it only after the booking was confirmed to the customer.
const CHARGEABLE: &str = "\
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf \
    chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg \
    huf idr ils inr iqd isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd \
    mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd \
    rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx usd uyu uzs \
    vnd vuv wst xaf xcd xof xpf yer zar zmw";

/// Currencies with three decimals, of which the card networks accept two.
const TENS: [&str; 6] = ["bhd", "iqd", "jod", "kwd", "omr", "tnd"];
/// Currencies without decimals that Stripe still represents with two.
const HUNDREDS: [&str; 2] = ["isk", "ugx"];

/// Whether cards can be charged in this currency.
pub fn is_chargeable(currency: &Currency) -> bool {
    CHARGEABLE.split_ascii_whitespace().any(|code| code == currency.as_str())
}

/// Every amount at Stripe is a multiple of this, in minor units.
pub fn step_amount(currency: &Currency) -> i64 {
    match currency.as_str() {
        code if TENS.contains(&code) => 10,
        code if HUNDREDS.contains(&code) => 100,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_code_is_three_letters_and_listed_once() {
        let codes: Vec<&str> = CHARGEABLE.split_ascii_whitespace().collect();
        assert!(codes.iter().all(|code| Currency::parse(code).is_ok_and(|read| read.as_str() == *code)));
        assert!(codes.is_sorted_by(|a, b| a < b));
        assert!(TENS.iter().chain(&HUNDREDS).all(|code| codes.contains(code)));
    }

    #[test]
    fn pesos_have_cents_at_stripe() {
        let cop = Currency::parse("cop").unwrap();
        assert_eq!((is_chargeable(&cop), cop.exponent(), step_amount(&cop)), (true, 2, 1));
    }
}
