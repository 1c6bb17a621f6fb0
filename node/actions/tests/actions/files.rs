//! Attached and executed files.

use std::collections::BTreeMap;
use std::sync::Arc;

use peerflow_actions::{Task, TaskResult};
use peerflow_model::{ContentHash, FileRecord};
use peerflow_workflow::{FileExecutor, Script, Work};

use crate::stage::{MemoryFiles, Setting, Stage, record, task};

fn with_files(mut task: Task, files: Vec<FileRecord>) -> Task {
    task.files = Arc::from(files);
    task
}

async fn stage(contents: &[&[u8]]) -> Stage {
    let contents: BTreeMap<_, _> = contents
        .iter()
        .map(|it| (ContentHash::of(it), it.to_vec()))
        .collect();
    let files = MemoryFiles {
        contents,
        ..MemoryFiles::default()
    };
    Stage::with(Setting {
        files,
        ..Setting::default()
    })
    .await
}

fn script_with(code: &str, attachments: &[&str]) -> Task {
    task(Work::Script(Script {
        code: code.to_owned(),
        arguments: String::new(),
        attachments: attachments.iter().map(|&it| it.to_owned()).collect(),
    }))
}

fn executor(command: &str, file: &str, attachments: &[&str]) -> Task {
    task(Work::FileExecutor(FileExecutor {
        command: command.to_owned(),
        file: file.to_owned(),
        attachments: attachments.iter().map(|&it| it.to_owned()).collect(),
    }))
}

#[tokio::test]
async fn attachments_lie_in_the_directory_and_the_log_names_their_versions() {
    let (data, tool): (&[u8], &[u8]) = ("数据\n".as_bytes(), b"#!/bin/sh\necho tool\n");
    let stage = stage(&[data, tool]).await;
    let files = vec![
        record("in/数据.txt", data, false),
        record("/x/tool.sh", tool, true),
    ];
    let task = script_with(
        "cat 数据.txt; ./tool.sh; ls",
        &["in/数据.txt", "/x/tool.sh"],
    );
    let end = stage.run(with_files(task, files)).await;
    assert_eq!(end.result, TaskResult::Succeeded, "{}", end.message);
    let lines = stage.output();
    let version = &ContentHash::of(data).to_string()[..12];
    assert_eq!(lines[0], format!("file in/数据.txt: version {version}"));
    assert_eq!(lines[2..], ["数据", "tool", "tool.sh", "数据.txt"]);
}

#[tokio::test]
async fn a_file_executor_runs_the_local_copy() {
    let (program, data): (&[u8], &[u8]) = (
        b"import sys\nprint(open('d').read(), sys.argv[1:])\n",
        b"attached",
    );
    let direct: &[u8] = b"#!/bin/sh\necho direct $1\n";
    let stage = stage(&[program, data, direct]).await;
    let files = vec![
        record("jobs/a b.py", program, false),
        record("/y/d", data, false),
        record("./run.sh", direct, false),
    ];
    let python = executor("python3 'jobs/a b.py' 1 '2 3'", "jobs/a b.py", &["/y/d"]);
    for task in [python, executor("./run.sh x", "./run.sh", &[])] {
        let end = stage.run(with_files(task, files.clone())).await;
        assert_eq!(end.result, TaskResult::Succeeded, "{}", end.message);
    }
    let lines: Vec<String> = stage
        .output()
        .into_iter()
        .filter(|it| !it.starts_with("file "))
        .collect();
    assert_eq!(lines, ["attached ['1', '2 3']", "direct x"]);
}

#[tokio::test]
async fn a_file_that_was_not_snapshotted_is_found_on_the_node() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("2026.txt");
    std::fs::write(&path, "found\n").unwrap();
    let found = BTreeMap::from([("in/2026.txt".to_owned(), path)]);
    let files = MemoryFiles {
        found,
        ..MemoryFiles::default()
    };
    let stage = Stage::with(Setting {
        files,
        ..Setting::default()
    })
    .await;
    let end = stage
        .run(script_with("cat 2026.txt", &["in/2026.txt"]))
        .await;
    assert_eq!(end.result, TaskResult::Succeeded, "{}", end.message);
    assert_eq!(stage.output()[1], "found");
}

#[tokio::test]
async fn files_that_cannot_be_brought_are_clear_errors_and_nothing_is_left() {
    let stage = stage(&[]).await;
    let mut large = record("large", b"", false);
    large.size = 65 << 20;
    let cases = [
        (vec![], vec!["none.txt"], "none.txt was not found"),
        (
            vec![record("gone", b"x", false)],
            vec!["gone"],
            "cannot be brought here: nobody has it",
        ),
        (vec![large], vec!["large"], "has 65 MiB"),
        (vec![], vec!["a/.."], "names no file"),
    ];
    for (files, attachments, expected) in cases {
        let end = stage
            .run(with_files(script_with("true", &attachments), files))
            .await;
        assert_eq!((end.result, end.started_at), (TaskResult::Failed, None));
        assert!(end.message.contains(expected), "{}", end.message);
    }
    assert_eq!(stage.left_behind(), [""; 0]);
}

#[tokio::test]
async fn two_files_of_one_name_are_refused() {
    let stage = stage(&[b"1", b"2"]).await;
    let files = vec![record("a/x", b"1", false), record("b/x", b"2", false)];
    let end = stage
        .run(with_files(script_with("true", &["a/x", "b/x"]), files))
        .await;
    assert!(
        end.message.contains("two attached files are called `x`"),
        "{}",
        end.message
    );
}
