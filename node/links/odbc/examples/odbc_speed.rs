//! Measures 200,000 rows of four columns into a database and out of it through a driver: `cargo run --release --features
//! odbc --example odbc_speed -- 'odbc:Driver={MariaDB Unicode};Server=127.0.0.1;Database=test;UID=root'`.

#[cfg(feature = "odbc")]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    speed::measure().await
}

#[cfg(not(feature = "odbc"))]
fn main() {}

#[cfg(feature = "odbc")]
mod speed {
    use std::sync::Arc;

    use peerflow_odbc::{OdbcDatabase, Settings};
    use peerflow_rows::{BatchBuilder, BatchSender, Column, Database as _, Kind, Target, batches};
    use tokio::time::Instant;

    const ROWS: u64 = 200_000;
    const TABLE: &str = "peerflow_odbc_speed";

    fn columns() -> Vec<Column> {
        let integer = Kind::Integer {
            bits: 64,
            unsigned: false,
        };
        let decimal = Kind::Decimal {
            precision: Some(12),
            scale: Some(2),
        };
        let text = Kind::Text {
            characters: Some(80),
        };
        vec![
            Column::new("a", integer),
            Column::new("b", decimal),
            Column::new("c", text),
            Column::new("d", Kind::Timestamp { decimals: 0 }),
        ]
    }

    async fn produce(sender: BatchSender) {
        let mut builder = BatchBuilder::new(4);
        for row in 0..ROWS {
            let values = [
                row.to_string(),
                format!("{row}.{:02}", row % 100),
                format!("some text about the order number {row}"),
                format!("2024-01-{:02} 10:00:{:02}", row % 28 + 1, row % 60),
            ];
            for value in &values {
                builder
                    .push(Some(value.as_bytes()))
                    .expect("rows are small");
            }
            if builder.is_full() && sender.send(builder.take()).await.is_err() {
                return;
            }
        }
        sender.send(builder.take()).await.ok();
    }

    fn peak() -> String {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmHWM"));
        line.unwrap_or_default().to_owned()
    }

    pub(super) async fn measure() -> Result<(), Box<dyn std::error::Error>> {
        let url = std::env::args()
            .nth(1)
            .ok_or("give the URL of a database")?;
        let database = OdbcDatabase::new(Settings::from_url(&url, None, None, &[])?, None);
        let mut session = database.connect().await?;
        let dialect = database.dialect();
        session.execute(&dialect.drop_table(TABLE), 0).await?;
        session
            .execute(&dialect.create_table(TABLE, &columns()), 0)
            .await?;
        let target = Target {
            table: TABLE.to_owned(),
            columns: columns(),
            source: columns(),
            progress: Arc::default(),
        };
        let (sender, receiver) = batches();
        session.begin().await?;
        let started = Instant::now();
        let (loaded, ()) = tokio::join!(session.load(&target, receiver), produce(sender));
        session.commit().await?;
        println!(
            "loaded {} rows in {:?}, {}",
            loaded?.rows,
            started.elapsed(),
            peak()
        );
        let query = dialect.select_all(TABLE);
        let described = session.describe(&query).await?;
        let (sender, mut receiver) = batches();
        let started = Instant::now();
        let count = async {
            let mut rows = 0;
            while let Some(batch) = receiver.recv().await {
                rows += batch.rows();
            }
            rows
        };
        let (read, counted) = tokio::join!(session.read(&query, &described, sender), count);
        println!(
            "read   {} of {counted} rows in {:?}, {}",
            read?,
            started.elapsed(),
            peak()
        );
        session.execute(&dialect.drop_table(TABLE), 0).await?;
        session.close().await;
        Ok(())
    }
}
