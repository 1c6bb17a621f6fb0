//! Ends of processes and of all they leave behind.

use std::sync::Arc;
use std::time::Duration;

use peerflow_actions::TaskResult;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::stage::{Setting, Stage, lives, script, shell, until, with_params};

#[tokio::test]
async fn an_exit_code_is_the_outcome_and_the_last_error_line_says_why() {
    let stage = Stage::new().await;
    let end = stage.shell("echo fine").await;
    assert_eq!(
        (end.result, end.exit_code, end.message.as_str()),
        (TaskResult::Succeeded, Some(0), "")
    );
    assert!(
        end.started_at
            .is_some_and(|started| started <= end.ended_at)
    );

    let end = stage
        .shell("echo first >&2; echo 'disk full' >&2; echo >&2; exit 3")
        .await;
    assert_eq!((end.result, end.exit_code), (TaskResult::Failed, Some(3)));
    assert_eq!(end.message, "exit code 3: disk full");

    let end = stage.shell("no_such_command_here").await;
    assert_eq!(end.exit_code, Some(127));
    assert!(end.message.contains("command not found"), "{}", end.message);

    let end = stage.shell("kill -SEGV $$").await;
    assert_eq!((end.result, end.exit_code), (TaskResult::Failed, None));
    assert!(
        end.message.contains("signal 11 (SIGSEGV)"),
        "{}",
        end.message
    );
    assert_eq!(stage.output(), ["fine"]);
}

#[tokio::test]
async fn a_task_has_a_private_empty_directory_and_no_input() {
    let stage = Stage::new().await;
    let end = stage
        .shell("ls -A; stat -c %a .; cat; touch made; mkdir -p a/b; chmod 500 a/b; pwd")
        .await;
    assert_eq!(end.message, "");
    let lines = stage.output();
    assert_eq!(lines[0], "700");
    assert!(
        !std::path::Path::new(&lines[1]).exists(),
        "{} is left",
        lines[1]
    );
    assert_eq!(stage.left_behind(), [""; 0]);
    assert_eq!(stage.warnings(), [""; 0]);
}

#[tokio::test]
async fn a_directory_left_empty_is_used_again_under_a_new_name_and_only_then() {
    let stage = Stage::new().await;
    let look = "pwd; stat -c '%i %a' .; ls -A";
    for command in [look, look, "pwd; stat -c '%i %a' .; chmod 755 .", look] {
        let end = stage.shell(command).await;
        assert_eq!(end.result, TaskResult::Succeeded, "{}", end.message);
    }
    let lines = stage.output();
    assert_eq!(lines.len(), 8, "{lines:?}");
    let (paths, facts): (Vec<&String>, Vec<&String>) = (
        lines.iter().step_by(2).collect(),
        lines.iter().skip(1).step_by(2).collect(),
    );
    assert!(paths.windows(2).all(|pair| pair[0] != pair[1]));
    assert_eq!((facts[0], facts[1]), (facts[1], facts[2]));
    assert!(facts.iter().all(|fact| fact.ends_with(" 700")));
    assert!(!paths.iter().any(|path| std::path::Path::new(path).exists()));
    assert_eq!(stage.left_behind(), [""; 0]);
}

#[tokio::test]
async fn a_timeout_ends_a_tree_with_setsid_children() {
    let stage = Stage::new().await;
    let command = format!(
        "setsid sleep 1000 & echo $! > {0}/one; (setsid bash -c 'echo $$ > {0}/two; sleep 1000' &) ; sleep 1000",
        stage.root.path().display()
    );
    let mut task = shell(&command);
    task.timeout = Some(Duration::from_millis(500));
    let end = stage.run(task).await;
    assert_eq!(end.result, TaskResult::TimedOut);
    assert!(end.message.contains("time limit"), "{}", end.message);
    assert!(!lives(stage.number_in("one").await));
    assert!(!lives(stage.number_in("two").await));
}

