//! The workflows that come with the program.

use std::path::Path;

use peerflow_model::InstanceStatus;

use super::{Folder, minutes, ran};
use crate::planning::{IdleReason, Plan};

fn example(switched_off_too: bool) -> Plan {
    let mut folder = Folder::of_days("2026-06-01", "2026-06-01");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../xmlconfig/example");
    folder.options.documents = root;
    folder.options.switched_off_too = switched_off_too;
    folder.plan().unwrap()
}

#[test]
fn the_examples_are_switched_off_and_the_plan_says_so() {
    let plan = example(false);
    assert!(plan.instances.is_empty() && plan.times.is_empty());
    let off: Vec<&str> = plan
        .idle
        .iter()
        .filter(|idle| idle.reason == IdleReason::SwitchedOff)
        .map(|idle| idle.workflow.as_str())
        .collect();
    let expected = [
        "example_load_items",
        "example_load_orders",
        "example_parameters",
        "example_sales_day",
        "quickstart",
    ];
    assert_eq!(off, expected);
    let text = plan.to_string();
    assert!(
        text.contains("switched off (5): example_load_items, "),
        "{text}"
    );
    assert!(
        text.contains("example_daily_report waits for example_load_orders, example_load_items"),
        "{text}"
    );
}

#[test]
fn switched_on_a_day_of_the_examples_runs_as_their_comments_say() {
    let plan = example(true);
    assert_eq!(ran(&plan, "example_load_items"), ["06-01 00:00:00+02:00"]);
    assert_eq!(ran(&plan, "example_load_orders"), ["06-01 01:30:00+02:00"]);
    // The report has no time of its own: it begins when the second load is done.
    assert_eq!(minutes(&plan, "example_daily_report"), [(91, 91, 92)]);
    // Three steps one after the other, one of them two side by side.
    assert_eq!(minutes(&plan, "quickstart"), [(180, 180, 183)]);
    assert_eq!(ran(&plan, "quickstart"), ["06-01 03:00:00+02:00"]);
    // By its own coordinator in Shanghai, and by the nightly one.
    let parameters = ["06-01 03:00:00+02:00", "06-01 19:00:00+02:00"];
    assert_eq!(ran(&plan, "example_parameters"), parameters);
    assert_eq!(ran(&plan, "example_sales_day"), ["06-01 06:30:00+02:00"]);
    // The nightly one does not give it the parameters that its own gives, which the plan brings to light.
    let failed = plan
        .instances
        .iter()
        .filter(|each| each.status == InstanceStatus::Failed);
    let failed: Vec<(&str, &str)> = failed
        .map(|each| (each.workflow.as_str(), each.message.as_str()))
        .collect();
    let [("example_parameters", why)] = failed.as_slice() else {
        panic!("{failed:?}");
    };
    assert!(why.contains("month"), "{why}");
    assert_eq!(plan.instances.len(), 7);
}
