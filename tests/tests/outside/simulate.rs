//! `peerflow simulate`: virtual clusters and plans, as developers and operators ask for them.

use std::path::{Path, PathBuf};

use peerflow_tests::{Outcome, run, run_in};
use serde_json::Value;
use tempfile::TempDir;

/// Runs `peerflow simulate` with these words in a folder.
fn simulate(folder: &Path, words: &str) -> Outcome {
    let words: Vec<&str> = ["simulate"].into_iter().chain(words.split(' ')).collect();
    run_in(folder, &words)
}

/// A folder with these documents in `flows`.
fn folder(documents: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("flows")).expect("a folder in it");
    for (name, xml) in documents {
        std::fs::write(folder.path().join("flows").join(name), xml).expect("a document");
    }
    folder
}

fn read(folder: &TempDir, name: &str) -> String {
    std::fs::read_to_string(folder.path().join(name)).expect("a file that was written")
}

/// Fires each minute and takes 90 s, one after the other.
const MINUTELY: &str = r##"<work-flow name="minutely" instance-limit="1">
<coordinator><depend-list cron="* * * * *"/></coordinator>
<start name="start" to="work"/>
<action name="work"><shell><command># simulate: takes 90s</command></shell><ok to="end"/></action>
<end name="end"/>
</work-flow>"##;

/// Runs when it is asked.
const ASKED: &str = r##"<work-flow name="asked">
<start name="start" to="work"/>
<action name="work"><shell><command># simulate: takes 2h, fails</command></shell><ok to="end"/></action>
<end name="end"/>
</work-flow>"##;

