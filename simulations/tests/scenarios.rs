//! A scenario runs as it says, and what it expects is judged.

use peerflow_simulations::{Healing, Playbook, RunOptions, Scenario, What, run};

const SCENARIO: &str = r#"
name = "short"
lasts = "2s"
workflows = ["every-three-seconds"]
cluster = { nodes = 2 }
expect = { masters_at_least = 2 }

[[incident]]
at = "500ms"
every = "600ms"
times = 2
lasts = "200ms"
fault = { kind = "pause", node = "worker" }
"#;

#[test]
fn what_a_scenario_expects_and_does_not_come_is_a_violation() {
    let scenario = Scenario::parse("short.toml", SCENARIO).unwrap();
    let options = RunOptions {
        seed: 1,
        workflows: scenario.registrations().unwrap(),
        scenario,
        playbook: Playbook::default(),
        triggers: Vec::new(),
        healing: Healing::Bounded,
    };
    let outcome = run(options).unwrap();
    let paused = |what: &What| matches!(what, What::Paused { .. });
    let entries = outcome.entries.iter();
    assert_eq!(entries.filter(|entry| paused(&entry.what)).count(), 2);
    let violation = outcome.violation.unwrap();
    assert_eq!(violation.invariant, "expectation");
    let told = violation.what;
    assert!(told.contains("1 terms of masters began"), "{told}");
}
