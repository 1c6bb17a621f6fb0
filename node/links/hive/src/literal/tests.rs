//! Values that fit, and values that do not.

use super::*;

const LONG: Kind = Kind::Integer {
    bits: 64,
    unsigned: false,
};
const TINY: Kind = Kind::Integer {
    bits: 8,
    unsigned: false,
};
const MONEY: Kind = Kind::Decimal {
    precision: Some(5),
    scale: Some(2),
};
const DOUBLE: Kind = Kind::Float { bits: 64 };
const TIMESTAMP: Kind = Kind::Timestamp { decimals: 6 };

fn written(product: Product, source: Kind, target: Kind, value: &[u8]) -> Result<String, String> {
    let field = Field {
        source,
        target,
        product,
    };
    let mut out = Vec::new();
    field.write(value, &mut out)?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

#[test]
fn values_stand_in_sql_as_each_server_takes_them() {
    let instant = Kind::Instant { decimals: 6 };
    for (product, source, target, value, sql) in [
        (Product::Spark, LONG, Kind::Boolean, "1", "true"),
        (Product::Spark, DOUBLE, LONG, "1.5e3", "1500"),
        (
            Product::Spark,
            LONG,
            LONG,
            "-9223372036854775808",
            "-9223372036854775808",
        ),
        (
            Product::Spark,
            MONEY,
            MONEY,
            "-123.4500",
            "CAST('-123.45' AS DECIMAL(5,2))",
        ),
        (Product::Hive, MONEY, MONEY, "12.00", "'12'"),
        (Product::Spark, DOUBLE, DOUBLE, "0.1", "1e-1D"),
        (
            Product::Spark,
            DOUBLE,
            DOUBLE,
            "NaN",
            "CAST('NaN' AS DOUBLE)",
        ),
        (
            Product::Spark,
            Kind::Date,
            Kind::Date,
            "2024-02-29",
            "DATE'2024-02-29'",
        ),
        (
            Product::Spark,
            instant,
            TIMESTAMP,
            "2024-02-29 01:02:03.5+00:00",
            "TIMESTAMP'2024-02-29 01:02:03.5+00:00'",
        ),
        (
            Product::Hive,
            instant,
            TIMESTAMP,
            "2024-02-29 01:02:03+00:00",
            "'2024-02-29 01:02:03'",
        ),
        (
            Product::Impala,
            Kind::TEXT,
            TIMESTAMP,
            "2024-02-29",
            "CAST('2024-02-29 00:00:00' AS TIMESTAMP)",
        ),
        (Product::Spark, Kind::TEXT, Kind::TEXT, "a'b", "'a\\'b'"),
        (
            Product::Hive,
            Kind::TEXT,
            Kind::Binary { bytes: None },
            "a\u{1}",
            "unhex('6101')",
        ),
    ] {
        let told = written(product, source, target, value.as_bytes());
        assert_eq!(told.as_deref(), Ok(sql), "{value}");
    }
}

#[test]
fn what_does_not_fit_is_refused_and_never_changed() {
    for (target, value) in [
        (TINY, "128"),
        (TINY, "-129"),
        (LONG, "1.5"),
        (LONG, "9223372036854775808"),
        (LONG, "NaN"),
        (LONG, ""),
        (LONG, "1); DROP TABLE t"),
        (MONEY, "1.234"),
        (MONEY, "1000"),
        (MONEY, "1'2"),
        (DOUBLE, "1e400"),
        (Kind::Float { bits: 32 }, "1e39"),
        (Kind::Boolean, "2"),
        (Kind::Date, "0000-00-00"),
        (Kind::Date, "2024-01-01 00:00:01"),
        (TIMESTAMP, "2024-01-01 00:00:00.1234567"),
        (
            Kind::Text {
                characters: Some(2),
            },
            "订订订",
        ),
    ] {
        let told = written(Product::Spark, Kind::TEXT, target, value.as_bytes());
        assert!(told.is_err(), "{value}: {told:?}");
    }
    assert!(written(Product::Spark, Kind::TEXT, Kind::TEXT, b"\xff").is_err());
}

#[test]
fn a_zone_other_than_utc_is_refused_where_the_column_keeps_none() {
    let of = |value: &[u8]| written(Product::Hive, Kind::TEXT, TIMESTAMP, value);
    let told = of(b"2024-02-29 01:02:03+00:00");
    assert_eq!(told.as_deref(), Ok("'2024-02-29 01:02:03'"));
    let told = of(b"2024-02-29 01:02:03+08:00");
    assert!(told.unwrap_err().contains("zone"));
}

#[test]
fn digits_that_a_float_does_not_keep_are_not_dropped() {
    let single = Kind::Float { bits: 32 };
    written(Product::Spark, DOUBLE, single, b"0.30000000000000004").unwrap_err();
    written(Product::Spark, DOUBLE, single, b"0.1").unwrap();
    let exact = [
        (MONEY, "0.12345678901234567890"),
        (LONG, "9007199254740993"),
    ];
    for (source, value) in exact {
        written(Product::Spark, source, DOUBLE, value.as_bytes()).unwrap_err();
        written(Product::Spark, Kind::TEXT, DOUBLE, value.as_bytes()).unwrap();
    }
}
