//! The tree of an instance's steps: branches of a fork stand below it, what follows their join goes on at its level.

use std::collections::BTreeMap;

use jiff::Timestamp;
use peerflow_model::VisitStatus;
use peerflow_node::http::types::{Instance, Progress, Step};

use crate::language::Language;
use crate::style::{
    Tone, clean, cut, duration, elapsed, instance_status, instance_tone, pad, step_sign,
    step_status, step_tone,
};

/// What a drawing must fit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) language: Language,
    pub(crate) colour: bool,
    /// Columns; absent: lines are not cut.
    pub(crate) width: Option<usize>,
    /// Lines; absent: all steps are shown.
    pub(crate) height: Option<usize>,
    /// What unfinished steps are measured against.
    pub(crate) now: Timestamp,
}

/// Levels deeper than this are not indented further.
const DEEPEST: usize = 12;

/// Draws the head line and the tree. Where not every step fits, those that run, wait or failed, and counts.
pub(crate) fn draw(instance: &Instance, frame: &Frame) -> Vec<String> {
    let steps = ordered(&instance.steps);
    let room = frame
        .height
        .map_or(usize::MAX, |height| height.saturating_sub(1).max(1));
    let mut lines = vec![head(instance, frame)];
    if steps.len() <= room {
        lines.extend(steps.iter().map(|(depth, step)| line(step, *depth, frame)));
        return lines;
    }
    let urgent: Vec<_> = steps.iter().filter(|(_, step)| is_urgent(step)).collect();
    // One line is kept for what is not shown.
    let shown = urgent.len().min(room - 1);
    let mut chosen: Vec<_> = urgent
        .iter()
        .filter(|(_, step)| is_bad(step))
        .chain(urgent.iter().filter(|(_, step)| !is_bad(step)))
        .take(shown)
        .collect();
    chosen.sort_by_key(|(_, step)| step.sequence);
    lines.extend(chosen.iter().map(|(_, step)| line(step, 0, frame)));
    let hidden = steps.len() - shown;
    lines.push(fit(
        &format!("  {}", frame.language.steps_not_shown(hidden)),
        Tone::Quiet,
        frame,
    ));
    lines
}

fn is_bad(step: &Step) -> bool {
    matches!(
        step.status,
        VisitStatus::Failed | VisitStatus::Lost | VisitStatus::Killed
    )
}

fn is_urgent(step: &Step) -> bool {
    is_bad(step)
        || step.status == VisitStatus::Running
        || (step.status == VisitStatus::Waiting && step.attempt > 0)
}

/// Name, id, status, time and counts.
fn head(instance: &Instance, frame: &Frame) -> String {
    let summary = &instance.summary;
    let mut text = format!("{}  {}", clean(&summary.workflow), summary.id);
    if summary.run > 1 {
        text.push_str(&format!("#{}", summary.run));
    }
    let status = instance_status(frame.language, summary.status);
    text.push_str(&format!("  {status}"));
    if let Some(taken) = elapsed(summary.started_at, summary.ended_at, frame.now) {
        text.push_str(&format!("  {}", duration(taken)));
    }
    let counts = counts(&instance.steps, frame.language);
    if !counts.is_empty() {
        text.push_str(&format!("  ({counts})"));
    }
    if !summary.message.is_empty() {
        text.push_str(&format!(
            "  {}",
            clean(&frame.language.told(&summary.message))
        ));
    }
    fit(&text, instance_tone(summary.status), frame)
}

