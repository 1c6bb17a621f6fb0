//! Changes of steps as plain lines, for pipes and logs: the same run gives the same lines, whatever was missed between
//! two looks.

use std::collections::BTreeMap;

use peerflow_model::VisitStatus;
use peerflow_node::http::types::{Instance, Step};

use crate::language::Language;
use crate::style::{clean, duration, elapsed, instance_status, pad, step_status};

/// Remembers what was told.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    told: BTreeMap<(String, u32), Told>,
    instance: Option<peerflow_model::InstanceStatus>,
}

/// What was told of a visit: the try that began last, and whether it is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Told {
    attempt: u32,
    last: Option<VisitStatus>,
}

impl Changes {
    /// Lines for what is new in `instance`.
    pub(crate) fn since(&mut self, instance: &Instance, language: Language) -> Vec<String> {
        let mut lines = Vec::new();
        let status = instance.summary.status;
        if self.instance != Some(status) && !status.is_final() {
            let text = instance_status(language, status);
            lines.push(join(
                &text,
                &clean(&instance.summary.workflow),
                &clean(&instance.summary.message),
            ));
        }
        self.instance = Some(status);
        for step in &instance.steps {
            self.step(step, language, &mut lines);
        }
        lines
    }

    fn step(&mut self, step: &Step, language: Language, lines: &mut Vec<String>) {
        let told = self
            .told
            .entry((step.name.clone(), step.visit))
            .or_default();
        let name = name(step, language);
        let began = step.started_at.is_some() || step.status == VisitStatus::Running;
        if is_action(step) && began && step.attempt > told.attempt {
            told.attempt = step.attempt;
            told.last = Some(VisitStatus::Running);
            lines.push(join(
                &step_status(language, VisitStatus::Running),
                &name,
                "",
            ));
        }
        if told.last == Some(step.status)
            || matches!(step.status, VisitStatus::Pending | VisitStatus::Running)
        {
            return;
        }
        told.last = Some(step.status);
        let mut about = clean(&step.message).into_owned();
        if is_action(step)
            && step.status.is_final()
            && step.ended_at.is_some()
            && let Some(taken) =
                elapsed(step.started_at, step.ended_at, jiff::Timestamp::UNIX_EPOCH)
        {
            about = if about.is_empty() {
                duration(taken)
            } else {
                format!("{}: {about}", duration(taken))
            };
        }
        lines.push(join(&step_status(language, step.status), &name, &about));
    }
}

fn is_action(step: &Step) -> bool {
    !matches!(
        step.kind.as_str(),
        "start" | "end" | "fork" | "join" | "kill"
    )
}

fn name(step: &Step, language: Language) -> String {
    let mut name = clean(&step.name).into_owned();
    if step.visit > 1 {
        name.push_str(&format!(" ({})", step.visit));
    }
    if step.attempt > 1 {
        name.push_str(&format!(", {}", language.attempt(step.attempt)));
    }
    name
}

fn join(status: &str, name: &str, about: &str) -> String {
    let line = format!("{}  {name}", pad(status, 9));
    if about.is_empty() {
        line
    } else {
        format!("{line}  {about}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(status: &str, steps: &[(&str, &str, u32)]) -> Instance {
        let steps: Vec<_> = steps
            .iter()
            .map(|(name, status, attempt)| {
                let ended = matches!(*status, "succeeded" | "failed").then_some("2026-11-20T01:00:02Z");
                json!({"name": name, "type": "shell", "status": status, "node": "n", "visit": 1, "attempt": attempt,
                       "started_at": (*attempt > 0).then_some("2026-11-20T01:00:00Z"), "ended_at": ended,
                       "message": if *status == "failed" { "exit code 1" } else { "" }})
            })
            .collect();
        serde_json::from_value(json!({
            "id": "i1", "run": 1, "workflow": "wf", "status": status, "params": {}, "trigger": "run",
            "logical_time": "2026-11-20T01:00:00Z", "created_at": "2026-11-20T01:00:00Z",
            "started_at": null, "ended_at": null, "message": "", "steps": steps}))
        .expect("an instance")
    }

    #[test]
    fn looking_often_or_once_gives_the_same_lines() {
        let looks = [
            at("running", &[]),
            at("running", &[("a", "pending", 0)]),
            at("running", &[("a", "running", 1)]),
            at("running", &[("a", "running", 1)]),
            at("succeeded", &[("a", "succeeded", 1)]),
        ];
        let mut often = Changes::default();
        let many: Vec<_> = looks
            .iter()
            .flat_map(|look| often.since(look, Language::English))
            .collect();
        assert_eq!(
            many,
            ["running    wf", "running    a", "succeeded  a  2.0 s"]
        );
        let once = Changes::default().since(&looks[4], Language::English);
        assert_eq!(once, ["running    a", "succeeded  a  2.0 s"]);
    }

    #[test]
    fn each_try_is_told() {
        let mut changes = Changes::default();
        let looks = [
            at("running", &[("a", "running", 1)]),
            at("running", &[("a", "waiting", 1)]),
            at("running", &[("a", "running", 2)]),
            at("failed", &[("a", "failed", 2)]),
        ];
        let lines: Vec<_> = looks
            .iter()
            .flat_map(|look| changes.since(look, Language::English))
            .collect();
        let expected = [
            "running    wf",
            "running    a",
            "waiting    a",
            "running    a, try 2",
            "failed     a, try 2  2.0 s: exit code 1",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn nothing_is_told_twice() {
        let mut changes = Changes::default();
        let look = at("failed", &[("a", "failed", 1), ("b", "skipped", 0)]);
        assert_eq!(changes.since(&look, Language::Chinese).len(), 3);
        assert_eq!(
            changes.since(&look, Language::Chinese),
            Vec::<String>::new()
        );
    }
}
