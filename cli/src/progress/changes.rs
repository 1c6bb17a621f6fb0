//! Changes of steps as plain lines, for pipes and logs: the same run gives the same lines, whatever was missed between
//! two looks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use peerflow_model::VisitStatus;
use peerflow_node::http::types::{Attempt, Instance, Step, Time};

use crate::language::Language;
use crate::style::{attempt_status, clean, duration, elapsed, instance_status, pad, step_status};

/// Remembers what was told.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    told: BTreeMap<(String, u32), Told>,
    instance: Option<peerflow_model::InstanceStatus>,
}

/// What was told of a visit: the latest try that began, the latest that ended before another, and its own end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Told {
    begun: u32,
    ended: u32,
    over: bool,
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
                &clean(&language.told(&instance.summary.message)),
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
        if is_action(step) {
            for attempt in &step.attempts {
                told.attempt(step, attempt, language, lines);
            }
        }
        if told.over || !(step.status.is_final() || step.status == VisitStatus::Lost) {
            return;
        }
        told.over = true;
        let mut about = clean(&language.told(&step.message)).into_owned();
        if is_action(step) && step.ended_at.is_some() {
            about = timed(step.started_at, step.ended_at, &about);
        }
        let name = name(step, step.attempt, language);
        lines.push(join(&step_status(language, step.status), &name, &about));
    }
}

impl Told {
    /// Tells that a try began, and how it ended where another follows: the end of the last is the step's.
    fn attempt(
        &mut self,
        step: &Step,
        attempt: &Attempt,
        language: Language,
        lines: &mut Vec<String>,
    ) {
        let name = name(step, attempt.attempt, language);
        if attempt.started_at.is_some() && attempt.attempt > self.begun {
            self.begun = attempt.attempt;
            lines.push(join(&language.running(), &name, ""));
        }
        if attempt.attempt < step.attempt && attempt.attempt > self.ended {
            self.ended = attempt.attempt;
            let about = timed(
                attempt.started_at,
                attempt.ended_at,
                &clean(&language.told(&attempt.message)),
            );
            lines.push(join(
                &attempt_status(language, attempt.status),
                &name,
                &about,
            ));
        }
    }
}

/// How long it took, and why it ended so.
fn timed(start: Option<Time>, end: Option<Time>, about: &str) -> String {
    match (
        end.and_then(|end| elapsed(start, Some(end), Timestamp::UNIX_EPOCH))
            .map(duration),
        about.is_empty(),
    ) {
        (Some(taken), true) => taken,
        (Some(taken), false) => format!("{taken}: {about}"),
        (None, _) => about.to_owned(),
    }
}

fn is_action(step: &Step) -> bool {
    !matches!(
        step.kind.as_str(),
        "start" | "end" | "fork" | "join" | "kill"
    )
}

fn name(step: &Step, attempt: u32, language: Language) -> String {
    let mut name = clean(&step.name).into_owned();
    if step.visit > 1 {
        name.push_str(&format!(" ({})", step.visit));
    }
    if attempt > 1 {
        name.push_str(&format!(", {}", language.attempt(attempt)));
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

    /// An instance whose steps have these names, statuses and tries; of the tries all but the last have failed.
    fn at(status: &str, steps: &[(&str, &str, u32)]) -> Instance {
        let (start, end) = ("2026-11-20T01:00:00Z", "2026-11-20T01:00:02Z");
        let steps: Vec<_> = steps
            .iter()
            .map(|(name, status, tries)| {
                let over = matches!(*status, "succeeded" | "failed");
                let message = if *status == "failed" { "exit code 1" } else { "" };
                let attempts: Vec<_> = (1..=*tries)
                    .map(|attempt| {
                        let last = attempt == *tries;
                        json!({"attempt": attempt, "node": "n", "status": if last { "running" } else { "failed" },
                               "assigned_at": start, "started_at": start, "ended_at": (!last || over).then_some(end),
                               "exit_code": null, "message": if last { "" } else { "exit code 7" }})
                    })
                    .collect();
                json!({"name": name, "type": "shell", "status": status, "node": "n", "visit": 1, "attempt": tries,
                       "started_at": (*tries > 0).then_some(start), "ended_at": over.then_some(end),
                       "message": message, "attempts": attempts})
            })
            .collect();
        serde_json::from_value(json!({
            "id": "i1", "run": 1, "workflow": "wf", "status": status, "params": {}, "trigger": "run",
            "logical_time": start, "created_at": start, "started_at": null, "ended_at": null, "message": "",
            "steps": steps}))
        .expect("an instance")
    }

    fn lines(looks: &[Instance]) -> Vec<String> {
        let mut changes = Changes::default();
        looks
            .iter()
            .flat_map(|look| changes.since(look, Language::English))
            .collect()
    }

    #[test]
    fn looking_often_or_once_gives_the_same_lines() {
        let often = lines(&[
            at("running", &[]),
            at("running", &[("a", "pending", 0)]),
            at("running", &[("a", "running", 1)]),
            at("running", &[("a", "waiting", 1)]),
            at("running", &[("a", "running", 2)]),
            at("running", &[("a", "running", 2)]),
            at("succeeded", &[("a", "succeeded", 2)]),
        ]);
        let expected = [
            "running    wf",
            "running    a",
            "failed     a  2.0 s: exit code 7",
            "running    a, try 2",
            "succeeded  a, try 2  2.0 s",
        ];
        assert_eq!(often, expected);
        let once = lines(&[
            at("running", &[]),
            at("succeeded", &[("a", "succeeded", 2)]),
        ]);
        assert_eq!(once, expected);
    }

    #[test]
    fn nothing_is_told_twice() {
        let look = at("failed", &[("a", "failed", 1), ("b", "skipped", 0)]);
        assert_eq!(lines(&[look.clone(), look]).len(), 3);
    }
}