#[tokio::test]
async fn a_tree_that_ignores_term_is_killed_after_the_grace() {
    let setting = Setting {
        kill_grace: Some(Duration::from_millis(200)),
        ..Setting::default()
    };
    let stage = Stage::with(setting).await;
    let command = format!(
        "trap '' TERM HUP INT; (trap '' TERM; setsid bash -c 'trap \"\" TERM; echo $$ > {0}/deep; \
         while :; do sleep 1; done' & while :; do sleep 1; done) & echo $$ > {0}/main; while :; do sleep 1; done",
        stage.root.path().display()
    );
    let (kill, signal) = watch::channel(None);
    let killer = async {
        let (main, deep) = (stage.number_in("main").await, stage.number_in("deep").await);
        kill.send_replace(Some("a person asked".into()));
        (main, deep)
    };
    let (end, (main, deep)) = tokio::join!(stage.run_with(shell(&command), signal), killer);
    assert_eq!(
        (end.result, end.message.as_str()),
        (TaskResult::Killed, "a person asked")
    );
    assert!(!lives(main) && !lives(deep));
}

#[tokio::test]
async fn a_task_that_handles_term_may_clean_up_but_is_killed_all_the_same() {
    let stage = Stage::new().await;
    let command = format!(
        "trap 'echo cleaned; exit 0' TERM; echo $$ > {}/main; while :; do sleep 0.01; done",
        stage.root.path().display()
    );
    let (kill, signal) = watch::channel(None);
    let killer = async {
        stage.number_in("main").await;
        kill.send_replace(Some("enough".into()));
    };
    let (end, ()) = tokio::join!(stage.run_with(shell(&command), signal), killer);
    assert_eq!((end.result, end.exit_code), (TaskResult::Killed, Some(0)));
    assert_eq!(stage.output(), ["cleaned"]);
}

#[tokio::test]
async fn a_stopped_process_is_killed_too() {
    let stage = Stage::new().await;
    let mut task = shell("kill -STOP $$");
    task.timeout = Some(Duration::from_millis(200));
    assert_eq!(stage.run(task).await.result, TaskResult::TimedOut);
}

#[tokio::test]
async fn a_daemon_does_not_outlive_its_task_and_the_log_says_so() {
    let stage = Stage::new().await;
    let code = format!(
        "#!/usr/bin/env python3
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.dup2(os.open('/dev/null', os.O_RDWR), 1)
        os.dup2(1, 2)
        with open('{0}/daemon', 'w') as out: print(os.getpid(), file=out)
        time.sleep(1000)
    os._exit(0)
os.wait()
while not os.path.exists('{0}/daemon'): time.sleep(0.001)
",
        stage.root.path().display()
    );
    let end = stage.run(script(&code, "")).await;
    assert_eq!(end.result, TaskResult::Succeeded, "{}", end.message);
    assert!(!lives(stage.number_in("daemon").await));
    assert!(
        stage.warnings()[0].contains("left running"),
        "{:?}",
        stage.warnings()
    );
}

#[tokio::test]
async fn a_daemon_without_environment_and_group_does_not_outlive_the_last_task() {
    let stage = Stage::new().await;
    let command = format!(
        "(env -i setsid /bin/bash -c 'echo $$ > {0}/daemon; exec /bin/sleep 1000' >/dev/null 2>&1 &)
        until [ -s {0}/daemon ]; do /bin/sleep 0.001; done",
        stage.root.path().display()
    );
    assert_eq!(stage.shell(&command).await.result, TaskResult::Succeeded);
    assert!(!lives(stage.number_in("daemon").await));
}

#[tokio::test]
async fn a_daemon_without_environment_is_not_taken_from_a_task_that_runs_beside() {
    let stage = Stage::new().await;
    let root = stage.root.path().display();
    let command = format!(
        "(env -i setsid /bin/bash -c 'echo $$ > {root}/daemon; exec /bin/sleep 1000' >/dev/null 2>&1 &)
        until [ -e {root}/go ]; do /bin/sleep 0.001; done"
    );
    let other = async {
        let daemon = stage.number_in("daemon").await;
        assert_eq!(stage.shell("true").await.result, TaskResult::Succeeded);
        assert!(lives(daemon), "another task's end took it");
        std::fs::write(stage.path("go"), "").unwrap();
        daemon
    };
    let (end, daemon) = tokio::join!(stage.shell(&command), other);
    assert_eq!(end.result, TaskResult::Succeeded);
    assert!(!lives(daemon));
}

#[tokio::test]
async fn a_background_writer_may_finish_its_last_lines() {
    let stage = Stage::new().await;
    let end = stage
        .shell("echo done | cat; exec > >(sed 's/^/> /'); echo late")
        .await;
    assert_eq!(end.result, TaskResult::Succeeded);
    assert_eq!(stage.output(), ["done", "> late"]);
    assert_eq!(stage.warnings(), [""; 0]);
}

