use super::*;

fn written(rule: Rule, value: &str) -> Result<String, String> {
    let mut out = Vec::new();
    rule.write(value.as_bytes(), &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn what_means_something_to_copy_is_escaped() {
    assert_eq!(
        written(Rule::AsIs, "a\\N\tb\r\n订").unwrap(),
        "a\\\\N\\tb\\r\\n订"
    );
    assert_eq!(written(Rule::Hexadecimal, "\0a\n").unwrap(), "\\\\x00610a");
    assert!(written(Rule::AsIs, "a\0b").unwrap_err().contains("0x00"));
}

#[test]
fn numbers_are_not_rounded_in_silence() {
    assert!(
        written(Rule::Decimals(2), "1.239")
            .unwrap_err()
            .contains("1.239")
    );
    assert_eq!(written(Rule::Decimals(2), "1.230").unwrap(), "1.230");
    assert_eq!(written(Rule::Whole, "5.00").unwrap(), "5");
    assert_eq!(
        written(Rule::Whole, "5.01").unwrap(),
        "5.01",
        "the server refuses it"
    );
}

#[test]
fn dates_and_times_lose_nothing_in_silence() {
    assert!(
        written(Rule::Date, "0000-00-00")
            .unwrap_err()
            .contains("NULL")
    );
    assert!(written(Rule::Timestamp(6), "0000-00-00 00:00:00").is_err());
    assert!(written(Rule::Date, "2026-01-01 00:00:01").is_err());
    assert!(written(Rule::Date, "2026-01-01 00:00:00.000+08:00").is_ok());
    assert!(written(Rule::Timestamp(3), "2026-01-01 00:00:00.1234+00:00").is_err());
    assert!(written(Rule::Timestamp(3), "2026-01-01 00:00:00.123000+00:00").is_ok());
}

#[test]
fn an_offset_is_not_dropped_where_the_column_keeps_none() {
    let column = |kind| Column::new("at", kind);
    let local = column(Kind::Timestamp { decimals: 6 });
    let of_text = rule(&column(Kind::TEXT), &local).unwrap();
    let of_instant = rule(&column(Kind::Instant { decimals: 6 }), &local).unwrap();
    for rule in [of_text, of_instant] {
        let error = written(rule, "2026-01-01 00:00:00+08").unwrap_err();
        assert!(error.contains("+08"), "{error}");
        written(rule, "2026-01-01 00:00:00+00:00").unwrap();
    }
    let time = column(Kind::Time { decimals: 6 });
    let rule = rule(&column(Kind::TEXT), &time).unwrap();
    written(rule, "10:00:00+02").unwrap_err();
    written(rule, "10:00:00").unwrap();
}

#[test]
fn a_decimal_is_not_rounded_to_a_binary_fraction() {
    let decimal = Column::new(
        "n",
        Kind::Decimal {
            precision: None,
            scale: None,
        },
    );
    let double = Column::new("n", Kind::Float { bits: 64 });
    let rule = rule(&decimal, &double).unwrap();
    written(rule, "0.1").unwrap();
    written(rule, "Infinity").unwrap();
    written(rule, "0.12345678901234567890").unwrap_err();
}

#[test]
fn a_table_made_for_nine_decimals_of_a_second_keeps_six() {
    let column = Column::new("at", Kind::Timestamp { decimals: 9 });
    let rule = rule(&column, &column).unwrap();
    assert!(written(rule, "2026-01-01 00:00:00.123456789").is_err());
    assert!(written(rule, "2026-01-01 00:00:00.123456000").is_ok());
}

#[test]
fn text_is_not_cut_in_silence() {
    assert!(
        written(Rule::Characters(3), "ab  ").is_err(),
        "the server drops such blanks"
    );
    assert_eq!(written(Rule::Characters(3), "订订订").unwrap(), "订订订");
}
