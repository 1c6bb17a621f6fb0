//! `<file-monitor>` and `<data-monitor>`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::date;
use peerflow_actions::{Task, TaskResult};
use peerflow_workflow::{Command, DataMonitor, DatabaseLink, FileMonitor, Reading, Work};
use tokio::sync::watch;

use crate::scripted::{Answer, ScriptedDatabase, ScriptedFiles};
use crate::sql::{sql, sqlite};
use crate::stage::{Setting, Stage, task};

fn files(stage: &Stage, pattern: &str) -> FileMonitor {
    FileMonitor {
        link: "local".into(),
        pattern: format!("{}/{pattern}", stage.root.path().display()),
        min_number: 1,
        min_each_size: 0,
        check_interval: Duration::ZERO,
        warn_message: String::new(),
    }
}

fn monitor(monitor: FileMonitor) -> Task {
    task(Work::FileMonitor(monitor))
}

#[tokio::test]
async fn files_that_lie_still_are_enough_and_large_enough_succeed() {
    let stage = Stage::new().await;
    std::fs::write(stage.path("订单_1.csv"), "12345").unwrap();
    std::fs::write(stage.path("订单_2.csv"), "1234567").unwrap();
    std::fs::create_dir(stage.path("订单_3.csv")).unwrap();
    let wanted = FileMonitor {
        min_number: 2,
        min_each_size: 5,
        ..files(&stage, "订单_?.csv")
    };
    let end = stage.run(monitor(wanted)).await;
    assert_eq!(
        (end.result, end.message.as_str()),
        (TaskResult::Succeeded, "")
    );
    assert!(
        stage.output()[0].starts_with("2 file(s) fit"),
        "{:?}",
        stage.output()
    );
}

#[tokio::test]
async fn every_broken_rule_is_told_with_the_offenders() {
    let stage = Stage::new().await;
    std::fs::write(stage.path("small.csv"), "1").unwrap();
    let wanted = FileMonitor {
        min_number: 3,
        min_each_size: 2_048,
        warn_message: "去问上游".into(),
        ..files(&stage, "*.csv")
    };
    let end = stage.run(monitor(wanted)).await;
    assert_eq!(end.result, TaskResult::Failed);
    for part in [
        "1 file(s) fit",
        "at least 3",
        "smaller than 2 KiB: small.csv (1 B)",
        "去问上游",
    ] {
        assert!(end.message.contains(part), "{part}: {}", end.message);
    }
}