#[test]
fn a_seed_runs_with_faults_and_says_that_every_invariant_held() {
    let folder = folder(&[]);
    let outcome = simulate(folder.path(), "--seed 3 --for 10s --page run.html");
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    let text = outcome.text();
    for words in [
        "seed 3: every invariant held",
        "Instances",
        "every-three-seconds",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let page = read(&folder, "run.html");
    assert!(page.starts_with("<!DOCTYPE html>") || page.starts_with("<!doctype html>"));
    assert!(
        page.contains("peerflow simulate --seed 3"),
        "no command in the page"
    );
}

#[test]
fn the_same_seed_gives_the_same_trace_byte_for_byte_and_another_seed_another() {
    let folder = folder(&[]);
    let mut traces = Vec::new();
    for seed in 1..=4 {
        for file in ["first", "second"] {
            let words = format!("--seed {seed} --for 8s --trace {file}");
            let outcome = simulate(folder.path(), &words);
            assert_eq!(outcome.code, 0, "{}", outcome.text());
        }
        let (first, second) = (read(&folder, "first"), read(&folder, "second"));
        assert!(first.lines().count() > 50, "{first}");
        let differs = first.lines().zip(second.lines()).find(|(a, b)| a != b);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(first, second, "seed {seed}");
        traces.push(first);
    }
    traces.sort();
    traces.dedup();
    assert_eq!(traces.len(), 4);
}

#[test]
fn many_seeds_are_run_at_once_and_counted() {
    let outcome = run(&[
        "-o", "json", "simulate", "--seeds", "5..8", "--jobs", "2", "--for", "5s",
    ]);
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    let answer: Value = serde_json::from_str(&outcome.stdout).expect("an answer as JSON");
    assert_eq!(answer["done"], 4);
    assert_eq!(answer["failed"], serde_json::json!([]));
    assert!(answer["seeds_per_hour"].as_u64() > Some(0), "{answer}");
}

/// A scenario that expects what cannot be.
const IMPOSSIBLE: &str = r#"
name = "impossible"
lasts = "5s"
[expect]
runs_at_least = 1000000
"#;

#[test]
fn a_failure_ends_with_one_and_tells_how_to_see_it_again() {
    let folder = folder(&[]);
    std::fs::write(folder.path().join("impossible.toml"), IMPOSSIBLE).expect("a file");
    let command = "peerflow simulate --seed 2 --scenario impossible.toml";
    let one = simulate(folder.path(), "--seed 2 --scenario impossible.toml");
    assert_eq!(one.code, 1, "{}", one.text());
    for words in [
        command,
        "expectation",
        "The last 20 events of each node",
        "commit",
    ] {
        assert!(one.stdout.contains(words), "{words}: {}", one.text());
    }
    let many = simulate(folder.path(), "--seeds 2..3 --scenario impossible.toml");
    assert_eq!(many.code, 1, "{}", many.text());
    assert!(many.stdout.contains(command), "{}", many.text());
    assert!(many.stdout.contains("2 seeds, 2 failed"), "{}", many.text());
    let lines = many.stderr.lines().filter(|line| line.starts_with("seed "));
    assert_eq!(lines.count(), 2, "{}", many.stderr);
}

#[test]
fn own_workflows_run_by_schedule_and_by_trigger_on_a_quiet_cluster() {
    let folder = folder(&[("minutely.xml", MINUTELY), ("asked.xml", ASKED)]);
    let words = "--workflows flows --hours 0.1 --nodes 2 --begin 2026-11-20 --timezone Asia/Shanghai --trigger asked";
    let words: Vec<&str> = ["-o", "json", "simulate"]
        .into_iter()
        .chain(words.split(' '))
        .collect();
    let outcome = run_in(folder.path(), &words);
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    let answer: Value = serde_json::from_str(&outcome.stdout).expect("an answer as JSON");
    assert_eq!(answer["held"], true);
    assert_eq!(answer["options"]["faults"], "0");
    assert_eq!(answer["options"]["begin"], "2026-11-19T16:00:00Z");
    // Six minutes: runs of 90 s one after the other, and the one that was triggered still runs.
    let succeeded = answer["instances"]["succeeded"]
        .as_u64()
        .unwrap_or_default();
    assert!((3..=4).contains(&succeeded), "{answer}");
    assert!(answer["instances"]["open"].as_u64() > Some(1), "{answer}");
}

#[test]
fn documents_with_errors_are_refused_with_their_place_before_anything_runs() {
    let broken =
        "<work-flow name=\"w\">\n<start name=\"s\" to=\"ned\"/>\n<end name=\"end\"/>\n</work-flow>";
    let folder = folder(&[("good.xml", MINUTELY), ("bad.xml", broken)]);
    for period in ["--hours 1", "--from 2026-11-20"] {
        let outcome = simulate(folder.path(), &format!("--workflows flows {period}"));
        assert_eq!(outcome.code, 2, "{}", outcome.text());
        for words in ["bad.xml:2:", "ned", "correct"] {
            assert!(
                outcome.stderr.contains(words),
                "{words}: {}",
                outcome.text()
            );
        }
    }
}

#[test]
fn a_hint_that_cannot_be_read_is_named_with_its_step() {
    let folder = folder(&[("w.xml", &MINUTELY.replace("takes 90s", "takes ages"))]);
    let outcome = simulate(folder.path(), "--workflows flows --hours 1");
    assert_eq!(outcome.code, 2, "{}", outcome.text());
    for words in ["w.xml", "\"work\"", "takes ages", "10m"] {
        assert!(
            outcome.stderr.contains(words),
            "{words}: {}",
            outcome.text()
        );
    }
}

#[test]
fn a_day_is_planned_with_given_durations_in_text_json_and_as_a_page() {
    let folder = folder(&[("minutely.xml", &MINUTELY.replace("simulate:", "takes:"))]);
    let durations = "[[step]]\nworkflow = \"minutely\"\nstep = \"work\"\ntakes = \"30s\"\n";
    std::fs::write(folder.path().join("durations.toml"), durations).expect("a file");
    let words = "--workflows flows --from 2026-11-20 --to 2026-11-21 --timezone UTC --durations durations.toml";
    let text = simulate(folder.path(), &format!("{words} --page plan.html"));
    assert_eq!(text.code, 0, "{}", text.text());
    assert!(text.stdout.contains("2880 instances"), "{}", text.text());
    assert!(read(&folder, "plan.html").contains("minutely"));

    let words: Vec<&str> = ["-o", "json", "simulate"]
        .into_iter()
        .chain(words.split(' '))
        .collect();
    let outcome = run_in(folder.path(), &words);
    assert_eq!(outcome.code, 0, "{}", outcome.text());
    let plan: Value = serde_json::from_str(&outcome.stdout).expect("a plan as JSON");
    let task = &plan["instances"][10]["tasks"][0];
    let at = |key: &str| {
        task[key]
            .as_str()
            .and_then(|at| at.parse::<jiff::Timestamp>().ok())
    };
    let took = at("to")
        .zip(at("from"))
        .map(|(to, from)| to.duration_since(from).as_secs());
    assert_eq!(took, Some(30), "{task}");
}

#[test]
fn what_cannot_be_meant_is_explained() {
    let folder = folder(&[("asked.xml", ASKED)]);
    for (words, told) in [
        ("--faults crash,flood", "\"flood\""),
        ("--hours 1 --for 3s", "cannot be used with"),
        ("--from 2026-11-20", "--workflows"),
        (
            "--from 2026-11-20 --workflows flows --faults all",
            "cannot be used with",
        ),
        ("--seeds 9..1", "after the last"),
        ("--seeds 1..2 --trace t", "cannot be used with"),
        ("--scenario nope", "paused-master"),
        (
            "--scenario paused-master --faults all",
            "cannot be used with",
        ),
        ("--workflows flows --trigger unknown", "unknown"),
        ("--workflows nowhere", "nowhere"),
        ("--begin someday", "someday"),
        ("--timezone Mars/Base", "Mars/Base"),
        ("--latency 5s", "--latency"),
        (
            "--workflows flows --from 2026-11-20 --to 2026-11-10",
            "later end",
        ),
    ] {
        let outcome = simulate(folder.path(), words);
        assert_eq!(outcome.code, 2, "{words}: {}", outcome.text());
        assert!(outcome.stderr.contains(told), "{words}: {}", outcome.text());
    }
}

#[test]
fn the_examples_can_be_planned_and_simulated() {
    let examples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../xmlconfig");
    let folder = folder(&[]);
    let examples = examples.display();
    for period in [
        "--from 2026-11-20 --switched-off-too",
        "--for 20s --faults crash",
    ] {
        let outcome = simulate(folder.path(), &format!("--workflows {examples} {period}"));
        assert_eq!(outcome.code, 0, "{}", outcome.text());
    }
}
