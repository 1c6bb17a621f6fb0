//! Figures of the stores, each beside a floor from the same run. By hand: `cargo bench -p peerflow-store`, with
//! `STORE_BENCH_ROWS` instances for the list (default 200,000) and `PEERFLOW_TEST_MYSQL` as in the tests.

#![expect(
    clippy::unwrap_used,
    clippy::too_many_lines,
    reason = "figures by hand: a failure ends the run"
)]

use std::sync::Arc;
use std::time::Duration;

use peerflow_model::{AttemptStatus, Change, InstanceStatus, VisitStatus};
use peerflow_store::contract::Master;
use peerflow_store::contract::samples::{
    at, attempt, chunk, instance, run_id, visit, visit_id, workflow,
};
use peerflow_store::{InstanceFilter, LogSelection, Store, StoreUrl, open};
use sqlx::mysql::MySqlConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tokio::time::Instant;

const BATCH: usize = 1000;

fn main() {
    // What `cargo test --benches` asks for is not this.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let directory = tempfile::tempdir().unwrap();
        let floor = sqlite_floor(&directory.path().join("floor.db")).await;
        measure(
            "SQLite",
            floor,
            &StoreUrl::sqlite(directory.path().join("store.db")),
        )
        .await;
        let server = std::env::var("PEERFLOW_TEST_MYSQL")
            .unwrap_or_else(|_| "mysql://root@127.0.0.1:3306".to_owned());
        let name = format!("peerflow_test_bench_{}", std::process::id());
        let mut link = MySqlConnection::connect(&server).await.unwrap();
        let run = |sql: String| sqlx::raw_sql(AssertSqlSafe(sql));
        run(format!("CREATE DATABASE {name}; USE {name}"))
            .execute(&mut link)
            .await
            .unwrap();
        let floor = mysql_floor(&mut link).await;
        measure(
            "MariaDB",
            floor,
            &StoreUrl::parse(&format!("{server}/{name}")).unwrap(),
        )
        .await;
        run(format!("DROP DATABASE {name}"))
            .execute(&mut link)
            .await
            .unwrap();
    });
}

const FLOOR_ROWS: usize = 50_000;

fn floor_statement(number: i64) -> (String, Vec<(i64, String)>) {
    let values = vec!["(?,?,?,?,?,?,?)"; 500].join(",");
    let rows = (0..500)
        .map(|row| (number * 500 + row, "x".repeat(150)))
        .collect();
    (format!("INSERT INTO floor_rows VALUES {values}"), rows)
}

macro_rules! floor {
    ($link:expr) => {{
        let started = Instant::now();
        for number in 0..(FLOOR_ROWS / 500) as i64 {
            let (sql, rows) = floor_statement(number);
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for (id, body) in rows {
                query = query
                    .bind(id)
                    .bind(1_i64)
                    .bind(2_i64)
                    .bind(3_i64)
                    .bind(b"step".to_vec())
                    .bind(b"node".to_vec())
                    .bind(body);
            }
            query.execute(&mut *$link).await.unwrap();
        }
        let rate = FLOOR_ROWS as f64 / started.elapsed().as_secs_f64();
        let mut times = Vec::new();
        for id in 0..500_i64 {
            let started = Instant::now();
            let query = sqlx::query("UPDATE floor_rows SET a = a + 1 WHERE id = ?").bind(id);
            query.execute(&mut *$link).await.unwrap();
            times.push(started.elapsed());
        }
        times.sort();
        (rate, times[250])
    }};
}

async fn sqlite_floor(path: &std::path::Path) -> (f64, Duration) {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    let options = options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging();
    let mut link: SqliteConnection = options.connect().await.unwrap();
    let table = "CREATE TABLE floor_rows (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, c INTEGER, d BLOB, e BLOB, f TEXT)";
    sqlx::raw_sql(table).execute(&mut link).await.unwrap();
    floor!(&mut link)
}

async fn mysql_floor(link: &mut MySqlConnection) -> (f64, Duration) {
    let table = "CREATE TABLE floor_rows (id BIGINT PRIMARY KEY, a BIGINT, b BIGINT, c BIGINT, d VARBINARY(255), \
                 e VARBINARY(255), f TEXT) ENGINE=InnoDB";
    sqlx::raw_sql(table).execute(&mut *link).await.unwrap();
    floor!(link)
}

fn changes(instance_id: &str) -> Vec<Change> {
    let run = run_id(instance_id, 1);
    let mut changes = vec![Change::PutInstance(instance(
        instance_id,
        "w",
        InstanceStatus::Running,
        1,
    ))];
    for (number, step) in (1..).zip(["start", "work", "end"]) {
        changes.push(Change::PutVisit(visit(
            &run,
            step,
            number,
            VisitStatus::Running,
        )));
    }
    changes.push(Change::PutAttempt(attempt(
        &visit_id(&run, "work", 1),
        1,
        AttemptStatus::Running,
    )));
    changes
}

async fn measure(name: &str, (floor, one): (f64, Duration), url: &StoreUrl) {
    let store = open(url).await.unwrap();
    let mut master = Master::of(Arc::clone(&store)).await;
    println!("{name}: floor, one INSERT of 500 rows a commit: {floor:.0} rows/s");
    let rows = batches(&mut master).await;
    println!(
        "{name}: commits of {BATCH} visits and attempts: {rows:.0} rows/s, {:.2} of the floor",
        rows / floor
    );
    let times = small_commits(&mut master).await;
    println!(
        "{name}: commit of 1 instance, 3 visits, 1 attempt: median {:?}, 99 of 100 below {:?}; a raw commit of one row {one:?}",
        times[times.len() / 2],
        times[times.len() * 99 / 100]
    );
    load(name, &mut master).await;
    list(name, &mut master).await;
    logs(name, &*store).await;
    store.close().await;
}