#[tokio::test]
async fn files_that_change_between_the_looks_fail() {
    let stage = Stage::new().await;
    std::fs::write(stage.path("grows.csv"), "1").unwrap();
    std::fs::write(stage.path("goes.csv"), "1").unwrap();
    let wanted = FileMonitor {
        check_interval: Duration::from_millis(300),
        ..files(&stage, "*.csv")
    };
    let (began, begun) = tokio::sync::oneshot::channel();
    let (_kill, signal) = watch::channel(None);
    let changing = async {
        begun.await.unwrap();
        // The first look follows the beginning; changes go on until the second must have seen one.
        for round in 0_u32..200 {
            std::fs::write(stage.path("grows.csv"), "1".repeat(round as usize + 2)).unwrap();
            std::fs::write(stage.path(&format!("new{round}.csv")), "1").unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let log = Arc::clone(&stage.log) as Arc<dyn peerflow_actions::LogSink>;
    let began = Box::new(move |_at| began.send(()).unwrap());
    let run =
        peerflow_actions::TaskRunner::run(&*stage.runner, monitor(wanted), log, signal, began);
    let (end, ()) = tokio::join!(run, changing);
    assert_eq!(end.result, TaskResult::Failed);
    for part in ["changed within 0.3 s", "grows.csv (", "(new)"] {
        assert!(end.message.contains(part), "{part}: {}", end.message);
    }
}

#[tokio::test]
async fn a_monitor_that_cannot_look_says_so() {
    let stage = Stage::new().await;
    let end = stage.run(monitor(files(&stage, "none/*.csv"))).await;
    assert!(
        end.message.contains("cannot list the directory"),
        "{}",
        end.message
    );
    let far = FileMonitor {
        link: "sftp1".into(),
        ..files(&stage, "*")
    };
    let end = stage.run(monitor(far)).await;
    assert!(end.message.contains("file link `sftp1`"), "{}", end.message);
}

#[tokio::test]
async fn a_waiting_monitor_can_be_killed_and_times_out() {
    let stage = Stage::new().await;
    std::fs::write(stage.path("a.csv"), "1").unwrap();
    let wanted = FileMonitor {
        check_interval: Duration::from_secs(3_600),
        ..files(&stage, "*.csv")
    };
    let (kill, signal) = watch::channel(None);
    let log = Arc::clone(&stage.log) as Arc<dyn peerflow_actions::LogSink>;
    let began = Box::new(move |_at| drop(kill.send_replace(Some("stop".into()))));
    let run = peerflow_actions::TaskRunner::run(
        &*stage.runner,
        monitor(wanted.clone()),
        log,
        signal,
        began,
    );
    assert_eq!(run.await.result, TaskResult::Killed);
    let mut late = monitor(wanted);
    late.timeout = Some(Duration::from_millis(50));
    assert_eq!(stage.run(late).await.result, TaskResult::TimedOut);
}

fn command(text: &str) -> Reading {
    Reading::Command(Command(text.into()))
}

fn data(source: Reading, min: Option<Reading>, max: Option<Reading>) -> DataMonitor {
    DataMonitor {
        source,
        min,
        max,
        check_interval: Duration::ZERO,
        warn_message: String::new(),
        marks: BTreeMap::from([("category".into(), "订单".into())]),
        saved: true,
        exceed_is_error: true,
    }
}

fn watch_data(monitor: DataMonitor) -> Task {
    task(Work::DataMonitor(Box::new(monitor)))
}

#[tokio::test]
async fn a_value_within_its_limits_succeeds_and_is_kept() {
    let stage = Stage::new().await;
    let wanted = data(
        command("echo 42"),
        Some(Reading::Number(1.0)),
        Some(command("echo ' 42.0'")),
    );
    let end = stage.run(watch_data(wanted)).await;
    assert_eq!(
        (end.result, end.message.as_str()),
        (TaskResult::Succeeded, "")
    );
    let [reading] = &end.readings[..] else {
        panic!("{:?}", end.readings)
    };
    assert_eq!(
        (reading.value, reading.min, reading.max),
        (42.0, Some(1.0), Some(42.0))
    );
    assert_eq!(
        (reading.day, reading.remark.as_str()),
        (date(1970, 1, 1), "")
    );
    assert_eq!(reading.marks["category"], "订单");
}

#[tokio::test]
async fn a_value_out_of_its_limits_fails_or_only_warns() {
    let stage = Stage::new().await;
    let out = DataMonitor {
        warn_message: "too few".into(),
        ..data(command("echo -3"), Some(Reading::Number(0.0)), None)
    };
    let end = stage.run(watch_data(out.clone())).await;
    assert_eq!((end.result, end.warning), (TaskResult::Failed, None));
    assert_eq!(end.message, "-3 is below the minimum 0; too few");
    assert_eq!(end.readings[0].remark, "-3 is below the minimum 0");

    let warning = DataMonitor {
        exceed_is_error: false,
        saved: false,
        ..out
    };
    let end = stage.run(watch_data(warning)).await;
    assert_eq!(end.result, TaskResult::Succeeded);
    assert_eq!(
        end.warning.as_deref(),
        Some("-3 is below the minimum 0; too few")
    );
    assert!(end.readings.is_empty());
}

#[tokio::test]
async fn a_value_that_changes_between_the_looks_fails() {
    let stage = Stage::new().await;
    let counter = format!(
        "echo x >> {0}/count; wc -l < {0}/count",
        stage.root.path().display()
    );
    let end = stage
        .run(watch_data(data(command(&counter), None, None)))
        .await;
    assert_eq!(
        (end.result, end.message.as_str()),
        (TaskResult::Failed, "value changed from 1 to 2")
    );
}

#[tokio::test]
async fn a_reading_that_is_no_number_says_what_it_was() {
    let stage = Stage::new().await;
    let cases = [
        (
            "echo 12 rows",
            "of `source` must print one number, but printed `12 rows`",
        ),
        ("true", "printed nothing"),
        (
            "echo no access >&2; exit 4",
            "of `source` failed: exit code 4: no access",
        ),
    ];
    for (text, expected) in cases {
        let end = stage.run(watch_data(data(command(text), None, None))).await;
        assert_eq!(end.result, TaskResult::Failed);
        assert!(end.message.contains(expected), "{}", end.message);
        assert!(end.readings.is_empty());
    }
}

fn query(text: &str) -> Reading {
    Reading::Sql {
        link: DatabaseLink::Named("db".into()),
        query: text.into(),
    }
}

#[tokio::test]
async fn a_value_and_its_limits_are_read_from_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::with(Setting::with_database(sqlite(&folder))).await;
    stage
        .run(sql(
            "create table t (n int, d decimal(5,2)); insert into t values (42, 41.5);",
        ))
        .await;
    let wanted = data(
        query("select n from t; -- the value"),
        Some(query("select d from t")),
        Some(Reading::Number(50.0)),
    );
    let end = stage.run(watch_data(wanted)).await;
    assert_eq!(
        (end.result, end.message.as_str()),
        (TaskResult::Succeeded, "")
    );
    let reading = &end.readings[0];
    assert_eq!(
        (reading.value, reading.min, reading.max),
        (42.0, Some(41.5), Some(50.0))
    );
    for (text, expected) in [
        ("select null", "must give one number, but gave NULL"),
        ("select n from t where n < 0", "but gave no row"),
        ("select n from t union select 1", "but gave 2 rows"),
        ("select n, d from t", "but gave 2 columns"),
        ("select 'many'", "but gave `many`"),
        (
            "select 1; select 2",
            "must be one statement, but there are 2",
        ),
        ("select x from t", "no such column: x"),
    ] {
        let end = stage.run(watch_data(data(query(text), None, None))).await;
        assert_eq!(end.result, TaskResult::Failed);
        let message = end.message;
        assert!(message.contains(expected), "{message}");
        assert!(
            message.starts_with("the query of `source` on database link `db` "),
            "{message}"
        );
        assert!(end.readings.is_empty());
    }
}

#[tokio::test]
async fn a_query_of_a_monitor_that_is_killed_is_cancelled() {
    let database = ScriptedDatabase::new([("select 1", Answer::Hangs)]);
    let stage = Stage::with(Setting::with_database(Arc::new(database.clone()))).await;
    let task = watch_data(data(query("select 1;"), None, None));
    let end = stage.kill_once(task, || database.runs("select 1")).await;
    assert_eq!(
        (end.result, end.message.as_str()),
        (TaskResult::Killed, "stop")
    );
    assert_eq!(database.cancelled(), 1);
}

#[tokio::test]
async fn a_file_link_is_looked_at_like_local_files() {
    let mut setting = Setting::default();
    let far = Arc::new(ScriptedFiles::new([
        &[("a.csv", 5), (".b.csv", 1), ("c.txt", 1)],
        &[("a.csv", 7), (".b.csv", 2), ("c.txt", 2)],
    ]));
    setting.links.files.insert("sftp1".into(), far);
    let stage = Stage::with(setting).await;
    let wanted = FileMonitor {
        link: "sftp1".into(),
        pattern: "/in/*.csv".into(),
        min_each_size: 10,
        ..files(&stage, "")
    };
    let end = stage.run(monitor(wanted.clone())).await;
    assert_eq!(
        end.message,
        "file link `sftp1`: changed within 0 s: a.csv (5 B → 7 B); smaller than 10 B: a.csv (7 B)"
    );
    let end = stage.run(monitor(wanted)).await;
    assert_eq!(
        end.message,
        "cannot list the directory /in on file link `sftp1`: connection refused"
    );
}
