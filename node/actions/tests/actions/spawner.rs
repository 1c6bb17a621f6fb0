//! The spawner's life: its node's death, its own, and what an earlier one left behind.

use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use peerflow_actions::{BootTime, Spawner, SpawnerError, TaskResult, become_subreaper};
use peerflow_workflow::OnPartition;

use crate::stage::{Stage, lives, shell, spawner_options, until, with_action};

/// A command that starts a plain child, a `setsid` child and a daemon, all of which ignore TERM, and waits for ever.
fn stubborn(stage: &Stage) -> String {
    format!(
        "trap '' TERM; cd {}; sleep 1000 & echo $! > child; setsid sleep 1000 & echo $! > session; \
         (setsid bash -c 'echo $$ > daemon; exec sleep 1000' &); echo $$ > main; wait",
        stage.root.path().display()
    )
}

async fn pids(stage: &Stage) -> [i32; 4] {
    [
        stage.number_in("main").await,
        stage.number_in("child").await,
        stage.number_in("session").await,
        stage.number_in("daemon").await,
    ]
}

fn pid_of(spawner: &Spawner) -> Pid {
    Pid::from_raw(i32::try_from(spawner.pid().unwrap()).unwrap())
}

#[tokio::test]
async fn nothing_survives_when_the_nodes_end_of_the_socket_closes() {
    let stage = Stage::new().await;
    let command = stubborn(&stage);
    let pids = tokio::select! {
        end = stage.shell(&command) => panic!("it ended: {end:?}"),
        pids = pids(&stage) => pids,
    };
    let spawner = pid_of(stage.spawner());
    assert!(lives(spawner.as_raw()));
    let Stage { runner, root, .. } = stage;
    drop(runner);
    until("all are gone", || !pids.iter().any(|&pid| lives(pid))).await;
    until("the spawner is gone", || !lives(spawner.as_raw())).await;
    drop(root);
}

#[tokio::test]
async fn stopping_ends_running_tasks_as_revoked() {
    let stage = Stage::new().await;
    let command = stubborn(&stage);
    let stopping = async {
        let pids = pids(&stage).await;
        stage.spawner().stop().await;
        pids
    };
    let (end, pids) = tokio::join!(stage.shell(&command), stopping);
    assert_eq!(end.result, TaskResult::Revoked);
    assert!(!pids.iter().any(|&pid| lives(pid)));
    assert_eq!(stage.shell("true").await.result, TaskResult::Revoked);
}

#[tokio::test]
async fn a_stopped_node_cannot_let_a_task_overrun() {
    // The spawner is told once and watches by itself: nothing of the node runs until the process is gone.
    let stage = Stage::new().await;
    let mut task = shell(&format!(
        "echo $$ > {}/main; exec sleep 1000",
        stage.root.path().display()
    ));
    task.timeout = Some(Duration::from_millis(300));
    let pid = tokio::select! {
        end = stage.run(task) => panic!("it ended: {end:?}"),
        pid = async {
            let pid = stage.number_in("main").await;
            let end = BootTime::now().after(Duration::from_secs(20));
            // Blocks the only thread of this test's runtime.
            while lives(pid) && BootTime::now() < end {
                std::thread::yield_now();
            }
            pid
        } => pid,
    };
    assert!(!lives(pid));
}

#[tokio::test]
async fn tasks_of_a_dead_spawner_are_revoked_and_a_new_one_takes_over() {
    become_subreaper().unwrap();
    let stage = Stage::new().await;
    let command = stubborn(&stage);
    let killing = async {
        let pids = pids(&stage).await;
        let first = pid_of(stage.spawner());
        kill(first, Signal::SIGKILL).unwrap();
        (first, pids)
    };
    let (end, (first, pids)) = tokio::join!(stage.shell(&command), killing);
    assert_eq!(end.result, TaskResult::Revoked);
    assert!(end.message.contains("spawner"), "{}", end.message);
    assert!(
        !pids.iter().any(|&pid| lives(pid)),
        "revoked while something of it lives"
    );
    // What is asked for meanwhile waits for the new one.
    let end = stage.shell("echo again").await;
    assert_eq!(end.result, TaskResult::Succeeded, "{}", end.message);
    assert_ne!(pid_of(stage.spawner()), first);
}

