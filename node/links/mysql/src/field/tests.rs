use super::*;

/// MySQL takes an offset for one to be told in the zone of the session; MariaDB refuses it.
#[test]
fn an_offset_is_refused_where_the_column_keeps_none() {
    let wire = WireColumn::new(ColumnType::MYSQL_TYPE_DATETIME);
    let source = Column::new("at", Kind::TEXT);
    let field = Field::new(&source, &wire, Vec::new(), Zone::UTC);
    let mut space = Vec::new();
    for (value, written) in [
        ("2026-01-01 10:00:00+00:00", Some("2026-01-01 10:00:00")),
        ("2026-01-01 10:00:00", Some("2026-01-01 10:00:00")),
        ("2026-01-01 10:00:00+08:00", None),
        ("2026-01-01 10:00:00-03:30", None),
    ] {
        let found = field.write(value.as_bytes(), &mut space).ok();
        assert_eq!(found, written.map(str::as_bytes), "{value}");
    }
}
