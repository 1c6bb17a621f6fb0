//! The timeline as the page's script reads it. Times are milliseconds since the run began; names are told once and meant by
//! their place in a list.

use std::collections::BTreeMap;

use peerflow_model::RunId;
use serde_json::{Value, json};

use crate::history::{Answer, TaskFate};
use crate::report::fold::{Drawn, Folding};
use crate::report::timeline::{Bar, LifeEnd, MarkKind, NodeLane, Request, Span, Timeline};
use crate::time::VirtualTime;

/// Steps of the curve of waiting steps beyond which only the highest of each part is drawn.
const MOST_STEPS: usize = 4_000;
const PARTS: u128 = 2_000;
/// The place of tasks that still run among the fates.
const RUNNING: usize = 5;
const FATES: usize = 6;

/// Names by their place.
#[derive(Default)]
struct Names {
    places: BTreeMap<String, usize>,
    all: Vec<String>,
}

impl Names {
    fn place(&mut self, name: &str) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let place = self.all.len();
        self.places.insert(name.to_owned(), place);
        self.all.push(name.to_owned());
        place
    }
}

#[derive(Default)]
struct Tables<'a> {
    workflows: Names,
    steps: Names,
    runs: BTreeMap<&'a RunId, usize>,
    /// Name of each run and place of its workflow.
    run_rows: Vec<Value>,
}

pub(super) fn data(timeline: &Timeline, folding: &Folding<'_>) -> Value {
    let mut tables = Tables::default();
    for workflow in timeline.workflows() {
        tables.workflows.place(workflow.as_str());
    }
    let lanes: Vec<Value> = timeline
        .lanes
        .iter()
        .zip(&folding.lanes)
        .map(|(lane, drawn)| lane_data(lane, drawn, timeline, &mut tables))
        .collect();
    let faults = timeline.faults.iter();
    let faults = faults.map(|one| json!([ms(one.span.from), end(&one.span), one.row, one.fault]));
    let marks = timeline.marks.iter().map(|mark| {
        let kind = match mark.kind {
            MarkKind::Restored => "restored",
            MarkKind::Healing => "healing",
            MarkKind::Violation => "violation",
        };
        json!([ms(mark.at), kind, mark.words])
    });
    let leases = timeline
        .leases
        .iter()
        .map(|lease| json!([ms(lease.at), lease.holder, lease.epoch.0, lease.released]));
    json!({
        "began": timeline.began_at.as_millisecond(),
        "end": ms(timeline.end),
        "zone": timeline.zone.iana_name().unwrap_or("UTC"),
        "offset": timeline.zone.to_offset(timeline.began_at).seconds() * 1000,
        "lanes": lanes,
        "faults": faults.collect::<Vec<Value>>(),
        "marks": marks.collect::<Vec<Value>>(),
        "leases": leases.collect::<Vec<Value>>(),
        "requests": timeline.requests.iter().map(request).collect::<Vec<Value>>(),
        "waiting": waiting(timeline),
        "workflows": tables.workflows.all,
        "steps": tables.steps.all,
        "runs": tables.run_rows,
    })
}

fn lane_data<'a>(
    lane: &NodeLane,
    drawn: &[Drawn<'a>],
    timeline: &Timeline,
    tables: &mut Tables<'a>,
) -> Value {
    let lives = lane.lives.iter().map(|life| {
        let ended = match life.end {
            Some(LifeEnd::Crashed) => "died",
            Some(LifeEnd::Stopped) => "stopped",
            None => "",
        };
        json!([
            ms(life.span.from),
            end(&life.span),
            life.incarnation.0,
            ended
        ])
    });
    let pauses = lane.pauses.iter();
    let pauses = pauses.map(|pause| json!([ms(pause.from), end(pause)]));
    let masters = lane.masterships.iter();
    let masters = masters.map(|one| json!([ms(one.span.from), end(&one.span), one.epoch.0]));
    let (mut bars, mut folds) = (Vec::new(), Vec::new());
    for one in drawn {
        match one {
            Drawn::One(bar) => bars.push(bar_data(bar, tables)),
            Drawn::Folded {
                row,
                from,
                to,
                bars,
            } => {
                let (fates, workflows) = counts(bars, tables);
                folds.push(json!([ms(*from), ms(*to), row, fates, workflows]));
            }
        }
    }
    json!({
        "node": lane.node,
        "slots": timeline.slots.get(&lane.node),
        "rows": lane.rows,
        "lives": lives.collect::<Vec<Value>>(),
        "pauses": pauses.collect::<Vec<Value>>(),
        "masters": masters.collect::<Vec<Value>>(),
        "bars": bars,
        "folds": folds,
    })
}

