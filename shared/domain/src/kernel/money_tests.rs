use super::*;

fn minor(text: &str, currency: &str) -> Result<i64, InvalidMoney> {
    Money::from_provider_float(text, Currency::parse(currency)?).map(|money| money.amount)
}

#[test]
fn major_units_become_minor_units_by_the_currency() {
    assert_eq!(minor("19.99", "USD"), Ok(1999));
    assert_eq!(minor("19.9", "usd"), Ok(1990));
    assert_eq!(minor("19", "usd"), Ok(1900));
    assert_eq!(minor("19.990", "usd"), Ok(1999));
    assert_eq!(minor("1900", "jpy"), Ok(1900));
    assert_eq!(minor("1900.0", "jpy"), Ok(1900));
    assert_eq!(minor("1.234", "kwd"), Ok(1234));
    assert_eq!(minor("10000", "cop"), Ok(1_000_000));
    assert_eq!(minor("-5", "usd"), Ok(-500));
    assert_eq!(minor("0", "usd"), Ok(0));
    assert_eq!(minor("0.00", "jpy"), Ok(0));
    assert_eq!(minor("1.9e1", "usd"), Ok(1900));
    assert_eq!(minor("0.07", "usd"), Ok(7));
}

#[test]
fn rounding_errors_of_binary_floats_differ_from_true_fractions() {
    for (text, currency, expected) in [
        ("29.990000000000002", "usd", 2999),
        ("29.989999999999998", "usd", 2999),
        ("-29.989999999999998", "usd", -2999),
        ("2.9990000000000002e1", "usd", 2999),
        ("299.90000000000002E-1", "usd", 2999),
        ("0.30000000000000004", "usd", 30),
        ("17.000000000000004", "jpy", 17),
        ("1.2339999999999998", "kwd", 1234),
        ("123456789.98999999", "usd", 12_345_678_999),
        ("1234567.8900000001", "usd", 123_456_789),
        ("1.1102230246251565e-16", "usd", 0),
        ("29.99", "usd", 2999),
    ] {
        assert_eq!(minor(text, currency), Ok(expected), "{text} {currency}");
    }
    for text in ["29.999", "29.995", "29.9901", "0.001", "29.99999", "29.985", "1e-3", "2.9991e1"] {
        assert_eq!(minor(text, "usd"), Err(InvalidMoney::Precision), "{text}");
    }
    assert_eq!(minor("0.5", "jpy"), Err(InvalidMoney::Precision));
    assert_eq!(minor("1,5", "usd"), Err(InvalidMoney::Amount));
}

#[test]
fn what_single_precision_makes_of_an_amount_is_read_as_that_amount() {
    assert_eq!(minor("29.989999771118164", "usd"), Ok(2999));
    assert_eq!(minor("29.99000015258789", "usd"), Ok(2999));
    for cents in (1..833_333_i64).step_by(7) {
        let single = f64::from((cents as f64 / 100.0) as f32);
        assert_eq!(minor(&single.to_string(), "usd"), Ok(cents), "{single}");
    }
}

#[test]
fn absurd_amounts_are_refused() {
    assert_eq!(minor("19.999", "usd"), Err(InvalidMoney::Precision));
    assert_eq!(minor("0.5", "jpy"), Err(InvalidMoney::Precision));
    assert_eq!(minor("92233720368547758.08", "usd"), Err(InvalidMoney::Range));
    assert_eq!(minor("10000000000000.01", "usd"), Err(InvalidMoney::Range));
    assert_eq!(minor("10000000000000", "usd"), Ok(MAX_AMOUNT));
    for wrong in ["1e400", "1e-2147483648", "1e2147483647"] {
        assert_eq!(minor(wrong, "usd"), Err(InvalidMoney::Range), "{wrong}");
    }
    for wrong in ["", ".", "-", "1,5", "NaN", "1.2.3", "0x10", " 1", "1e", "e5", "--1", "١"] {
        assert_eq!(minor(wrong, "usd"), Err(InvalidMoney::Amount), "{wrong}");
    }
    for wrong in ["", "us", "usdt", "u$d", "üsd"] {
        assert_eq!(Currency::parse(wrong), Err(InvalidMoney::Currency), "{wrong}");
    }
}
