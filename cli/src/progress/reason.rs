//! When something fails: the log lines that say why.

use peerflow_model::{InstanceStatus, LogLevel, VisitStatus};
use peerflow_node::http::types::{Instance, LogLine, LogPage, Step};

use crate::client::{Ask, Client, query, segment, typed};
use crate::output::Output;
use crate::style::{Tone, clean, level_tone};

/// Steps of which lines are shown.
const MOST_STEPS: usize = 5;
/// Lines shown of each.
const MOST_LINES: usize = 20;
/// Lines looked through for errors.
const LOOKED_THROUGH: usize = 200;

/// Shows why `instance` did not succeed: its message, and of failed steps the lines that tell most. What cannot be had
/// is left out: the outcome is known all the same.
pub(crate) async fn show_reason(client: &Client, output: &Output, instance: &Instance) {
    let summary = &instance.summary;
    if summary.status == InstanceStatus::Succeeded {
        return;
    }
    let guilty: Vec<_> = instance
        .steps
        .iter()
        .filter(|step| is_guilty(step, &summary.message))
        .collect();
    for step in guilty.iter().rev().take(MOST_STEPS).rev() {
        let lines = tail(client, instance, step).await;
        let tone = Tone::Bad;
        let title = output.language.log_of_step(
            clean(&step.name),
            clean(&output.language.told(&step.message)),
        );
        output.note(&format!("\n{}", tone.paint(&title, output.terminal.colour)));
        if lines.is_empty() {
            output.note(&format!("  {}", output.language.no_log_lines()));
        }
        for line in telling(&lines) {
            let text = format!("  {}", clean(&line.text));
            match level_tone(line.level) {
                Some(tone) => output.note(&tone.paint(&text, output.terminal.colour)),
                None => output.note(&text),
            }
        }
    }
    if guilty.len() > MOST_STEPS {
        let hidden = guilty.len() - MOST_STEPS;
        output.note(&output.language.more_failed_steps(hidden, &summary.id));
    }
    if !summary.message.is_empty() {
        let status = crate::style::instance_status(output.language, summary.status);
        let message = output.language.told(&summary.message);
        output.note(&format!("\n{status}: {}", clean(&message)));
    }
}

/// A step that failed, or was killed for a reason of its own and not because the instance ended, and had begun.
fn is_guilty(step: &Step, reason_of_all: &str) -> bool {
    step.attempt > 0
        && match step.status {
            VisitStatus::Failed | VisitStatus::Lost => true,
            VisitStatus::Killed => {
                !reason_of_all.is_empty() && !step.message.contains(reason_of_all)
            }
            VisitStatus::Pending
            | VisitStatus::Waiting
            | VisitStatus::Running
            | VisitStatus::Succeeded
            | VisitStatus::Skipped => false,
        }
}

async fn tail(client: &Client, instance: &Instance, step: &Step) -> Vec<LogLine> {
    let query = query(&[
        ("run", Some(instance.summary.run.to_string())),
        ("step", Some(step.name.clone())),
        ("visit", Some(step.visit.to_string())),
        ("attempt", Some(step.attempt.to_string())),
        ("tail", Some(LOOKED_THROUGH.to_string())),
        ("format", Some("json".to_owned())),
    ]);
    let ask = Ask::get(format!(
        "/instances/{}/log{query}",
        segment(&instance.summary.id)
    ));
    match client
        .value(&ask)
        .await
        .and_then(|raw| typed::<LogPage>(&raw))
    {
        Ok(page) => page.lines,
        Err(_cannot_be_had) => Vec::new(),
    }
}

/// The lines that tell most: errors before others, late before early; in the order in which they were written.
fn telling(lines: &[LogLine]) -> Vec<&LogLine> {
    let is_loud = |line: &LogLine| matches!(line.level, LogLevel::Error | LogLevel::Warn);
    let loud = lines
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, line)| is_loud(line));
    let quiet = lines
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, line)| !is_loud(line));
    let mut chosen: Vec<_> = loud.chain(quiet).take(MOST_LINES).collect();
    chosen.sort_by_key(|(at, _)| *at);
    chosen.into_iter().map(|(_, line)| line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(count: usize, loud: &[usize]) -> Vec<LogLine> {
        (0..count)
            .map(|at| {
                let level = if loud.contains(&at) { "ERROR" } else { "INFO" };
                serde_json::from_value(
                    json!({"instance": "i", "run": 1, "step": "s", "visit": 1, "attempt": 1,
                    "at": "2026-11-20T01:00:00Z", "level": level, "text": at.to_string()}),
                )
                .expect("a line")
            })
            .collect()
    }

    fn texts(lines: &[&LogLine]) -> Vec<String> {
        lines.iter().map(|line| line.text.clone()).collect()
    }

    #[test]
    fn an_early_error_is_not_lost_behind_later_chatter() {
        let all = lines(100, &[3, 50]);
        let shown = texts(&telling(&all));
        assert_eq!(shown.len(), MOST_LINES);
        assert_eq!(shown[..3], ["3", "50", "82"]);
        assert_eq!(shown[MOST_LINES - 1], "99");
    }

    #[test]
    fn what_was_killed_because_the_instance_ended_says_nothing_of_why() {
        let step = |status: &str, message: &str| -> Step {
            serde_json::from_value(
                json!({"name": "s", "type": "shell", "status": status, "node": "n", "visit": 1,
                "attempt": 1, "started_at": null, "ended_at": null, "message": message}),
            )
            .expect("a step")
        };
        let reason = "the source is empty";
        assert!(is_guilty(&step("failed", "exit code 1"), reason));
        assert!(is_guilty(
            &step("killed", "timeout of 2 s"),
            "step s: timeout of 2 s"
        ));
        assert!(!is_guilty(
            &step("killed", "instance ended: the source is empty"),
            reason
        ));
        assert!(!is_guilty(&step("succeeded", ""), reason));
    }

    #[test]
    fn few_lines_are_shown_as_they_are() {
        let all = lines(3, &[1]);
        assert_eq!(texts(&telling(&all)), ["0", "1", "2"]);
    }
}
