//! The examples as shipped: each does what its comment says.

use std::path::PathBuf;

use peerflow_tests::{Outcome, run};

fn example(name: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../xmlconfig/example")
        .join(name)
        .display()
        .to_string()
}

fn run_example(name: &str, more: &[&str]) -> Outcome {
    let mut arguments = vec!["run".to_owned(), example(name)];
    arguments.extend(more.iter().map(|each| (*each).to_owned()));
    run(&arguments)
}

#[test]
fn every_example_that_runs_alone_ends_as_its_comment_says() {
    let cases = [
        ("quickstart.xml", 0),
        ("control/failing-branch.xml", 0),
        ("control/loop.xml", 0),
        ("control/kill.xml", 3),
        ("control/retry-and-timeout.xml", 0),
        ("control/parameters.xml", 0),
        ("control/中文.xml", 0),
        ("actions/scripts.xml", 0),
        ("actions/monitors.xml", 0),
        ("actions/email.xml", 0),
        ("actions/databases.xml", 1),
    ];
    for (name, code) in cases {
        let outcome = run_example(name, &[]);
        assert_eq!(outcome.code, code, "{name}: {}", outcome.text());
    }
}

#[test]
fn every_example_passes_the_check_without_warnings() {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::from(example(""))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the examples are there") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "xml") {
                files.push(path.display().to_string());
            }
        }
    }
    assert!(files.len() > 12, "only {} examples", files.len());
    for file in files {
        let outcome = run(&["-o", "json", "workflow", "check", &file]);
        assert_eq!(outcome.code, 0, "{file}: {}", outcome.text());
        let answer: serde_json::Value =
            serde_json::from_str(&outcome.stdout).expect("an answer as JSON");
        assert_eq!(answer["items"][0]["valid"], true, "{file}: {answer:#}");
        assert_eq!(
            answer["items"][0]["warnings"],
            serde_json::json!([]),
            "{file}: {answer:#}"
        );
    }
}

#[test]
fn an_action_on_a_link_that_is_not_there_names_it() {
    let outcome = run_example("actions/databases.xml", &[]);
    assert_eq!(outcome.code, 1, "{}", outcome.text());
    assert!(outcome.text().contains("warehouse"), "{}", outcome.text());
}
