//! Reads and loads a table of a million rows and ten columns, side by side with the `mariadb` client in one run.
//!
//! `cargo run --release -p peerflow-mysql --example speed [runs] [rows]`, with the server of `PEERFLOW_TEST_MYSQL`
//! (`user@host:port`, no password) or a MariaDB on this machine; needs `mariadb` and the right to make databases.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use peerflow_mysql::{MySqlDatabase, Settings};
use peerflow_rows::{Database, RowBatch, Session, Target, batches};
use tokio::time::Instant;

const DATABASE: &str = "peerflow_speed";
const TABLE: &str = "CREATE TABLE speed (id BIGINT NOT NULL, n INT, amount DECIMAL(14,2), ratio DOUBLE, flag TINYINT(1), name VARCHAR(60), \
     note VARCHAR(120), day DATE, at DATETIME(3), code CHAR(12))";
const FILL: &str = "INSERT INTO speed SELECT seq, seq*7919 % 1000003, (seq*37 % 100000000)/100, seq/7e0, seq%2, \
     CONCAT('person ', seq), IF(seq%17=0, NULL, CONCAT('note ', MD5(seq))), DATE_ADD('2000-01-01', INTERVAL seq%9000 DAY), \
     '2020-01-01 00:00:00.123' + INTERVAL seq SECOND, LPAD(seq, 12, 'c') FROM seq_1_to_";

struct Server {
    host: String,
    port: u16,
    user: String,
}

impl Server {
    fn of_environment() -> Result<Self> {
        let url = std::env::var("PEERFLOW_TEST_MYSQL")
            .unwrap_or_else(|_unset| "mysql://root@127.0.0.1:3306".to_owned());
        let rest = url.trim_start_matches("mysql://").trim_end_matches('/');
        let (user, place) = rest.split_once('@').unwrap_or(("root", rest));
        let (host, port) = place.split_once(':').unwrap_or((place, "3306"));
        Ok(Self {
            host: host.to_owned(),
            port: port.parse().context("the port is no number")?,
            user: user.to_owned(),
        })
    }

    /// Runs the client with a statement; what it prints goes to `output`.
    fn client(&self, arguments: &[&str], output: Stdio) -> Result<Duration> {
        let began = Instant::now();
        let status = Command::new("mariadb")
            .args([
                "-h",
                &self.host,
                "-P",
                &self.port.to_string(),
                "-u",
                &self.user,
            ])
            .args(arguments)
            .stdout(output)
            .status()
            .context("the client mariadb cannot be run")?;
        ensure!(status.success(), "the client failed");
        Ok(began.elapsed())
    }
}

async fn read(session: &mut dyn Session) -> Result<(Duration, u64)> {
    let query = "SELECT * FROM speed";
    let began = Instant::now();
    let columns = session.describe(query).await?;
    let (sender, mut receiver) = batches();
    let taking = tokio::task::JoinSet::from_iter([async move {
        let mut bytes = 0;
        while let Some(batch) = receiver.recv().await {
            bytes += batch.size() as u64;
        }
        bytes
    }]);
    session.read(query, &columns, sender).await?;
    let bytes = taking.join_all().await.into_iter().sum();
    Ok((began.elapsed(), bytes))
}

async fn all(session: &mut dyn Session) -> Result<Vec<RowBatch>> {
    let query = "SELECT * FROM speed";
    let columns = session.describe(query).await?;
    let (sender, mut receiver) = batches();
    let taking = async {
        let mut all = Vec::new();
        while let Some(batch) = receiver.recv().await {
            all.push(batch);
        }
        all
    };
    let (read, all) = tokio::join!(session.read(query, &columns, sender), taking);
    read?;
    Ok(all)
}

async fn load(session: &mut dyn Session, rows: &[RowBatch]) -> Result<Duration> {
    session.execute("TRUNCATE TABLE loaded", 0).await?;
    let columns = session.table("loaded").await?.context("it is there")?;
    let target = Target {
        table: "loaded".to_owned(),
        source: columns.clone(),
        columns,
        progress: Arc::new(AtomicU64::new(0)),
    };
    let (sender, receiver) = batches();
    let rows = rows.to_vec();
    let began = Instant::now();
    let sending = tokio::task::JoinSet::from_iter([async move {
        for batch in rows {
            if sender.send(batch).await.is_err() {
                break;
            }
        }
    }]);
    session.begin().await?;
    session.load(&target, receiver).await?;
    session.commit().await?;
    let took = began.elapsed();
    drop(sending);
    Ok(took)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[tokio::main]
async fn main() -> Result<()> {
    let number = |at, usual| {
        std::env::args()
            .nth(at)
            .map_or(Ok(usual), |text| text.parse())
    };
    let (runs, rows): (usize, usize) = (number(1, 5)?, number(2, 1_000_000)?);
    let server = Server::of_environment()?;
    let sql = format!(
        "DROP DATABASE IF EXISTS {DATABASE}; CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4; USE {DATABASE}; {TABLE}; {FILL}{rows}; CREATE TABLE loaded LIKE speed"
    );
    server.client(&["-e", &sql], Stdio::null())?;
    let place = std::env::temp_dir().join(format!("{DATABASE}-{}.tsv", std::process::id()));
    let path = place.to_str().context("the temporary folder has no name")?;
    let database = MySqlDatabase::new(Settings {
        port: server.port,
        user: server.user.clone(),
        database: DATABASE.to_owned(),
        ..Settings::new(server.host.as_str())
    })?;
    let mut session = database.connect().await?;
    let in_memory = all(&mut *session).await?;
    let statement = format!(
        "TRUNCATE TABLE loaded; LOAD DATA LOCAL INFILE '{path}' INTO TABLE loaded CHARACTER SET utf8mb4"
    );
    let mut times = [const { Vec::new() }; 4];
    let mut bytes = 0;
    for _ in 0..runs {
        let file = std::fs::File::create(&place)?;
        let query = ["--quick", "-B", "-N", DATABASE, "-e", "SELECT * FROM speed"];
        times[0].push(server.client(&query, file.into())?);
        let (took, read) = read(&mut *session).await?;
        times[1].push(took);
        bytes = read;
        let infile = ["--local-infile=1", DATABASE, "-e", &statement];
        times[2].push(server.client(&infile, Stdio::null())?);
        times[3].push(load(&mut *session, &in_memory).await?);
    }
    session.close().await;
    std::fs::remove_file(&place)?;
    server.client(&["-e", &format!("DROP DATABASE {DATABASE}")], Stdio::null())?;
    println!(
        "{rows} rows, {} MB, medians of {runs} runs",
        bytes / 1_000_000
    );
    println!("{times:.2?}");
    let [file, read, infile, load] = times.map(median);
    println!(
        "mariadb --quick -B {file:.2?}, read {read:.2?}: {:.2} (goal 1.25)",
        read.as_secs_f64() / file.as_secs_f64()
    );
    println!(
        "LOAD DATA LOCAL INFILE {infile:.2?}, load {load:.2?}: {:.2} (goal 1.4)",
        load.as_secs_f64() / infile.as_secs_f64()
    );
    Ok(())
}
