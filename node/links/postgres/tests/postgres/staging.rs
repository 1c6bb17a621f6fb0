//! The statements that a transfer makes by itself.

use peerflow_postgres::PostgresDatabase;
use peerflow_rows::{Column, Database as _, Dialect, Kind};

use crate::support::{Schema, load, read, row, rows_of, run, settings};

fn dialect() -> &'static dyn Dialect {
    PostgresDatabase::new(settings()).dialect()
}

#[tokio::test]
async fn rows_go_over_a_staging_table_into_one_that_numbers_and_generates() {
    let (schema, mut session) = Schema::new("staging").await;
    run(
        &mut session,
        "create table \"T\" (id int generated always as identity primary key, s serial, x text not null, \
         twice int generated always as (s * 2) stored)",
    )
    .await;
    let table = format!("{}.\"T\"", schema.name);
    let staging = dialect().staging_name(&table, "peerflow_staging_7");
    run(&mut session, &dialect().create_staging(&staging, &table)).await;
    let listed = run(
        &mut session,
        &dialect().list_staging(&table, "peerflow_staging_"),
    )
    .await;
    let name = format!("{}.\"peerflow_staging_7_T\"", schema.name);
    assert_eq!(rows_of(&listed.first_rows), [row(&[Some(&name)])]);
    let others = run(
        &mut session,
        &dialect().list_staging(&table, "peerflow%staging_"),
    )
    .await;
    assert_eq!(others.rows, Some(0));

    let columns = session.table(&table).await.unwrap().unwrap();
    assert_eq!(columns.len(), 3);
    let values: [Option<&[u8]>; 4] = [Some(b"10"), Some(b"20"), Some(b"x"), None];
    let kinds = [Kind::TEXT; 4];
    session.begin().await.unwrap();
    load(&mut session, &staging, &kinds, &[&values])
        .await
        .unwrap();
    run(&mut session, &dialect().delete_all(&table)).await;
    run(
        &mut session,
        &dialect().move_rows(&staging, &table, &columns),
    )
    .await;
    run(&mut session, &dialect().drop_table(&staging)).await;
    session.commit().await.unwrap();
    let (_, rows) = read(&mut session, &dialect().select_all(&table)).await;
    assert_eq!(
        rows,
        [row(&[Some("10"), Some("20"), Some("x"), Some("40")])]
    );
    schema.drop(session).await;
}

#[tokio::test]
async fn a_table_made_from_kinds_has_them_again() {
    let (schema, mut session) = Schema::new("made").await;
    let kinds = [
        Kind::Boolean,
        Kind::Integer {
            bits: 16,
            unsigned: false,
        },
        Kind::Integer {
            bits: 64,
            unsigned: false,
        },
        Kind::Decimal {
            precision: Some(38),
            scale: Some(10),
        },
        Kind::Decimal {
            precision: None,
            scale: None,
        },
        Kind::Float { bits: 32 },
        Kind::Float { bits: 64 },
        Kind::Date,
        Kind::Time { decimals: 3 },
        Kind::Timestamp { decimals: 0 },
        Kind::Instant { decimals: 6 },
        Kind::Text {
            characters: Some(10),
        },
        Kind::TEXT,
        Kind::Binary { bytes: None },
        Kind::Json,
    ];
    let columns: Vec<Column> = kinds
        .iter()
        .enumerate()
        .map(|(index, &kind)| Column {
            name: format!("Spalte \"{index}\""),
            kind,
            nullable: Some(index % 2 == 0),
        })
        .collect();
    run(&mut session, &dialect().create_table("made", &columns)).await;
    assert_eq!(session.table("made").await.unwrap().unwrap(), columns);
    schema.drop(session).await;
}
