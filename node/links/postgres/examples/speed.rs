//! How fast a million rows of ten columns go in and out, beside `psql` and COPY in the same run. By hand:
//! `cargo run --release -p peerflow-postgres --example speed [memory]`, with `PEERFLOW_TEST_POSTGRES` and `PGSSLMODE` as for
//! `psql`, whose medians of five runs stand beside ours. With `memory`, the rows go from table to table once, and the most
//! memory that took is shown.

#![expect(
    clippy::unwrap_used,
    reason = "figures by hand: a failure ends the run"
)]

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use peerflow_postgres::{PostgresDatabase, Settings};
use peerflow_rows::{Database as _, RowBatch, Session, Target, batches};
use tokio::process::Command;
use tokio::time::Instant;

const RUNS: usize = 5;
const SOURCE: &str = "peerflow_speed_source";
const TARGET: &str = "peerflow_speed_target";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let url = std::env::var("PEERFLOW_TEST_POSTGRES")
            .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
        let database = PostgresDatabase::new(settings(&url));
        let mut session = database.connect().await.unwrap();
        make_source(&mut session).await;
        if std::env::args().any(|argument| argument == "memory") {
            let mut reader = database.connect().await.unwrap();
            make_target(&mut session).await;
            let took = from_table_to_table(&mut reader, &mut session).await;
            println!("table to table {:.2} s", took.as_secs_f64());
            println!("{}", most_memory());
        } else {
            compare(&url, &mut session).await;
        }
        for table in [SOURCE, TARGET] {
            let sql = format!("DROP TABLE IF EXISTS {table}");
            session.execute(&sql, 0).await.unwrap();
        }
    });
}

fn settings(url: &str) -> Settings {
    let config: tokio_postgres::Config = url.parse().unwrap();
    let mode = std::env::var("PGSSLMODE").unwrap_or_else(|_| "prefer".to_owned());
    Settings {
        host: match &config.get_hosts()[0] {
            tokio_postgres::config::Host::Tcp(host) => host.clone(),
            tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
        },
        port: config
            .get_ports()
            .first()
            .copied()
            .unwrap_or(Settings::PORT),
        database: config.get_dbname().unwrap_or_default().to_owned(),
        user: config.get_user().unwrap_or_default().to_owned(),
        password: String::from_utf8_lossy(config.get_password().unwrap_or_default()).into_owned(),
        properties: vec![("sslmode".to_owned(), mode)],
        connect_timeout: Settings::CONNECT_TIMEOUT,
    }
}

async fn make_source(session: &mut Box<dyn Session>) {
    for sql in [
        format!("DROP TABLE IF EXISTS {SOURCE}"),
        format!(
            "CREATE TABLE {SOURCE} (id bigint, kind smallint, amount numeric(12,2), rate double precision, \
             paid boolean, day date, at timestamp, seen timestamptz, name varchar(40), note text)"
        ),
        format!(
            "INSERT INTO {SOURCE} SELECT n, n % 100, (n::bigint * 7919 % 100000000) / 100.0, sqrt(n), n % 3 = 0, \
             date '2020-01-01' + n % 2000, timestamp '2020-01-01' + n * interval '1.000001 s', \
             timestamptz '2020-01-01 00:00:00+00' + n * interval '7 s', 'customer ' || n % 5000, \
             CASE WHEN n % 10 = 0 THEN NULL WHEN n % 97 = 0 THEN E'a\\ttab, \"quotes\"\\nand 订单' \
             ELSE 'note of row ' || n END FROM generate_series(1, 1000000) n"
        ),
        format!("ANALYZE {SOURCE}"),
    ] {
        session.execute(&sql, 0).await.unwrap();
    }
}

async fn make_target(session: &mut Box<dyn Session>) {
    for sql in [
        format!("DROP TABLE IF EXISTS {TARGET}"),
        format!("CREATE TABLE {TARGET} (LIKE {SOURCE})"),
        "CHECKPOINT".to_owned(),
    ] {
        session.execute(&sql, 0).await.unwrap();
    }
}

