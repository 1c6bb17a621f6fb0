//! `<coordinator>` inside a workflow, and its parameters.

use peerflow_workflow::{Coordinator, Misfire, Parameters, ResolveError};

use crate::{at, parsed, workflow};

fn with_coordinator(coordinator: &str) -> String {
    format!("<work-flow name='w'>{coordinator}<start name='s' to='e'/><end name='e'/></work-flow>")
}

fn coordinator(xml: &str) -> Coordinator {
    workflow(&with_coordinator(xml))
        .coordinator
        .expect("a coordinator")
}

fn given(pairs: &[(&str, &str)]) -> Parameters {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn it_has_its_attributes_and_defaults() {
    let plain = coordinator("<coordinator/>");
    assert!(plain.enabled);
    assert_eq!(
        (
            plain.start_time,
            plain.end_time,
            plain.schedule,
            plain.timezone
        ),
        (None, None, None, None)
    );
    assert_eq!(plain.misfire, Misfire::Once);
    assert_eq!(
        (
            plain.name.as_str(),
            plain.triggers[0].as_str(),
            plain.triggers.len()
        ),
        ("w", "w", 1)
    );
    let full = coordinator(
        "<coordinator is-enabled='false' start-time='2026-01-01 00:00:00' misfire='all' timezone='Europe/Berlin'>
         <depend-list cron='every day at 6:30'><workflow name='a'/><workflow name='b'/></depend-list></coordinator>",
    );
    assert!(!full.enabled);
    assert_eq!(
        (full.misfire, full.timezone.as_deref()),
        (Misfire::All, Some("Europe/Berlin"))
    );
    assert_eq!(
        full.schedule.expect("a schedule").as_str(),
        "every day at 6:30"
    );
    assert_eq!(full.dependencies.len(), 2);
}

#[test]
fn parameters_use_macros_and_those_above_them() {
    let coordinator = coordinator(
        "<coordinator><param-list><param name='day' value='${time.today|yyyyMMdd|-1 day}'/>
         <param name='file' value='/d/${day}/${param:day}.txt'/><param name='a' value='1'/>
         <param name='b' value='${a}'/><param name='a' value='2${a}'/></param-list></coordinator>",
    );
    let found = coordinator
        .parameters_at(&Parameters::new(), &at("2026-03-01T02:00:00Z", "UTC"))
        .expect("parameters");
    assert_eq!(
        found,
        given(&[
            ("a", "21"),
            ("b", "1"),
            ("day", "20260228"),
            ("file", "/d/20260228/20260228.txt")
        ])
    );
}

#[test]
fn given_parameters_win_and_can_be_mentioned() {
    let coordinator = coordinator(
        "<coordinator><param-list><param name='a' value='1'/><param name='b' value='${a}-${param:x}'/></param-list></coordinator>",
    );
    let time = at("2026-03-01T02:00:00Z", "UTC");
    let found = coordinator
        .parameters_at(&given(&[("a", "9"), ("x", "y")]), &time)
        .expect("parameters");
    assert_eq!(found, given(&[("a", "9"), ("b", "9-y"), ("x", "y")]));
    assert_eq!(
        coordinator.parameters_at(&Parameters::new(), &time),
        Err(ResolveError::MissingParameters(vec!["x".to_owned()]))
    );
    // Nothing is missing for a value that is not used.
    assert!(
        coordinator
            .parameters_at(&given(&[("b", "z")]), &time)
            .is_ok()
    );
}

#[test]
fn a_bare_name_that_nothing_defines_stays_and_is_warned_of() {
    let (document, warnings) = parsed(&with_coordinator(
        "<coordinator><param-list><param name='a' value='${HOME}/x'/></param-list></coordinator>",
    ));
    assert!(warnings.0[0].message.contains("HOME"), "{warnings}");
    let coordinator = document
        .workflow()
        .coordinator
        .as_ref()
        .expect("a coordinator");
    let found = coordinator
        .parameters_at(&Parameters::new(), &at("2026-03-01T02:00:00Z", "UTC"))
        .expect("parameters");
    assert_eq!(found["a"], "${HOME}/x");
}

#[test]
fn values_that_double_with_every_line_are_stopped() {
    let mut list = String::from("<param name='p0' value='xxxxxxxxxxxxxxxx'/>");
    for at in 1..64 {
        let before = at - 1;
        list.push_str(&format!(
            "<param name='p{at}' value='${{p{before}}}${{p{before}}}'/>"
        ));
    }
    let coordinator = coordinator(&format!(
        "<coordinator><param-list>{list}</param-list></coordinator>"
    ));
    let error = coordinator
        .parameters_at(&Parameters::new(), &at("2026-03-01T02:00:00Z", "UTC"))
        .expect_err("too long");
    assert!(error.to_string().contains("grows over"), "{error}");
}

#[test]
fn the_logical_time_is_read_in_its_zone() {
    let coordinator = coordinator(
        "<coordinator><param-list><param name='d' value='${time.today}'/></param-list></coordinator>",
    );
    let at = |zone| {
        coordinator
            .parameters_at(&Parameters::new(), &at("2026-03-01T20:00:00Z", zone))
            .expect("found")
    };
    assert_eq!(at("Asia/Shanghai")["d"], "2026-03-02");
    assert_eq!(at("America/New_York")["d"], "2026-03-01");
}
