use peerflow_rows::Kind;

use super::{Bound, Rule};
use crate::declared::{Affinity, kind};

fn rule(declared: &str, source: Kind) -> Rule {
    Rule {
        name: "c".to_owned(),
        kind: kind(declared).unwrap_or(source),
        affinity: Affinity::of(declared),
        source,
    }
}

#[track_caller]
fn fits(declared: &str, value: &str, bound: Bound<'_>) {
    assert_eq!(
        rule(declared, Kind::TEXT).bind(value.as_bytes()),
        Ok(bound),
        "{declared} {value}"
    );
}

#[track_caller]
fn is_refused(declared: &str, value: &str) {
    let bound = rule(declared, Kind::TEXT).bind(value.as_bytes());
    assert!(bound.is_err(), "{declared} {value} became {bound:?}");
}

#[test]
fn what_is_no_number_is_kept_out_of_columns_of_numbers() {
    fits("INTEGER", "-9223372036854775808", Bound::Integer(i64::MIN));
    fits("INTEGER", " 5.00 ", Bound::Integer(5));
    for value in [
        "abc",
        "",
        "1.5",
        "1e3",
        "9223372036854775808",
        "0x10",
        "--1",
    ] {
        is_refused("INTEGER", value);
    }
    fits("DOUBLE", "1.5e300", Bound::Real(1.5e300));
    fits("DOUBLE", "-Infinity", Bound::Real(f64::NEG_INFINITY));
    for value in ["NaN", "inf", "1e999", "x"] {
        is_refused("DOUBLE", value);
    }
    fits("BOOLEAN", "TRUE", Bound::Integer(1));
    is_refused("BOOLEAN", "2");
}

#[test]
fn a_decimal_keeps_every_digit_or_is_refused() {
    fits("DECIMAL(10,2)", "1.10", Bound::Real(1.1));
    fits("DECIMAL(10,2)", "-5.00", Bound::Integer(-5));
    fits(
        "DECIMAL(20,0)",
        "9007199254740993",
        Bound::Integer(9_007_199_254_740_993),
    );
    is_refused("DECIMAL(20,2)", "123456789012345678.90");
    is_refused("DECIMAL(10,2)", "NaN");
    fits(
        "DECIMAL_TEXT(38,10)",
        "12345678901234567890.10",
        Bound::Text("12345678901234567890.10"),
    );
    is_refused("DECIMAL_TEXT(38,10)", "abc");
    fits(
        "DECIMAL_TEXT(38,10)",
        "-1.23456789012345678901e5",
        Bound::Rewritten("-123456.789012345678901".to_owned()),
    );
    fits("DECIMAL(10,2)", "1.1e1", Bound::Integer(11));
    fits("DECIMAL(10,2)", "1.25e1", Bound::Real(12.5));
    is_refused("DECIMAL(38,20)", "1.23456789012345678901e5");
    is_refused("DECIMAL_TEXT(38,10)", "1e999999999");
    let from_double = rule("DECIMAL_TEXT", Kind::Float { bits: 64 });
    assert_eq!(
        from_double.bind(b"1e-7"),
        Ok(Bound::Rewritten("0.0000001".to_owned()))
    );
}

#[test]
fn an_exact_number_is_not_rounded_to_a_double() {
    let decimal = Kind::Decimal {
        precision: None,
        scale: None,
    };
    let of_decimals = rule("DOUBLE", decimal);
    assert_eq!(of_decimals.bind(b"0.1"), Ok(Bound::Real(0.1)));
    assert!(of_decimals.bind(b"0.12345678901234567890").is_err());
    // Text into a column of doubles is meant as such.
    fits(
        "DOUBLE",
        "0.12345678901234567890",
        Bound::Real(0.123_456_789_012_345_68),
    );
}

#[test]
fn text_that_the_type_of_its_column_would_turn_into_another_is_refused() {
    fits("TEXT", "007", Bound::Text("007"));
    for value in [
        "007",
        "1.0",
        "1e3",
        " 7",
        "+7",
        "12345678901234567890123456789012",
    ] {
        is_refused("STRING", value);
    }
    for value in ["7", "-1.5", "0x10", "seven", ""] {
        fits("STRING", value, Bound::Text(value));
    }
    is_refused("JSON", "1.10");
    fits("JSON_TEXT", "1.10", Bound::Text("1.10"));
}

#[test]
fn text_has_to_be_a_date_and_dates_of_other_databases_are_kept_as_they_are() {
    fits("DATE", "2024-02-29", Bound::Text("2024-02-29"));
    is_refused("DATE", "2023-02-29");
    is_refused("DATETIME", "20240101");
    let zero = rule("DATE", Kind::Date).bind(b"0000-00-00");
    assert_eq!(zero, Ok(Bound::Text("0000-00-00")));
}

#[test]
fn bytes_that_are_no_text_fit_only_a_blob() {
    let binary = Kind::Binary { bytes: None };
    assert_eq!(
        rule("BLOB", binary).bind(b"\xff\x00"),
        Ok(Bound::Blob(b"\xff\x00"))
    );
    assert!(rule("TEXT", binary).bind(b"\xff").is_err());
}

#[test]
fn a_column_without_a_type_takes_each_value_as_what_it_was() {
    let integer = Kind::Integer {
        bits: 32,
        unsigned: false,
    };
    assert_eq!(rule("", integer).bind(b"5"), Ok(Bound::Integer(5)));
    assert_eq!(rule("", Kind::TEXT).bind(b"5"), Ok(Bound::Text("5")));
}