async fn compare(url: &str, session: &mut Box<dyn Session>) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let export = format!("COPY {SOURCE} TO STDOUT");
    psql(url, &export, Stdio::null(), file.reopen().unwrap().into()).await;
    println!(
        "text of the table: {} MB",
        file.as_file().metadata().unwrap().len() / 1_000_000
    );
    let mut rows = Vec::new();
    let mut times: [Vec<Duration>; 4] = Default::default();
    for _ in 0..RUNS {
        let null = std::fs::File::options()
            .write(true)
            .open("/dev/null")
            .unwrap();
        times[0].push(psql(url, &export, Stdio::null(), null.into()).await);
        let began = Instant::now();
        rows = read(session, rows.is_empty()).await.unwrap_or(rows);
        times[1].push(began.elapsed());

        make_target(session).await;
        let import = format!("COPY {TARGET} FROM STDIN");
        let input = file.reopen().unwrap();
        times[2].push(psql(url, &import, input.into(), Stdio::null()).await);
        make_target(session).await;
        let began = Instant::now();
        write(session, &rows).await;
        times[3].push(began.elapsed());
    }
    let [raw_out, out, raw_in, into] = times.map(|mut times| {
        times.sort();
        times[RUNS / 2].as_secs_f64()
    });
    println!(
        "out: psql {raw_out:.2} s, ours {out:.2} s, {:.2} ×",
        out / raw_out
    );
    println!(
        "in:  psql {raw_in:.2} s, ours {into:.2} s, {:.2} ×",
        into / raw_in
    );
}

async fn psql(url: &str, sql: &str, input: Stdio, output: Stdio) -> Duration {
    let began = Instant::now();
    let mut command = Command::new("psql");
    command
        .args(["-X", "-q", url, "-c", sql])
        .stdin(input)
        .stdout(output);
    assert!(command.status().await.unwrap().success());
    began.elapsed()
}

/// Reads all rows, and keeps them where they are wanted.
async fn read(session: &mut Box<dyn Session>, keep: bool) -> Option<Vec<RowBatch>> {
    let query = format!("SELECT * FROM {SOURCE}");
    let columns = session.describe(&query).await.unwrap();
    let (sender, mut receiver) = batches();
    let take = async {
        let mut kept = Vec::new();
        while let Some(batch) = receiver.recv().await {
            if keep {
                kept.push(batch);
            }
        }
        kept
    };
    let (count, kept) = tokio::join!(session.read(&query, &columns, sender), take);
    assert_eq!(count.unwrap(), 1_000_000);
    keep.then_some(kept)
}

async fn target(session: &mut Box<dyn Session>) -> Target {
    let columns = session.table(TARGET).await.unwrap().unwrap();
    Target {
        table: TARGET.to_owned(),
        source: columns.clone(),
        columns,
        progress: Arc::default(),
    }
}

async fn write(session: &mut Box<dyn Session>, rows: &[RowBatch]) {
    let target = target(session).await;
    let (sender, receiver) = batches();
    let give = async move {
        for batch in rows {
            sender.send(batch.clone()).await.unwrap();
        }
    };
    session.begin().await.unwrap();
    let (loaded, ()) = tokio::join!(session.load(&target, receiver), give);
    assert_eq!(loaded.unwrap().rows, 1_000_000);
    session.commit().await.unwrap();
}

async fn from_table_to_table(
    reader: &mut Box<dyn Session>,
    writer: &mut Box<dyn Session>,
) -> Duration {
    let began = Instant::now();
    let query = format!("SELECT * FROM {SOURCE}");
    let columns = reader.describe(&query).await.unwrap();
    let target = target(writer).await;
    let (sender, receiver) = batches();
    writer.begin().await.unwrap();
    let (read, loaded) = tokio::join!(
        reader.read(&query, &columns, sender),
        writer.load(&target, receiver)
    );
    assert_eq!(read.unwrap(), loaded.unwrap().rows);
    writer.commit().await.unwrap();
    let took = began.elapsed();
    let same = format!(
        "(TABLE {SOURCE} EXCEPT TABLE {TARGET}) UNION ALL (TABLE {TARGET} EXCEPT TABLE {SOURCE})"
    );
    assert_eq!(
        writer.execute(&same, 1).await.unwrap().rows,
        Some(0),
        "both are equal"
    );
    took
}

fn most_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.unwrap_or("VmHWM unknown").to_owned()
}