fn bar_data<'a>(bar: &'a Bar, tables: &mut Tables<'a>) -> Value {
    let visit = &bar.attempt.visit;
    let next = tables.runs.len();
    let run = *tables.runs.entry(&visit.run).or_insert(next);
    if run == next {
        let workflow = bar.workflow.as_ref();
        let workflow = workflow.map(|name| tables.workflows.place(name.as_str()));
        tables
            .run_rows
            .push(json!([visit.run.to_string(), workflow]));
    }
    let step = tables.steps.place(visit.step.as_str());
    let (from, to) = (ms(bar.span.from), end(&bar.span));
    json!([
        from,
        to,
        bar.row,
        fate(bar.fate),
        run,
        step,
        visit.visit,
        bar.attempt.attempt
    ])
}

/// How many ended how, and how many are of which workflow.
fn counts(bars: &[&Bar], tables: &mut Tables<'_>) -> ([usize; FATES], Vec<(usize, usize)>) {
    let mut fates = [0; FATES];
    let mut workflows: BTreeMap<usize, usize> = BTreeMap::new();
    for bar in bars {
        if let Some(count) = fates.get_mut(fate(bar.fate)) {
            *count += 1;
        }
        if let Some(name) = &bar.workflow {
            let place = tables.workflows.place(name.as_str());
            *workflows.entry(place).or_default() += 1;
        }
    }
    (fates, workflows.into_iter().collect())
}

fn fate(fate: Option<TaskFate>) -> usize {
    match fate {
        Some(TaskFate::Succeeded) => 0,
        Some(TaskFate::Failed) => 1,
        Some(TaskFate::Killed) => 2,
        Some(TaskFate::GrantOver) => 3,
        Some(TaskFate::NodeDied) => 4,
        None => RUNNING,
    }
}

fn request(request: &Request) -> Value {
    let (answered, answer, words) = match &request.answer {
        None => (None, "waits", "no answer".to_owned()),
        Some((at, answer)) => {
            let kind = match answer {
                Answer::Acknowledged { .. } => "done",
                Answer::Refused { .. } => "refused",
                Answer::Unknown { .. } => "unknown",
            };
            (Some(ms(*at)), kind, answer.to_string())
        }
    };
    let wish = request.wish.to_string();
    json!([
        ms(request.asked_at),
        answered,
        request.id.0,
        request.node,
        wish,
        answer,
        words
    ])
}

/// How many steps wait for a slot, from when on.
fn waiting(timeline: &Timeline) -> Vec<(f64, i64)> {
    let mut changes: BTreeMap<VirtualTime, i64> = BTreeMap::new();
    for wait in timeline.waits.iter().filter(|wait| wait.for_slot) {
        *changes.entry(wait.span.from).or_default() += 1;
        *changes.entry(wait.span.until(timeline.end)).or_default() -= 1;
    }
    let length = timeline.end.since_start().as_nanos().max(1);
    let coarse = changes.len() > MOST_STEPS;
    let (mut now, mut part) = (0, None);
    let mut steps: Vec<(f64, i64)> = Vec::new();
    for (at, change) in changes {
        now += change;
        let place = at.since_start().as_nanos() * PARTS / length;
        match steps.last_mut() {
            Some((_, highest)) if coarse && part == Some(place) => *highest = now.max(*highest),
            _ => steps.push((ms(at), now)),
        }
        part = Some(place);
    }
    steps
}

fn ms(at: VirtualTime) -> f64 {
    // Three digits after the point are exact enough, and keep the page small.
    (at.since_start().as_secs_f64() * 1e6).round() / 1e3
}

fn end(span: &Span) -> Option<f64> {
    span.to.map(ms)
}