async fn batches(master: &mut Master) -> f64 {
    let batches: Vec<Vec<Change>> = (0..60)
        .map(|batch| {
            let all = (0..BATCH / 4)
                .flat_map(|n| changes(&format!("b{batch:04}-{n:04}")).into_iter().skip(1));
            all.collect()
        })
        .collect();
    let rows: usize = batches.iter().map(Vec::len).sum();
    let started = Instant::now();
    for batch in &batches {
        master.commit(batch).await;
    }
    rows as f64 / started.elapsed().as_secs_f64()
}

async fn small_commits(master: &mut Master) -> Vec<Duration> {
    let mut times = Vec::new();
    for number in 0..1000 {
        let changes = changes(&format!("c{number:06}"));
        let started = Instant::now();
        master.commit(&changes).await;
        times.push(started.elapsed());
    }
    times.sort();
    times
}

async fn load(name: &str, master: &mut Master) {
    for batch in 0..100 {
        let mut all = Vec::new();
        for number in 0..100 {
            all.extend(changes(&format!("d{batch:03}-{number:03}")));
        }
        for number in 0..1000 {
            let workflow_name = format!("workflow {batch:03}-{number:03}");
            let xml = format!(
                "<workflow name='{workflow_name}'>{}</workflow>",
                "<step/>".repeat(100)
            );
            all.push(Change::PutWorkflow(workflow(
                &workflow_name,
                "/bench/folder",
                &xml,
            )));
        }
        master.commit(&all).await;
        if batch == 0 {
            let started = Instant::now();
            let state = master.store.active_state().await.unwrap();
            println!(
                "{name}: load of {} workflows, {} runs: {:?}",
                state.workflows.len(),
                state.runs.len(),
                started.elapsed()
            );
        }
    }
    let started = Instant::now();
    let state = master.store.active_state().await.unwrap();
    println!(
        "{name}: load of {} workflows, {} runs: {:?}",
        state.workflows.len(),
        state.runs.len(),
        started.elapsed()
    );
}

async fn list(name: &str, master: &mut Master) {
    let wanted: usize = std::env::var("STORE_BENCH_ROWS")
        .ok()
        .and_then(|rows| rows.parse().ok())
        .unwrap_or(200_000);
    let statuses = [
        InstanceStatus::Succeeded,
        InstanceStatus::Failed,
        InstanceStatus::Killed,
    ];
    let started = Instant::now();
    for batch in 0..wanted.div_ceil(BATCH) {
        let row = |n: usize| {
            let number = batch * BATCH + n;
            let mut row = instance(
                &format!("l{number:08}"),
                &format!("w{}", number % 997),
                statuses[number % 3],
                number as i64,
            );
            row.ended_at = Some(at(number as i64 + 10));
            Change::PutInstance(row)
        };
        master
            .commit(&(0..BATCH).map(row).collect::<Vec<_>>())
            .await;
    }
    println!(
        "{name}: {wanted} instances put at {:.0} rows/s",
        wanted as f64 / started.elapsed().as_secs_f64()
    );
    let all = || InstanceFilter {
        limit: 50,
        ..InstanceFilter::default()
    };
    let middle = Some(at(wanted as i64 / 2));
    for (what, filter) in [
        ("newest", all()),
        (
            "of the middle",
            InstanceFilter {
                to: middle,
                ..all()
            },
        ),
        (
            "failed",
            InstanceFilter {
                status: vec![InstanceStatus::Failed],
                ..all()
            },
        ),
        (
            "of a workflow",
            InstanceFilter {
                workflow: Some("w7".into()),
                ..all()
            },
        ),
        (
            "by a part of a name",
            InstanceFilter {
                key: Some("99".to_owned()),
                ..all()
            },
        ),
        (
            "by a name that none has",
            InstanceFilter {
                key: Some("nothing".to_owned()),
                ..all()
            },
        ),
    ] {
        let mut times = Vec::new();
        for _ in 0..5 {
            let started = Instant::now();
            master.store.instances(&filter).await.unwrap();
            times.push(started.elapsed());
        }
        times.sort();
        println!(
            "{name}: a page of 50 out of {wanted}, {what}: median {:?}",
            times[2]
        );
    }
    let started = Instant::now();
    master
        .store
        .front(at(wanted as i64 / 2), &jiff::tz::TimeZone::UTC)
        .await
        .unwrap();
    println!("{name}: the front page: {:?}", started.elapsed());
}

async fn logs(name: &str, store: &dyn Store) {
    let attempt = peerflow_store::contract::samples::attempt_id("log", "s", 1);
    let text =
        "a line of a log as programs print them, of eighty bytes with its end as it is......";
    let lines = vec![text; 800];
    let started = Instant::now();
    let mut bytes = 0;
    for sequence in 0..500 {
        store
            .append_logs(&[chunk(&attempt, sequence, &lines)])
            .await
            .unwrap();
        bytes += lines.len() * text.len();
    }
    let rate = bytes as f64 / 1e6 / started.elapsed().as_secs_f64();
    let selection = LogSelection {
        instance: "log".into(),
        run: None,
        step: None,
        attempt: None,
    };
    let started = Instant::now();
    store.log_tail(&selection, 100).await.unwrap();
    println!(
        "{name}: logs in chunks of 64 kB: {rate:.0} MB/s; the last 100 lines: {:?}",
        started.elapsed()
    );
}
