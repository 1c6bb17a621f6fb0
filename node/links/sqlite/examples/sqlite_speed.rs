//! Measures a million rows of ten mixed columns into a file and out of it: `cargo run --release --example sqlite_speed`.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use peerflow_rows::{
    BatchBuilder, BatchReceiver, BatchSender, Column, Database as _, Dialect as _, Kind, Target,
    batches,
};
use peerflow_sqlite::{Access, Settings, SqliteDatabase, SqliteDialect};
use tokio::time::Instant;

const ROWS: u64 = 1_000_000;

fn columns() -> Vec<Column> {
    let integer = Kind::Integer {
        bits: 64,
        unsigned: false,
    };
    let decimal = Kind::Decimal {
        precision: Some(12),
        scale: Some(2),
    };
    let kinds = [
        integer,
        Kind::Integer {
            bits: 32,
            unsigned: false,
        },
        decimal,
        Kind::Float { bits: 64 },
        Kind::Text {
            characters: Some(40),
        },
        Kind::Text {
            characters: Some(200),
        },
        Kind::Date,
        Kind::Timestamp { decimals: 0 },
        Kind::Boolean,
        Kind::TEXT,
    ];
    let column = |(index, kind)| Column::new(format!("c{index}"), kind);
    kinds.into_iter().enumerate().map(column).collect()
}

async fn produce(sender: BatchSender) {
    let mut builder = BatchBuilder::new(10);
    for row in 0..ROWS {
        let values = [
            row.to_string(),
            (row % 1000).to_string(),
            format!("{}.{:02}", row * 7 % 100_000, row % 100),
            format!("{}", row as f64 / 7.0),
            format!("customer {row}"),
            format!("some longer text about the order number {row}"),
            format!("2024-{:02}-{:02}", row % 12 + 1, row % 28 + 1),
            format!(
                "2024-01-{:02} 10:{:02}:{:02}",
                row % 28 + 1,
                row % 60,
                row % 60
            ),
            (row % 2).to_string(),
        ];
        for value in &values {
            builder
                .push(Some(value.as_bytes()))
                .expect("rows are small");
        }
        builder
            .push((row % 3 == 0).then_some(&b"note"[..]))
            .expect("rows are small");
        if builder.is_full() && sender.send(builder.take()).await.is_err() {
            return;
        }
    }
    sender.send(builder.take()).await.ok();
}

/// The sum of all rows and bytes.
async fn consume(mut receiver: BatchReceiver) -> (usize, usize) {
    let mut sum = (0, 0);
    while let Some(batch) = receiver.recv().await {
        sum = (sum.0 + batch.rows(), sum.1 + batch.size());
    }
    sum
}

fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.unwrap_or_default().to_owned()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let mut settings = Settings::new(folder.path().join("speed.db"));
    settings.access = Access::Create;
    let mut session = SqliteDatabase::new(settings).connect().await?;
    session
        .execute(&SqliteDialect.create_table("t", &columns()), 0)
        .await?;
    let target = Target {
        table: "t".to_owned(),
        columns: columns(),
        source: columns(),
        progress: Arc::new(AtomicU64::new(0)),
    };
    for _ in 0..3 {
        let (sender, receiver) = batches();
        let started = Instant::now();
        tokio::join!(produce(sender), consume(receiver));
        println!("made    {ROWS} rows in {:?}", started.elapsed());
        let (sender, receiver) = batches();
        session.execute("DELETE FROM t", 0).await?;
        session.begin().await?;
        let started = Instant::now();
        let mut set = tokio::task::JoinSet::new();
        set.spawn(produce(sender));
        let loaded = session.load(&target, receiver).await?;
        session.commit().await?;
        println!(
            "loaded  {} rows in {:?}, {}",
            loaded.rows,
            started.elapsed(),
            peak()
        );
        let described = session.describe("SELECT * FROM t").await?;
        let (sender, receiver) = batches();
        let started = Instant::now();
        let (read, sum) = tokio::join!(
            session.read("SELECT * FROM t", &described, sender),
            consume(receiver)
        );
        println!(
            "read    {} rows in {:?}, {sum:?}, {}",
            read?,
            started.elapsed(),
            peak()
        );
    }
    session.close().await;
    Ok(())
}
