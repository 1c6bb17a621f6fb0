//! Scenarios as files: what they may say, and that those with a name are as they should be.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::{Scenario, named, names};

const LEAST: &str = "name = 'x'\nlasts = '10s'\n";

fn parse(more: &str) -> Result<Scenario, String> {
    let parsed = Scenario::parse("x.toml", &format!("{LEAST}{more}"));
    parsed.map_err(|error| {
        use std::error::Error;
        let source = error.source().map(ToString::to_string);
        format!("{error} {}", source.unwrap_or_default())
    })
}

fn files(folder: &str, ending: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = std::fs::read_dir(folder).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    files
        .filter_map(|file| file.strip_suffix(ending).map(str::to_owned))
        .collect()
}

#[test]
fn every_file_is_a_scenario_of_its_name_with_a_story() {
    let known: Vec<&str> = names().collect();
    assert!(known.is_sorted(), "{known:?}");
    let known: BTreeSet<String> = known.into_iter().map(str::to_owned).collect();
    assert_eq!(known, files("scenarios", ".toml"));
    for name in names() {
        let scenario = named(name).unwrap();
        assert_eq!(scenario.name, name);
        assert!(scenario.story.ends_with('.'), "{name}: {}", scenario.story);
        assert!(!scenario.story.contains('\n'), "{name}: {}", scenario.story);
        assert!(!scenario.incidents.is_empty(), "{name} goes well");
        for incident in &scenario.incidents {
            assert!(incident.at < scenario.lasts, "{name}: {incident:?}");
        }
        // A run in which nothing was done proves nothing.
        assert!(scenario.expect.runs_at_least.is_some(), "{name}");
    }
}

#[test]
fn every_scenario_is_told_of_in_the_documentation() {
    let page = include_str!("../../../docs/simulation.md");
    for name in names() {
        assert!(page.contains(&format!("| `{name}` |")), "{name}");
    }
}

#[test]
fn a_scenario_that_there_is_not_is_told_with_those_that_there_are() {
    let told = named("nothing").unwrap_err().to_string();
    assert!(told.contains("\"nothing\""), "{told}");
    assert!(told.contains("paused-master"), "{told}");
}

#[test]
fn every_workflow_of_the_folders_can_be_registered_under_its_name() {
    let standard = parse("").unwrap().registrations().unwrap();
    let standard: BTreeSet<_> = standard.into_iter().map(|each| each.workflow).collect();
    assert_eq!(standard, files("workflows", ".xml"));
    let special = files("scenarios/workflows", ".xml");
    for name in standard.union(&special) {
        let scenario = parse(&format!("workflows = [{name:?}]")).unwrap();
        let all = scenario.registrations().unwrap();
        assert_eq!(all.len(), 1);
        assert!(all[0].xml.contains(&format!("<work-flow name={name:?}")));
    }
    let told = parse("workflows = ['nothing']").unwrap_err();
    assert!(told.contains("there are chain, "), "{told}");
}

#[test]
fn copies_of_a_workflow_have_names_of_their_own() {
    let scenario = parse("workflows = ['herd', 'chain']\ncopies = { herd = 3 }").unwrap();
    let all = scenario.registrations().unwrap();
    let names: Vec<_> = all.iter().map(|each| each.workflow.as_str()).collect();
    assert_eq!(names, ["herd-1", "herd-2", "herd-3", "chain"]);
    for each in &all {
        let named = format!("<work-flow name={:?}", each.workflow);
        assert!(each.xml.contains(&named), "{}", each.xml);
    }
    for (copies, why) in [
        ("workflows = ['chain']\ncopies = { herd = 3 }", "which it"),
        ("copies = { chain = 10001 }", "up to 10000 are taken"),
    ] {
        let told = parse(copies).unwrap_err();
        assert!(told.contains(why), "{told}");
    }
}

#[test]
fn an_incident_that_repeats_stands_for_many() {
    let scenario = parse(
        "[[incident]]\nat = '2s'\nevery = '3s'\ntimes = 3\nlasts = '1s'\nfault = { kind = 'stop', node = 'n1' }\n\
         [[incident]]\nat = '1s'\nfault = { kind = 'store-stalls' }",
    );
    let incidents = scenario.unwrap().incidents;
    let told: Vec<_> = incidents
        .iter()
        .map(|each| (each.at.as_secs(), each.lasts, each.fault.to_string()))
        .collect();
    let one = Some(Duration::from_secs(1));
    let stopped = |at| (at, one, "n1 is stopped".to_owned());
    let stalls = (1, None, "the store stalls".to_owned());
    assert_eq!(told, [stopped(2), stopped(5), stopped(8), stalls]);
    for (repeats, why) in [
        ("every = '1s'", "both `every` and `times`"),
        ("times = 2", "both `every` and `times`"),
        ("every = '1s'\ntimes = 0", "write 1 to 10000"),
        ("every = '1s'\ntimes = 10001", "write 1 to 10000"),
        ("often = true", "unknown field"),
    ] {
        let fault = "fault = { kind = 'store-stalls' }";
        let told = parse(&format!("[[incident]]\nat = '2s'\n{repeats}\n{fault}")).unwrap_err();
        assert!(told.contains(why), "{told}");
    }
}

#[test]
fn what_makes_no_sense_is_told() {
    for (wrong, why) in [
        (
            "[cluster]\nnodes = 0",
            "has 0 as nodes; it needs 1 to 60000",
        ),
        ("[cluster]\nslots = 0", "has 0 as slots"),
        (
            "[cluster]\nlatency = '1s'",
            "has a latency of 1s; the most is",
        ),
        (
            "[cluster]\nttl = '1s'\nrenew_every = '1s'",
            "must be above zero and below ttl",
        ),
        (
            "[cluster]\nworker_lease = '0s'",
            "has a worker_lease of zero",
        ),
        ("[cluster]\nlatency = '0ms'", "has no latency"),
        ("[cluster]\nbegins_at = 'noon'", "which is no instant"),
        ("[cluster]\ntimezone = 'Moon'", "has no time zone"),
        (
            "requests_per_second = -1",
            "has -1 requests a second; write zero",
        ),
        ("requests_per_second = nan", "write zero"),
        ("requests_per_second = inf", "write zero"),
        ("requests_per_second = 1e-20", "write zero"),
        (
            "[[incident]]\nat = '1s'\nfault = { kind = 'pause', node = 'n99' }",
            "has no node \"n99\"; write n1 to n5, or master",
        ),
        (
            "[[incident]]\nat = '1s'\nfault = { kind = 'clock-jump', node = 'n1', seconds = -9223372036854775808 }",
            "as seconds",
        ),
        (
            "[[incident]]\nat = '1s'\nfault = { kind = 'weather', loss = 1.5 }",
            "has 1.5 as loss; write a share from 0 to 1",
        ),
        ("[expect]\nluck = true", "unknown field `luck`"),
    ] {
        let told = parse(wrong).unwrap_err();
        assert!(told.contains(why), "{told}");
    }
}
