//! The page.

use peerflow_model::InstanceStatus;
use serde_json::Value;

use super::records::{
    attempt, clock, committed, entry, instance, node, started, task_ended, task_started,
};
use super::sample::{night, nodes, slots};
use crate::history::{Entry, TaskFate, What};
use crate::report::page::page_within;
use crate::report::{Heading, Summary, Timeline, page};

const EVIL: &str = "</script><script>alert('1')</script> & \"报表\" {{data}}";

fn page_of(entries: &[Entry], nodes: &[peerflow_model::NodeId], limit: usize) -> String {
    let heading = Heading {
        title: EVIL.to_owned(),
        command: EVIL.to_owned(),
        outcome: EVIL.to_owned(),
        options: vec![(EVIL.to_owned(), EVIL.to_owned())],
        ..Heading::default()
    };
    let timeline = Timeline::of(entries, nodes, &clock()).with_slots(slots());
    page_within(&heading, &timeline, &Summary::of(&timeline), limit)
}

fn data_of(page: &str) -> Value {
    let (_, rest) = page.split_once("id=\"data\">").expect("the data");
    let (data, _) = rest.split_once("</script>").expect("its end");
    serde_json::from_str(data).expect("JSON")
}

#[test]
fn nothing_of_the_data_becomes_markup() {
    let load = attempt("a", EVIL, 1);
    let entries = [
        entry(0, started(EVIL, 1)),
        entry(
            1,
            committed("n1", vec![instance("a", EVIL, InstanceStatus::Succeeded)]),
        ),
        entry(
            2,
            What::FaultBegan {
                fault: EVIL.to_owned(),
            },
        ),
        entry(3, task_started(EVIL, &load)),
        entry(4, What::Crashed { node: node(EVIL) }),
        entry(4, task_ended(EVIL, &load, TaskFate::NodeDied)),
    ];
    let page = page_of(&entries, &[node(EVIL)], 100);
    // The template's own two, and none more.
    assert_eq!(page.matches("</script>").count(), 2);
    assert_eq!(page.matches("<script").count(), 2);
    assert!(!page.contains("alert('1')<"));
    assert!(page.contains("&lt;/script&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;报表&quot; {{data}}"));
    let data = data_of(&page);
    assert_eq!(data["workflows"][0], EVIL);
    assert_eq!(data["lanes"][0]["node"], EVIL);
    assert_eq!(data["faults"][0][3], EVIL);
}

#[test]
fn the_page_asks_for_nothing_from_outside() {
    let page = page_of(&night(), &nodes(), 50_000);
    for word in [
        "http://", "https://", "src=", "href=", "@import", "fetch(", "XMLHttp",
    ] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("default-src 'none'"));
    assert!(!page.contains("{{title}}") && !page.contains("{{style}}"));
}

#[test]
fn every_task_is_in_the_data_once() {
    let timeline = Timeline::of(&night(), &nodes(), &clock());
    let page = page(&Heading::default(), &timeline, &Summary::of(&timeline));
    let data = data_of(&page);
    let lanes = data["lanes"].as_array().expect("lanes");
    let bars: usize = lanes
        .iter()
        .map(|lane| lane["bars"].as_array().map_or(0, Vec::len))
        .sum();
    assert_eq!(bars, timeline.bars().count());
    assert!(!page.contains("too many to draw"));
}

#[test]
fn too_many_tasks_are_folded_counted_and_told_of() {
    let mut entries = vec![entry(0, started("n1", 1))];
    for number in 0..3_000 {
        let load = attempt(&number.to_string(), "load", 1);
        entries.push(entry(number * 10, task_started("n1", &load)));
        let fate = if number == 7 {
            TaskFate::Failed
        } else {
            TaskFate::Succeeded
        };
        entries.push(entry(number * 10 + 9, task_ended("n1", &load, fate)));
    }
    let page = page_of(&entries, &[node("n1")], 500);
    assert!(page.contains("3,000 tasks are too many to draw one by one"));
    let data = data_of(&page);
    let (bars, folds) = (&data["lanes"][0]["bars"], &data["lanes"][0]["folds"]);
    let (bars, folds) = (
        bars.as_array().expect("bars"),
        folds.as_array().expect("folds"),
    );
    assert!(bars.len() + folds.len() <= 500 && !folds.is_empty());
    let folded =
        |fate: usize| -> u64 { folds.iter().filter_map(|fold| fold[3][fate].as_u64()).sum() };
    let alone = bars.len() as u64;
    assert_eq!(folded(0) + folded(1) + alone, 3_000);
    assert_eq!(
        folded(1) + bars.iter().filter(|bar| bar[3] == 1).count() as u64,
        1
    );
}

#[test]
fn an_empty_history_is_a_page_too() {
    let page = page_of(&[], &[], 100);
    assert!(page.contains("None was made.") && page.ends_with("</html>\n"));
    assert_eq!(data_of(&page)["end"], 0.0);
}
