//! The report of a failure.

use super::records::{at, entry, node, started};
use super::sample::{night, nodes};
use crate::history::{Entry, What};
use crate::report::words::columns;
use crate::report::{FailureReport, Heading, LogLines};

fn heading() -> Heading {
    Heading {
        seed: Some(42),
        commit: "abc".to_owned(),
        command: "peerflow simulate --seed 42".to_owned(),
        options: vec![("loss".to_owned(), "3 %".to_owned())],
        ..Heading::default()
    }
}

fn report(entries: &[Entry], names: &[&str], last: usize, width: usize) -> String {
    let nodes: Vec<_> = names.iter().map(|name| node(name)).collect();
    let line = |number: u64| (at(number), format!("line {number}"));
    let logs = LogLines::from([(node("n1"), (1..=9).map(line).collect())]);
    FailureReport {
        heading: &heading(),
        invariant: "one master in an epoch",
        seen: "n1 and n2 in epoch 4",
        entries,
        nodes: &nodes,
        logs: &logs,
        last,
        width,
    }
    .to_string()
}

#[test]
fn it_tells_all_that_is_needed_to_see_it_again() {
    let text = report(&[], &["n1"], 3, 80);
    for wanted in [
        "broken   one master in an epoch",
        "seen     n1 and n2 in epoch 4",
        "seed     42",
        "commit   abc",
        "options  loss=3 %",
        "    peerflow simulate --seed 42",
        "00:00:00.007  line 7",
    ] {
        assert!(text.contains(wanted), "{wanted} is missing in\n{text}");
    }
    assert!(!text.contains("line 6"));
}

#[test]
fn each_node_has_its_column_and_what_concerns_all_goes_across() {
    let entries = [
        entry(1, started("n1", 1)),
        entry(2, started("n2", 1)),
        entry(
            3,
            What::FaultBegan {
                fault: "partition n1 | n2".to_owned(),
            },
        ),
        entry(3, What::Crashed { node: node("n2") }),
    ];
    let text = report(&entries, &["n1", "n2"], 5, 80);
    let table: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with("              n1"))
        .take(5)
        .collect();
    let column = table[0].find("n2").expect("the second column");
    assert_eq!(table[1], "00:00:00.001  starts, incarnation 1");
    assert_eq!(table[2].find("starts"), Some(column));
    assert_eq!(table[3], "00:00:00.003  == fault: partition n1 | n2 ==");
    assert_eq!(table[4].find("dies"), Some(column));
    assert!(!table[4].contains("00:00"));
}

#[test]
fn only_the_last_events_of_each_node_are_told_and_what_happened_since() {
    let mut entries = vec![entry(
        1,
        What::FaultBegan {
            fault: "long ago".to_owned(),
        },
    )];
    entries.extend((2..40).map(|now| entry(now, started("n1", now))));
    entries.push(entry(50, started("n2", 1)));
    let text = report(&entries, &["n1", "n2"], 3, 80);
    assert!(text.contains("incarnation 39") && text.contains("incarnation 37"));
    assert!(!text.contains("incarnation 36") && !text.contains("long ago"));
    assert!(text.contains("00:00:00.050"));
}

#[test]
fn nodes_that_do_not_fit_come_in_a_block_below() {
    let names: Vec<String> = nodes().iter().map(ToString::to_string).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let text = report(&night(), &names, 5, 70);
    let heads = text
        .lines()
        .filter(|line| line.starts_with("              n") || line.starts_with("              北"));
    assert!(heads.count() >= 2, "{text}");
    let events = text
        .lines()
        .skip_while(|line| !line.starts_with("The last"));
    for line in events.take_while(|line| !line.starts_with("The log")) {
        assert!(columns(line) <= 70, "{line}");
    }
}

#[test]
fn a_node_is_not_taken_for_one_whose_name_begins_alike() {
    let text = report(
        &[entry(
            1,
            What::StartFailed {
                node: node("n1"),
                why: "n10 runs on n10".to_owned(),
            },
        )],
        &["n1"],
        5,
        80,
    );
    assert!(text.contains("cannot start: n10 runs on n10"), "{text}");
}
