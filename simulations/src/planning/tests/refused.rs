//! Folders and options that there is no plan of.

use super::{Folder, depend, machines};
use crate::planning::PlanError;

fn refusal(folder: &mut Folder) -> String {
    folder.plan().unwrap_err().to_string()
}

#[test]
fn all_errors_of_all_documents_are_shown_with_their_place() {
    let mut folder = Folder::of_days("2026-06-01", "2026-06-01");
    folder.cron("fine", 1, "0 5 * * *");
    folder.write(
        "one.xml",
        "<work-flow name=\"one\">\n  <start name=\"s\" to=\"nowhere\"/>\n</work-flow>",
    );
    folder.write("sub/two.xml", "<work-flow");
    let error = refusal(&mut folder);
    assert!(
        error.starts_with("2 of the documents have errors"),
        "{error}"
    );
    assert!(error.contains("one.xml:2:"), "{error}");
    assert!(error.contains("nowhere"), "{error}");
    assert!(error.contains("sub/two.xml:1:"), "{error}");
}

#[test]
fn two_files_of_one_name_are_named() {
    let mut folder = Folder::of_days("2026-06-01", "2026-06-01");
    folder.cron("same", 1, "0 5 * * *");
    let xml = std::fs::read_to_string(folder.dir.path().join("same.xml")).unwrap();
    folder.write("again.xml", &xml);
    let error = refusal(&mut folder);
    assert!(error.starts_with("workflow same is in"), "{error}");
    assert!(
        error.contains("again.xml") && error.contains("same.xml"),
        "{error}"
    );
}

#[test]
fn nothing_to_plan_and_options_without_sense_say_what_to_do() {
    let mut folder = Folder::of_days("2026-06-01", "2026-06-01");
    assert!(refusal(&mut folder).starts_with("there is no *.xml file in"));
    folder.cron("a", 1, "0 5 * * *");
    folder.options.machines = Vec::new();
    assert_eq!(
        refusal(&mut folder),
        "machines: there is none; give at least one"
    );
    folder.options.machines = machines(1, 0);
    assert_eq!(
        refusal(&mut folder),
        "machines: n1 has no slots; give it one"
    );
    folder.options.machines = machines(1, 1);
    folder.options.to = folder.options.from;
    assert!(refusal(&mut folder).contains("give a later end"));
    folder.options.settings.timezone = "Europe/Berlln".to_owned();
    assert!(refusal(&mut folder).contains("is no IANA time zone"));
    folder.options.documents = "/nowhere/at/all".into();
    folder.options.settings.timezone = "UTC".to_owned();
    let mut fresh = Folder::of_days("2026-06-01", "2026-06-01");
    fresh.options.documents = "/nowhere/at/all".into();
    assert!(refusal(&mut fresh).starts_with("cannot read /nowhere/at/all"));
}

#[test]
fn workflows_that_start_each_other_in_no_time_are_an_error_and_not_a_hang() {
    let mut folder = Folder::of_days("2026-06-01", "2026-06-01");
    folder.workflow("a", 0, "", &depend("", &["b"]));
    folder.workflow("b", 0, "", &depend("", &["a"]));
    folder.cron("c", 0, "0 5 * * *");
    folder.write(
        "kick.xml",
        r#"<coordinator name="kick"><depend-list cron="0 6 * * *"/><trigger-list><workflow name="a"/></trigger-list></coordinator>"#,
    );
    let error = folder.plan().unwrap_err();
    assert!(matches!(error, PlanError::StandsStill { .. }), "{error}");
}