#[tokio::test]
async fn a_task_that_is_killed_before_it_begins_never_runs() {
    let stage = Stage::new().await;
    let (_kill, signal) = watch::channel(Some("too late".to_owned()));
    let command = format!("touch {}/ran", stage.root.path().display());
    let end = stage.run_with(shell(&command), signal).await;
    assert_eq!((end.result, end.started_at), (TaskResult::Killed, None));
    assert!(!stage.path("ran").exists());
}

#[tokio::test]
async fn an_abandoned_run_leaves_no_process() {
    let stage = Stage::new().await;
    let command = format!("echo $$ > {}/main; sleep 1000", stage.root.path().display());
    let pid = tokio::select! {
        end = stage.shell(&command) => panic!("it ended: {end:?}"),
        pid = stage.number_in("main") => pid,
    };
    until("the process is gone", || !lives(pid)).await;
}

#[tokio::test]
async fn variables_tell_what_runs_and_the_nodes_own_stay_hidden() {
    let stage = Stage::new().await;
    let awkward = "a'b\"c\n<中文> $x &";
    let task = with_params(
        shell(
            "printf '%s\\n' \"$PEERFLOW_INSTANCE|$PEERFLOW_WORKFLOW|$PEERFLOW_STEP|$PEERFLOW_ATTEMPT\"; \
               env -0 | grep -zac '^PEERFLOW__STORE' ; printf '%s' \"$PEERFLOW_PARAM_d\"; echo; \
               env -0 | grep -za '^PEERFLOW_PARAM_数据' | tr '\\0' '\\n'",
        ),
        [
            ("d", awkward),
            ("数据 日期", "值=1"),
            ("bad=name", "x"),
            ("", "y"),
        ],
    );
    let end = stage.run(task).await;
    assert_eq!(end.result, TaskResult::Succeeded, "{}", end.message);
    let lines = stage.output();
    assert_eq!(lines[0], "0abcdefghjkmnpqr|工作流 \"1\"|做 <it>|2");
    assert_eq!(lines[1], "0");
    assert_eq!(lines[2..4].join("\n"), awkward);
    assert_eq!(lines[4], "PEERFLOW_PARAM_数据 日期=值=1");
    assert_eq!(stage.warnings().len(), 2);
}

#[tokio::test]
async fn values_that_no_process_can_be_given_are_clear_errors() {
    let stage = Stage::new().await;
    let end = stage.run(with_params(shell("true"), [("x", "a\0b")])).await;
    assert_eq!(end.result, TaskResult::Failed);
    assert!(
        end.message.contains("parameter `x` holds a NUL"),
        "{}",
        end.message
    );

    let large = "x".repeat(200 * 1024);
    let end = stage
        .run(with_params(shell("true"), [("big", large.as_str())]))
        .await;
    assert_eq!(end.result, TaskResult::Failed);
    assert!(
        end.message.contains("PEERFLOW_PARAM_big") && end.message.contains("in a file"),
        "{}",
        end.message
    );

    // What comes close to the limit works.
    let fitting = "x".repeat(120 * 1024);
    let end = stage
        .run(with_params(
            shell("echo ${#PEERFLOW_PARAM_big}"),
            [("big", fitting.as_str())],
        ))
        .await;
    assert_eq!(end.result, TaskResult::Succeeded, "{}", end.message);
    assert_eq!(stage.output(), ["122880"]);
}

#[tokio::test]
async fn a_command_longer_than_an_argument_may_be_runs_all_the_same() {
    let stage = Stage::new().await;
    let end = stage
        .shell(&format!("{}\necho end", "true\n".repeat(60_000)))
        .await;
    assert_eq!(end.result, TaskResult::Succeeded, "{}", end.message);
    assert_eq!(stage.output(), ["end"]);
}

#[tokio::test]
async fn many_tasks_at_once_all_end_as_they_should() {
    let stage = Arc::new(Stage::new().await);
    let mut running = JoinSet::new();
    for number in 0..120 {
        let stage = Arc::clone(&stage);
        let command = format!("(sleep 0.0{} &) ; exit {}", number % 10, number % 5);
        running.spawn(async move { (number, stage.shell(&command).await) });
    }
    for (number, end) in running.join_all().await {
        assert_eq!(end.exit_code, Some(number % 5), "{number}: {}", end.message);
    }
}
