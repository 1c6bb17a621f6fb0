//! A master that is stopped in the middle of a transaction: what it has locked is free again soon.

use std::process::{Child, Command};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use peerflow_model::{Change, InstanceStatus, VisitStatus};
use peerflow_store::contract::samples::{instance, run_id, visit};
use peerflow_store::contract::{Master, PATIENCE, Place as _, claim};
use peerflow_store::{LeaseClaim, StoreUrl, open};
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Row as _};
use tokio::time::{Instant, sleep, timeout};

use crate::places::MysqlDatabase;

/// Tells the child, which is this test again, where to commit.
const CHILD: &str = "PEERFLOW_TEST_COMMITS_TO";

/// Goes when the test does.
struct Committing(Child);

impl Committing {
    fn start(place: &MysqlDatabase) -> Self {
        let name = "stopped::a_master_stopped_inside_a_transaction_blocks_nobody_for_long";
        let child = Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(CHILD, place.address())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.0.id().try_into().unwrap()), signal).unwrap();
    }
}

impl Drop for Committing {
    fn drop(&mut self) {
        // Also a stopped process is killed.
        let killed = self.0.kill().and_then(|()| self.0.wait());
        drop(killed);
    }
}

/// What the child does until it is killed: large commits, one after the other.
async fn commit_forever(address: &str) {
    let mut master = Master::of(open(&StoreUrl::parse(address).unwrap()).await.unwrap()).await;
    let run = run_id("i", 1);
    let mut changes = vec![Change::PutInstance(instance(
        "i",
        "w",
        InstanceStatus::Running,
        1,
    ))];
    changes.extend(
        (1..3000).map(|n| Change::PutVisit(visit(&run, &format!("s{n}"), n, VisitStatus::Running))),
    );
    loop {
        master.commit(&changes).await;
    }
}

/// How many transactions hold locks for connections to the place's database.
async fn open_transactions(link: &mut MySqlConnection, place: &MysqlDatabase) -> i64 {
    let sql = format!(
        "SELECT CAST(COUNT(*) AS SIGNED) FROM information_schema.innodb_trx t \
         JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id \
         WHERE p.db = '{}' AND t.trx_rows_locked > 0 AND p.command = 'Sleep'",
        place.name
    );
    let row = sqlx::raw_sql(AssertSqlSafe(sql))
        .fetch_one(link)
        .await
        .unwrap();
    row.get_unchecked(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_stopped_inside_a_transaction_blocks_nobody_for_long() {
    if let Ok(address) = std::env::var(CHILD) {
        return commit_forever(&address).await;
    }
    let place = MysqlDatabase::create().await;
    let store = place.open().await;
    let child = Committing::start(&place);
    let mut link = place.connect().await;
    let stopped = async {
        while store
            .lease()
            .await
            .unwrap()
            .is_none_or(|row| row.commit_seq < 3)
        {
            sleep(Duration::from_millis(10)).await;
        }
        loop {
            child.signal(Signal::SIGSTOP);
            // What the server was about is over when it waits for the next statement.
            sleep(Duration::from_millis(100)).await;
            if open_transactions(&mut link, &place).await > 0 {
                return Instant::now();
            }
            child.signal(Signal::SIGCONT);
            sleep(Duration::from_millis(7)).await;
        }
    };
    let stopped_at = timeout(PATIENCE * 3, stopped)
        .await
        .expect("it is stopped inside a transaction");
    let successor = LeaseClaim {
        succeeds_itself: true,
        ..claim("one", 3_600_000)
    };
    let taken = timeout(PATIENCE, store.acquire(&successor))
        .await
        .expect("it does not hang")
        .unwrap();
    println!(
        "the lease was had {:?} after the stop",
        stopped_at.elapsed()
    );
    let lease = taken.granted().expect("a former life is succeeded");
    let mut next = Master { store, lease };
    next.commit(&[]).await;
    let seq = next.lease.commit_seq;
    child.signal(Signal::SIGCONT);
    // The stopped one finds itself fenced, fails and goes; nothing of it is written.
    next.commit(&[]).await;
    assert_eq!(
        next.store.lease().await.unwrap().unwrap().commit_seq,
        seq + 1
    );
}
