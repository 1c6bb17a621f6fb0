//! What text between delimiters cannot say, and that it is told.

use std::time::Duration;

use peerflow_tests::data::{Place, Rows};
use peerflow_tests::{Node, NodeBuilder, eventually};

use crate::transfer_pairs::{folder_of_links, workflow};

/// Longer than any of it takes.
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn a_delimiter_within_values_is_counted_and_whoever_reads_the_file_is_told_the_line() {
    let (folder, places) = folder_of_links();
    let rows = Rows::new(500);
    places.create(Place::Sqlite, "source");
    places.load(Place::Sqlite, "source", rows.all());
    let path = places.file("tabs");
    let node = NodeBuilder::new(folder.path()).start();
    let source = r#"<source type="DB" db-link="sqlite">source</source>"#;
    let target = format!(r#"<target type="FILE" path="{}"/>"#, path.display());
    let (ended, log) = transfer_on(&node, "write", source, &target);
    assert_eq!(ended, "succeeded", "{log}");
    let texts = rows.all().flat_map(|row| row.0.into_iter().skip(7).take(2));
    let tabs = texts
        .flatten()
        .filter(|value| value.contains(&b'\t'))
        .count();
    assert!(
        log.contains(&format!("{tabs} value(s) hold the delimiter")) && log.contains("csv"),
        "{tabs}: {log}"
    );

    let source = format!(r#"<source type="FILE">{}</source>"#, path.display());
    let target = r#"<target type="DB" db-link="sqlite" table="made"/>"#;
    let (ended, log) = transfer_on(&node, "read", &source, target);
    assert_eq!(ended, "failed", "{log}");
    assert!(
        log.contains(", line ") && log.contains("are expected"),
        "{log}"
    );
    assert_eq!(places.names(Place::Sqlite), ["source"]);
}

/// Runs a workflow of one transfer on a node; gives the instance's outcome and log.
fn transfer_on(node: &Node, name: &str, source: &str, target: &str) -> (String, String) {
    let folder = "/api/v1/links/db";
    eventually("the links are read", LIMIT, || {
        let listed = node.api.get(folder);
        listed.text.contains("sqlite").then_some(())
    });
    node.api.put_workflow(name, &workflow(name, source, target));
    let id = eventually("the run is acknowledged", LIMIT, || node.api.try_run(name));
    let instance = eventually("the transfer ends", LIMIT, || {
        let instance = node.api.try_instance(&id)?;
        (!instance["ended_at"].is_null()).then_some(instance)
    });
    let log = node.api.get(&format!("/api/v1/instances/{id}/log"));
    let told = format!("{instance}\n{}", log.text);
    (
        instance["status"].as_str().unwrap_or_default().to_owned(),
        told,
    )
}
