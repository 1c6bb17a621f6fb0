//! What becomes of a task's output.

use peerflow_actions::TaskResult;
use peerflow_model::LogLevel;

use crate::stage::{Setting, Stage, shell, until};

/// Resident memory of this process in bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[tokio::test]
async fn lines_keep_their_level_and_their_order() {
    let stage = Stage::new().await;
    let end = stage
        .shell("printf 'a\\r\\n\\nb \\377\\n'; echo 错误 >&2; printf last")
        .await;
    assert_eq!(end.result, TaskResult::Succeeded);
    assert_eq!(stage.output(), ["a", "", "b \u{fffd}", "last"]);
    assert_eq!(stage.errors(), ["错误"]);
}

#[tokio::test]
async fn a_line_is_seen_while_the_task_still_runs() {
    let stage = Stage::new().await;
    let root = stage.root.path().display();
    let command = format!("echo early; until [ -e {root}/seen ]; do sleep 0.001; done; echo late");
    let follower = async {
        until("the first line is there", || stage.output() == ["early"]).await;
        std::fs::write(stage.path("seen"), "").unwrap();
    };
    let (end, ()) = tokio::join!(stage.shell(&command), follower);
    assert_eq!(end.result, TaskResult::Succeeded);
    assert_eq!(stage.output(), ["early", "late"]);
}

#[tokio::test]
async fn a_log_within_its_limit_is_whole() {
    let stage = Stage::new().await;
    assert_eq!(
        stage.shell("seq 1 100000").await.result,
        TaskResult::Succeeded
    );
    let lines = stage.output();
    assert_eq!(lines.len(), 100_000);
    assert!(
        lines
            .iter()
            .enumerate()
            .all(|(at, line)| *line == (at + 1).to_string())
    );
}

#[tokio::test]
async fn head_and_end_of_a_long_log_are_kept_and_the_cut_is_told() {
    let setting = Setting {
        log_limit: Some(1_000),
        log_tail: Some(500),
        ..Setting::default()
    };
    let stage = Stage::with(setting).await;
    let end = stage
        .shell("seq 1 100000; echo 'why it failed' >&2; exit 1")
        .await;
    assert_eq!(end.message, "exit code 1: why it failed");
    let lines = stage.log.0.lock().unwrap().clone();
    let number = |text: &str| text.parse::<u32>().unwrap();
    let warning = |from: usize| {
        lines[from..]
            .iter()
            .position(|it| it.level == LogLevel::Warn)
            .unwrap()
            + from
    };
    let limit = warning(0);
    assert!(
        lines[limit].text.contains("log limit of 1000 B"),
        "{}",
        lines[limit].text
    );
    let cut = warning(limit + 1);
    assert_eq!(cut, limit + 1);
    assert!(
        lines[..limit]
            .iter()
            .enumerate()
            .all(|(at, line)| number(&line.text) as usize == at + 1)
    );
    let (last, tail) = lines[cut + 1..].split_last().unwrap();
    assert_eq!(last.text, "why it failed");
    let tail: Vec<u32> = tail.iter().map(|line| number(&line.text)).collect();
    assert_eq!(tail.last(), Some(&100_000));
    assert!(tail.windows(2).all(|pair| pair[0] + 1 == pair[1]));
    let missing = tail[0] as usize - 1 - limit;
    assert!(
        lines[cut].text.contains(&format!("({missing} lines)")),
        "{} {missing}",
        lines[cut].text
    );
}

#[tokio::test]
async fn a_task_that_prints_without_end_does_not_make_memory_grow() {
    let setting = Setting {
        log_limit: Some(64 * 1024),
        ..Setting::default()
    };
    let stage = Stage::with(setting).await;
    stage.shell("seq 1 100000").await;
    stage.log.0.lock().unwrap().clear();
    let before = resident();
    let end = stage
        .shell("yes 'a line of some forty characters, again' | head -c 200000000")
        .await;
    assert_eq!(end.result, TaskResult::Succeeded);
    let grown = resident().saturating_sub(before);
    assert!(grown < 16 << 20, "memory grew by {grown} bytes");
    let kept: usize = stage.output().iter().map(|line| line.len() + 1).sum();
    assert!(kept <= (1 << 20) + 64 * 1024, "{kept}");
}

#[tokio::test]
async fn a_pipe_that_somebody_else_holds_open_does_not_hang_the_task() {
    let stage = Stage::new().await;
    let root = stage.root.path().display().to_string();
    // The test itself opens the task's standard output, as a process beyond the task's tree might.
    let command =
        format!("echo $$ > {root}/main; until [ -e {root}/held ]; do sleep 0.001; done; echo said");
    let holder = async {
        let pid = stage.number_in("main").await;
        let held = std::fs::OpenOptions::new()
            .write(true)
            .open(format!("/proc/{pid}/fd/1"))
            .unwrap();
        std::fs::write(stage.path("held"), "").unwrap();
        held
    };
    let (end, _held) = tokio::join!(stage.run(shell(&command)), holder);
    assert_eq!(end.result, TaskResult::Succeeded);
    assert_eq!(stage.output(), ["said"]);
    assert!(
        stage.warnings()[0].contains("still held open"),
        "{:?}",
        stage.warnings()
    );
}