/// How many steps stand how: `3 running, 12 succeeded`.
fn counts(steps: &[Step], language: Language) -> String {
    const ORDER: [VisitStatus; 8] = [
        VisitStatus::Running,
        VisitStatus::Pending,
        VisitStatus::Waiting,
        VisitStatus::Succeeded,
        VisitStatus::Skipped,
        VisitStatus::Failed,
        VisitStatus::Killed,
        VisitStatus::Lost,
    ];
    let parts = ORDER.into_iter().filter_map(|status| {
        let count = steps.iter().filter(|step| step.status == status).count();
        (count > 0).then(|| format!("{count} {}", step_status(language, status)))
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// One step: sign, name, status, time, try, message.
fn line(step: &Step, depth: usize, frame: &Frame) -> String {
    let indent = "  ".repeat(depth.min(DEEPEST) + 1);
    let mut name = clean(&step.name).into_owned();
    if step.visit > 1 {
        name.push_str(&format!(" ({})", step.visit));
    }
    let mut text = format!(
        "{indent}{} {}  {}",
        step_sign(step.status),
        pad(&name, 16),
        step_status(frame.language, step.status)
    );
    if is_action(step)
        && let Some(taken) = elapsed(step.started_at, step.ended_at, frame.now)
    {
        text.push_str(&format!("  {}", duration(taken)));
    }
    if step.attempt > 1 {
        text.push_str(&format!("  {}", frame.language.attempt(step.attempt)));
    }
    if let Some(Progress {
        rows,
        rows_per_second,
        ..
    }) = step.progress
    {
        let moved = frame.language.rows_so_far(rows, rows_per_second);
        text.push_str(&format!("  {moved}"));
    }
    if !step.message.is_empty() {
        text.push_str(&format!("  {}", clean(&frame.language.told(&step.message))));
    }
    fit(&text, step_tone(step.status), frame)
}

/// Control steps take no time worth showing.
fn is_action(step: &Step) -> bool {
    !matches!(
        step.kind.as_str(),
        "start" | "end" | "fork" | "join" | "kill"
    )
}

fn fit(text: &str, tone: Tone, frame: &Frame) -> String {
    // The last column stays free: a full line would make some terminals wrap.
    let text = frame
        .width
        .map_or_else(|| text.into(), |width| cut(text, width.saturating_sub(1)));
    tone.paint(text.trim_end(), frame.colour)
}

/// Where a visit stands: in the fork (its index) that its branch belongs to, and that branch's first visit.
type Lane = Option<(usize, usize)>;

/// Visits in the order of the tree, each with its depth.
fn ordered(steps: &[Step]) -> Vec<(usize, &Step)> {
    let by_sequence: BTreeMap<u32, usize> = steps
        .iter()
        .enumerate()
        .map(|(at, step)| (step.sequence, at))
        .collect();
    let mut lanes: Vec<Lane> = Vec::with_capacity(steps.len());
    let mut members: BTreeMap<Lane, Vec<usize>> = BTreeMap::new();
    let mut branches: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, step) in steps.iter().enumerate() {
        let parent = step
            .from
            .as_ref()
            .and_then(|from| by_sequence.get(&from.sequence))
            .copied();
        // A visit that claims to come from a later one would make a circle.
        let lane = match parent.filter(|parent| *parent < at) {
            None => None,
            Some(parent) if steps[parent].kind == "fork" => {
                branches.entry(parent).or_default().push(at);
                Some((parent, at))
            }
            Some(parent) if step.kind == "join" => lanes[parent].and_then(|(fork, _)| lanes[fork]),
            Some(parent) => lanes[parent],
        };
        lanes.push(lane);
        members.entry(lane).or_default().push(at);
    }
    let mut out = Vec::with_capacity(steps.len());
    let mut open: Vec<(usize, usize)> = members
        .get(&None)
        .into_iter()
        .flatten()
        .rev()
        .map(|&at| (at, 0))
        .collect();
    while let Some((at, depth)) = open.pop() {
        out.push((depth, &steps[at]));
        for &branch in branches.get(&at).into_iter().flatten().rev() {
            let lane = members.get(&Some((at, branch)));
            open.extend(
                lane.into_iter()
                    .flatten()
                    .rev()
                    .map(|&member| (member, depth + 1)),
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use unicode_width::UnicodeWidthStr;

    use super::*;

    fn step(sequence: u32, name: &str, kind: &str, status: &str, from: u32) -> Value {
        json!({"name": name, "type": kind, "status": status, "node": null, "visit": 1, "attempt": 1,
               "started_at": null, "ended_at": null, "message": "", "sequence": sequence,
               "from": (from > 0).then(|| json!({"step": "x", "sequence": from}))})
    }

    fn instance(steps: Vec<Value>) -> Instance {
        serde_json::from_value(json!({
            "id": "i1", "run": 1, "workflow": "日报", "status": "running", "params": {}, "trigger": "run",
            "logical_time": "2026-11-20T01:00:00Z", "created_at": "2026-11-20T01:00:00Z",
            "started_at": "2026-11-20T01:00:00Z", "ended_at": null, "message": "", "steps": steps}))
        .expect("an instance")
    }

    fn frame(width: Option<usize>, height: Option<usize>) -> Frame {
        let now = "2026-11-20T01:00:05Z".parse().expect("an instant");
        Frame {
            language: Language::English,
            colour: false,
            width,
            height,
            now,
        }
    }

    fn forked() -> Instance {
        instance(vec![
            step(1, "begin", "start", "succeeded", 0),
            step(2, "split", "fork", "succeeded", 1),
            step(3, "left", "shell", "succeeded", 2),
            step(4, "right", "shell", "succeeded", 2),
            step(5, "left2", "shell", "succeeded", 3),
            step(6, "meet", "join", "succeeded", 5),
            step(7, "after", "shell", "running", 6),
        ])
    }

    #[test]
    fn branches_stand_below_their_fork_and_go_on_at_its_level_after_the_join() {
        let instance = forked();
        let order: Vec<_> = ordered(&instance.steps)
            .iter()
            .map(|(depth, step)| (*depth, step.name.clone()))
            .collect();
        let expected = [
            (0, "begin"),
            (0, "split"),
            (1, "left"),
            (1, "left2"),
            (1, "right"),
            (0, "meet"),
            (0, "after"),
        ];
        assert_eq!(
            order,
            expected.map(|(depth, name)| (depth, name.to_owned()))
        );
    }

    #[test]
    fn the_head_tells_counts_and_time() {
        let lines = draw(&forked(), &frame(None, None));
        assert_eq!(
            lines[0],
            "日报  i1  running  5.0 s  (1 running, 6 succeeded)"
        );
        assert_eq!(lines.len(), 8);
    }

    #[test]
    fn a_transfer_tells_how_far_it_has_come() {
        let mut instance = forked();
        let progress = json!({"rows": 1_200_000, "bytes": 137_573_171, "rows_per_second": 240_000});
        instance.steps[6].progress = serde_json::from_value(progress).expect("a progress");
        let lines = draw(&instance, &frame(None, None));
        assert!(
            lines[7].ends_with("running  1200000 rows, 240000 rows/s"),
            "{}",
            lines[7]
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let mut instance = forked();
        instance.steps[3].message = "很长的消息".repeat(30);
        for width in [10, 21, 40, 79] {
            let lines = draw(&instance, &frame(Some(width), None));
            assert!(lines.iter().all(|line| line.width() < width), "{lines:#?}");
        }
    }

    #[test]
    fn a_big_workflow_shows_what_runs_or_failed_and_counts_the_rest() {
        let mut steps: Vec<_> = (1..=500)
            .map(|at| step(at, &format!("s{at}"), "shell", "succeeded", 0))
            .collect();
        for step in &mut steps[100..200] {
            step["status"] = json!("running");
        }
        steps[300]["status"] = json!("failed");
        let lines = draw(&instance(steps), &frame(Some(80), Some(20)));
        assert_eq!(lines.len(), 20);
        assert!(
            lines.iter().any(|line| line.contains("s301")),
            "the failed step is not shown: {lines:#?}"
        );
        assert!(lines[19].contains("482"), "{}", lines[19]);
    }

    #[test]
    fn a_history_that_contradicts_itself_is_still_shown_whole() {
        let instance = instance(vec![
            step(1, "a", "fork", "succeeded", 2),
            step(2, "b", "join", "succeeded", 2),
            step(2, "c", "join", "succeeded", 9),
        ]);
        assert_eq!(ordered(&instance.steps).len(), 3);
    }
}