#[tokio::test]
async fn survivors_of_an_earlier_life_are_killed_at_the_start() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().canonicalize().unwrap();
    let start = |mark: String| {
        let mut command = std::process::Command::new("sleep");
        command
            .arg("1000")
            .env("PEERFLOW_MARK", mark)
            .stdin(Stdio::null())
            .process_group(0);
        command.spawn().unwrap()
    };
    let mut survivor = start(format!("{}@1f.7", path.display()));
    let mut foreign = start(format!("{}x@1f.7", path.display()));
    let spawner = Spawner::start(spawner_options(&path)).await.unwrap();
    assert!(
        survivor.try_wait().is_ok_and(|exit| exit.is_some()),
        "it survived"
    );
    assert!(
        foreign.try_wait().unwrap().is_none(),
        "another directory's process was killed"
    );
    foreign.kill().unwrap();
    foreign.wait().unwrap();
    spawner.stop().await;
}

#[tokio::test]
async fn one_spawner_serves_a_data_directory_at_a_time() {
    let root = tempfile::tempdir().unwrap();
    let first = Spawner::start(spawner_options(root.path())).await.unwrap();
    let mut hasty = spawner_options(root.path());
    hasty.patience = Duration::from_millis(50);
    let refused = Spawner::start(hasty).await.unwrap_err();
    let SpawnerError::Refused(message) = refused else {
        panic!("{refused:?}")
    };
    assert!(
        message.contains(&first.pid().unwrap().to_string()),
        "{message}"
    );

    let (second, ()) = tokio::join!(Spawner::start(spawner_options(root.path())), first.stop());
    assert!(second.unwrap().pid().is_some());
}

#[tokio::test]
async fn a_program_that_is_no_spawner_is_a_clear_error() {
    let root = tempfile::tempdir().unwrap();
    let mut options = spawner_options(root.path());
    options.program = "/bin/true".into();
    assert!(matches!(
        Spawner::start(options.clone()).await,
        Err(SpawnerError::EndedEarly { .. })
    ));
    options.program = "/no/such/program".into();
    assert!(matches!(
        Spawner::start(options).await,
        Err(SpawnerError::Start { .. })
    ));
}

#[tokio::test]
async fn a_grant_that_is_over_ends_bound_tasks_and_no_others() {
    let stage = Stage::new().await;
    let root = stage.root.path().display().to_string();
    let waiting = |name: &str| {
        shell(&format!(
            "trap '' TERM; echo $$ > {root}/{name}; while [ ! -e {root}/go ]; do sleep 0.01; done"
        ))
    };
    let free = with_action(waiting("free"), |action| {
        action.on_partition = OnPartition::Hold
    });
    stage
        .spawner()
        .grant(Some(BootTime::now().after(Duration::from_secs(3_600))));
    let ending = async {
        let (bound, free) = (
            stage.number_in("bound").await,
            stage.number_in("free").await,
        );
        // A later grant replaces the one before.
        stage
            .spawner()
            .grant(Some(BootTime::now().after(Duration::from_millis(100))));
        until("the bound one is gone", || !lives(bound)).await;
        assert!(lives(free));
        let end = stage.shell("true").await;
        assert_eq!(end.result, TaskResult::Revoked);
        assert!(end.message.contains("grant"), "{}", end.message);
        stage
            .spawner()
            .grant(Some(BootTime::now().after(Duration::from_secs(3_600))));
        // The new grant and the request travel in order only one after the other.
        assert_eq!(stage.shell("true").await.result, TaskResult::Succeeded);
        std::fs::write(stage.path("go"), "").unwrap();
    };
    let (bound, free, ()) = tokio::join!(stage.run(waiting("bound")), stage.run(free), ending);
    assert_eq!(bound.result, TaskResult::Revoked);
    assert!(bound.message.contains("grant"), "{}", bound.message);
    assert_eq!(free.result, TaskResult::Succeeded);
}

#[tokio::test]
async fn a_spawner_by_hand_explains_itself() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_spawner-process"))
        .args(["spawner-process", "/tmp", "100"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is for nodes"));
}
