//! Reads a table of ten columns and loads a part of it again, for a figure in rows and time.
//!
//! `cargo run --release -p peerflow-hive --example speed [rows] [rows to load]`, with the server of `PEERFLOW_TEST_HIVE`
//! (`hive2://host:port`), of which `scripts/services spark` starts one. The table is written to it first.

use std::sync::Arc;

use anyhow::{Context, Result};
use peerflow_hive::{HiveDatabase, Settings};
use peerflow_rows::{Column, Database, Session, Target, batches};
use tokio::time::Instant;

const TABLE: &str = "STORED AS PARQUET AS SELECT id, CAST(id * 7919 % 1000003 AS INT) AS n, \
    CAST(id * 37 % 100000000 / 100 AS DECIMAL(14,2)) AS amount, id / 7D AS ratio, id % 2 = 0 AS flag, \
    concat('person ', id) AS name, IF(id % 17 = 0, NULL, concat('note ', md5(CAST(id AS STRING)))) AS note, \
    date_add(DATE'2000-01-01', CAST(id % 9000 AS INT)) AS day, \
    TIMESTAMP'2020-01-01 00:00:00.123' + make_dt_interval(0, 0, 0, id) AS at, lpad(id, 12, 'c') AS code FROM range";

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise| match arguments.next() {
        Some(text) => text.parse::<u64>().context("a number of rows"),
        None => Ok(otherwise),
    };
    let (rows, to_load) = (number(1_000_000)?, number(100_000)?);
    let url = std::env::var("PEERFLOW_TEST_HIVE").context("PEERFLOW_TEST_HIVE is not set")?;
    let (host, port) = url
        .strip_prefix("hive2://")
        .and_then(|place| place.split_once(':'))
        .context("PEERFLOW_TEST_HIVE is hive2://host:port")?;
    let mut settings = Settings::new(host);
    settings.port = port.parse().context("the port")?;
    let database = HiveDatabase::new(settings)?;
    let mut source = database.connect().await?;
    for statement in [
        "DROP TABLE IF EXISTS speed",
        "DROP TABLE IF EXISTS speed_copy",
        &format!("CREATE TABLE speed {TABLE}({rows})"),
        "CREATE TABLE speed_copy LIKE speed",
    ] {
        source.execute(statement, 0).await?;
    }
    read(&mut *source).await?;
    let mut target = database.connect().await?;
    copy(&mut *source, &mut *target, to_load).await?;
    for table in ["speed", "speed_copy"] {
        source.execute(&format!("DROP TABLE {table}"), 0).await?;
    }
    Ok(())
}

async fn read(session: &mut dyn Session) -> Result<()> {
    let query = "SELECT * FROM speed";
    let columns = session.describe(query).await?;
    let (sender, mut receiver) = batches();
    let began = Instant::now();
    let taking = async {
        let mut bytes = 0;
        while let Some(batch) = receiver.recv().await {
            bytes += batch.size();
        }
        bytes
    };
    let (rows, bytes) = tokio::join!(session.read(query, &columns, sender), taking);
    report("read", rows?, began);
    println!("{bytes} bytes of values; {}", memory()?);
    Ok(())
}

async fn copy(source: &mut dyn Session, target: &mut dyn Session, rows: u64) -> Result<()> {
    let query = format!("SELECT * FROM speed LIMIT {rows}");
    let columns: Vec<Column> = source.describe(&query).await?;
    let into = Target {
        table: "speed_copy".to_owned(),
        columns: target.table("speed_copy").await?.context("the table")?,
        source: columns.clone(),
        progress: Arc::default(),
    };
    let (sender, receiver) = batches();
    let began = Instant::now();
    let (read, loaded) = tokio::join!(
        source.read(&query, &columns, sender),
        target.load(&into, receiver)
    );
    let loaded = loaded?.rows;
    anyhow::ensure!(read? == loaded, "not all rows were loaded");
    report("loaded", loaded, began);
    println!("{}", memory()?);
    Ok(())
}

fn report(what: &str, rows: u64, began: Instant) {
    println!(
        "{what} {rows} rows in {:.2} s",
        began.elapsed().as_secs_f64()
    );
}

/// The most memory that was held.
fn memory() -> Result<String> {
    let status = std::fs::read_to_string("/proc/self/status").context("no /proc")?;
    let peak = status.lines().find(|line| line.starts_with("VmHWM"));
    Ok(peak.unwrap_or_default().to_owned())
}
