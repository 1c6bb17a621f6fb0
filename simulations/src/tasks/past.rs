//! What was observed: past instances of a cluster, as its API tells them.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use peerflow_workflow::{StepName, WorkflowName};
use serde::Deserialize;
use serde_json::Value;

use super::playbook::{Observed, PlayError};

/// Tries of one step that are kept; of more, the latest.
const KEPT: usize = 1000;

const NO_STEPS: &str = "it holds no instances with their steps; write it with `peerflow -o json instance search --steps`";

/// Past tries by step.
pub(super) type Past = BTreeMap<(WorkflowName, StepName), Vec<Observed>>;

/// One instance with its steps, or a list of them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Told {
    List { items: Vec<Instance> },
    Plain(Vec<Instance>),
    One(Instance),
}

#[derive(Debug, Deserialize)]
struct Instance {
    workflow: String,
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
struct Step {
    name: String,
    #[serde(default)]
    attempts: Vec<Attempt>,
}

#[derive(Debug, Deserialize)]
struct Attempt {
    status: String,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    exit_code: Option<i32>,
}

/// Reads instances with their steps, as `instance info` and `instance search --steps` print them as JSON, one after the
/// other.
///
/// # Errors
/// When the text is something else, or holds no try that ended.
pub(super) fn read(json: &str) -> Result<Past, PlayError> {
    let wrong = |problem: String| PlayError::Past { problem };
    let mut past = Past::new();
    for told in serde_json::Deserializer::from_str(json).into_iter::<Value>() {
        let told = told.map_err(|error| wrong(error.to_string()))?;
        let told = serde_json::from_value(told).map_err(|_other| wrong(NO_STEPS.to_owned()))?;
        let instances = match told {
            Told::List { items } | Told::Plain(items) => items,
            Told::One(instance) => vec![instance],
        };
        for instance in instances {
            for step in instance.steps {
                let tries = step.attempts.iter().filter_map(Attempt::observed);
                let key = (
                    WorkflowName::from(instance.workflow.as_str()),
                    StepName::from(step.name.as_str()),
                );
                past.entry(key).or_default().extend(tries);
            }
        }
    }
    past.retain(|_, tries| !tries.is_empty());
    for tries in past.values_mut() {
        tries.truncate(KEPT);
    }
    if past.is_empty() {
        return Err(wrong(
            "no try of a step in it has ended; take a longer time with --from and --limit"
                .to_owned(),
        ));
    }
    Ok(past)
}

impl Attempt {
    /// What it shows of its step: nothing when it was killed or lost, or never began.
    fn observed(&self) -> Option<Observed> {
        let failed = match self.status.as_str() {
            "succeeded" => None,
            "failed" => Some(self.exit_code.filter(|code| *code != 0).unwrap_or(1)),
            _ => return None,
        };
        let took = self.ended_at?.duration_since(self.started_at?);
        Some(Observed {
            took: Duration::try_from(took).unwrap_or_default(),
            failed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = r#"{"workflow": "load", "id": "a", "steps": [
        {"name": "start", "attempts": []},
        {"name": "extract", "attempts": [
            {"status": "lost", "started_at": "2026-11-19T01:00:00Z", "ended_at": "2026-11-19T01:00:01Z"},
            {"status": "failed", "started_at": "2026-11-19T01:00:02+08:00", "ended_at": "2026-11-19T01:00:05+08:00", "exit_code": 7},
            {"status": "succeeded", "started_at": "2026-11-19T01:00:02Z", "ended_at": "2026-11-19T01:00:02.250Z"}]}]}"#;

    #[test]
    fn tries_that_ended_by_themselves_are_taken_with_their_time_and_exit_code() {
        let past = read(INFO).unwrap();
        let key = ("load".into(), "extract".into());
        let expected = vec![
            Observed {
                took: Duration::from_secs(3),
                failed: Some(7),
            },
            Observed {
                took: Duration::from_millis(250),
                failed: None,
            },
        ];
        assert_eq!(past, Past::from([(key, expected)]));
    }

    #[test]
    fn instances_come_one_by_one_in_lists_and_in_pages() {
        let one = read(INFO).unwrap();
        let twice = read(&format!("{INFO}\n{INFO}")).unwrap();
        let page = read(&format!(r#"{{"items": [{INFO}, {INFO}], "next": null}}"#)).unwrap();
        assert_eq!(twice, page);
        assert_eq!(read(&format!("[{INFO}]")).unwrap(), one);
    }

    #[test]
    fn what_holds_nothing_to_learn_from_is_refused() {
        let summaries = r#"{"items": [{"workflow": "load", "id": "a"}]}"#;
        for (text, told) in [
            ("", "no try"),
            ("{}", "--steps"),
            (summaries, "--steps"),
            ("nothing", "line 1"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
