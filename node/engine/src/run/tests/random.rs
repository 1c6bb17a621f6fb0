//! Random workflows under random orders of reports, losses and restarts, against rules checked the slow way.

use std::collections::{BTreeMap, BTreeSet};

use peerflow_model::{AttemptId, Visit, VisitStatus};
use peerflow_workflow::{StepIndex, StepKind, Workflow};
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::event::{AttemptResult, Report};
use crate::run::Loss;
use crate::run::reach::Reach;
use crate::run::testing::{Rig, instance, workflow};

/// Control steps go on to later ones or to actions, so that no cycle lacks an action.
fn random_workflow(rng: &mut SmallRng) -> Workflow {
    let len = rng.random_range(3..14_u32);
    let action = |rng: &mut SmallRng, at: u32| at == 0 || rng.random_bool(0.5);
    let actions: Vec<bool> = (0..len).map(|at| action(rng, at)).collect();
    let target = |rng: &mut SmallRng, at: u32, control: bool| loop {
        let to = rng.random_range(0..=len + 1);
        if to == len + 1 && !rng.random_bool(0.2) {
            continue;
        }
        let forward = to > at || (to < len && actions[to as usize]);
        if !control || forward {
            return match to {
                to if to == len => "e".to_owned(),
                to if to == len + 1 => "k".to_owned(),
                to => format!("x{to}"),
            };
        }
    };
    let mut text = "s: start x0\n".to_owned();
    for at in 0..len {
        if !actions[at as usize] {
            let kind = if rng.random_bool(0.5) { "join" } else { "fork" };
            let paths = if kind == "join" {
                1
            } else {
                rng.random_range(2..4)
            };
            text += &format!("x{at}: {kind}");
            for _path in 0..paths {
                text += &format!(" {}", target(rng, at, true));
            }
            text.push('\n');
            continue;
        }
        text += &format!("x{at}: do {}", target(rng, at, false));
        if rng.random_bool(0.5) {
            text += &format!(" error={}", target(rng, at, false));
        }
        let options = [
            "",
            "retry=2 interval=7",
            "retry=1",
            "timeout=50",
            "ignore",
            "hold",
            "rerun",
            "retry=3 interval=9 exponential timeout=90",
        ];
        text += &format!(" {}\n", options.choose(rng).unwrap());
    }
    workflow(&format!("{text}k: kill\n e: end"))
}

/// Whether a token at `from` can come to `to`.
fn reaches(workflow: &Workflow, from: StepIndex, to: StepIndex) -> bool {
    let mut seen = BTreeSet::new();
    let mut path = vec![from];
    while let Some(at) = path.pop() {
        let next = match &workflow.step(at).kind {
            StepKind::Start { to } | StepKind::Join { to } => vec![*to],
            StepKind::Fork { paths } => paths.clone(),
            StepKind::Kill { .. } | StepKind::End => vec![],
            StepKind::Action(action) if action.ignore => vec![action.ok],
            StepKind::Action(action) => [Some(action.ok), action.error]
                .into_iter()
                .flatten()
                .collect(),
        };
        for step in next {
            if step == to {
                return true;
            }
            if seen.insert(step) {
                path.push(step);
            }
        }
    }
    false
}

fn step(workflow: &Workflow, visit: &Visit) -> StepIndex {
    workflow.find(visit.id.step.as_str()).unwrap()
}

fn is_join(workflow: &Workflow, visit: &Visit) -> bool {
    matches!(
        workflow.step(step(workflow, visit)).kind,
        StepKind::Join { .. }
    )
}

/// What can come from where, found the slow way.
type Ways = BTreeSet<(StepIndex, StepIndex)>;

fn ways(workflow: &Workflow) -> Ways {
    let steps = || (0..).take(workflow.steps.len()).map(StepIndex);
    steps()
        .flat_map(|from| steps().map(move |to| (from, to)))
        .filter(|&(from, to)| reaches(workflow, from, to))
        .collect()
}

/// A join waits only while something can reach it, and goes on only when nothing can.
fn check_joins(rig: &Rig, ways: &Ways, before: &[Visit]) {
    let workflow = &rig.run.workflow;
    let works = |visit: &Visit| !visit.status.is_final() && !is_join(workflow, visit);
    let live: Vec<&Visit> = rig.visits.values().filter(|visit| works(visit)).collect();
    for join in rig.visits.values() {
        let waits = join.status == VisitStatus::Waiting;
        let went_on = join.status == VisitStatus::Succeeded && join.ended_at == Some(rig.now.wall);
        if !(waits || went_on) || !is_join(workflow, join) {
            continue;
        }
        let to = step(workflow, join);
        let mut reached = live
            .iter()
            .filter(|visit| ways.contains(&(step(workflow, visit), to)));
        if waits {
            assert!(reached.next().is_some(), "{} waits for nothing", join.id);
        } else {
            let early = reached.find(|visit| before.contains(visit));
            assert!(early.is_none(), "{} went on before {early:?}", join.id);
        }
    }
}

fn check(rig: &mut Rig, ways: &Ways, before: &[Visit]) {
    let persisted: Vec<&Visit> = rig.visits.values().collect();
    let held: Vec<&Visit> = rig.run.visits.iter().collect();
    assert_eq!(persisted, held, "all that changed was persisted");
    assert_eq!(rig.instance, rig.run.instance);
    let pending: BTreeSet<_> = rig
        .run
        .pending_visits()
        .map(|visit| visit.id.clone())
        .collect();
    assert_eq!(
        pending,
        rig.ready.iter().cloned().collect(),
        "ready and withdrawn tell the pending"
    );
    check_joins(rig, ways, before);
    let live = persisted
        .iter()
        .filter(|visit| !visit.status.is_final())
        .count();
    assert_eq!(rig.run.over(), live == 0);
    if !rig.run.over() {
        let before = rig.run.state();
        rig.restart();
        assert_eq!(rig.run.state(), before, "restored as it was");
    }
}

fn random_move(rig: &mut Rig, rng: &mut SmallRng, told: &mut Vec<AttemptId>) {
    let live: Vec<AttemptId> = rig.run.live_attempts().map(|(id, ..)| id.clone()).collect();
    match rng.random_range(0..12) {
        0 => rig.seconds(rng.random_range(1..20)),
        1 => {
            let loss = *[Loss::Down, Loss::Certain, Loss::Gone].choose(rng).unwrap();
            if let Some(id) = live.choose(rng) {
                rig.act(|run, now, rng, effects| run.lose(id, loss, now, rng, effects));
            }
        }
        2 => {
            let ids: Vec<_> = rig.visits.values().map(|visit| visit.id.clone()).collect();
            let id = ids.choose(rng).unwrap();
            let again = rng.random_bool(0.7);
            rig.act(|run, now, rng, effects| {
                let held = run.visit(id).unwrap().status == VisitStatus::Lost;
                assert_eq!(run.release(id, again, now, rng, effects).is_ok(), held);
            });
        }
        3 if !told.is_empty() => {
            let id = told.choose(rng).unwrap().clone();
            let report = rig.ended(AttemptResult::Succeeded, "again");
            rig.report(&id, report);
        }
        4..8 => {
            if let Some(id) = rig.ready.choose(rng).cloned() {
                rig.assign_visit(&id);
            }
        }
        _ => {
            let Some(id) = live.choose(rng) else { return };
            use AttemptResult::{Failed, Killed, Revoked, Succeeded, TimedOut};
            let results = [
                Succeeded, Succeeded, Succeeded, Succeeded, Failed, Failed, Killed, Revoked,
                TimedOut,
            ];
            let result = match results.choose(rng).unwrap() {
                TimedOut if rng.random_bool(0.8) => Succeeded,
                other => *other,
            };
            let report = match rng.random_range(0..6) {
                0 => Report::Started { at: rig.now.wall },
                1 => Report::Refused {
                    reason: "no slot".to_owned(),
                },
                _ => rig.ended(result, "so"),
            };
            rig.report(id, report);
            told.push(id.clone());
        }
    }
}

/// Lets everything succeed until the run is over.
fn heal(rig: &mut Rig) {
    for _round in 0..200 {
        if rig.run.over() {
            return;
        }
        if rig.visits.len() > 500 {
            break;
        }
        let held: Vec<_> = rig
            .run
            .visits
            .iter()
            .filter(|v| v.status == VisitStatus::Lost)
            .map(|v| v.id.clone())
            .collect();
        for id in held {
            rig.act(|run, now, rng, effects| run.release(&id, true, now, rng, effects).unwrap());
        }
        if let Some(id) = rig.ready.first().cloned() {
            rig.assign_visit(&id);
        }
        let live = rig.run.live_attempts().next().map(|(id, ..)| id.clone());
        if let Some(id) = live {
            let report = rig.ended(AttemptResult::Succeeded, "");
            rig.report(&id, report);
        } else {
            rig.seconds(3_600);
        }
    }
    rig.act(|run, now, _, effects| run.kill("goes round for ever".to_owned(), now, effects));
    let live: Vec<AttemptId> = rig.run.live_attempts().map(|(id, ..)| id.clone()).collect();
    for id in live {
        let report = rig.ended(AttemptResult::Killed, "");
        rig.report(&id, report);
    }
    assert!(rig.run.over());
}

/// Makes random moves, checks each, then lets the run come to its end.
fn play(rig: &mut Rig, rng: &mut SmallRng) {
    let mut told = Vec::new();
    let ways = ways(&rig.run.workflow);
    check(rig, &ways, &[]);
    for _move in 0..40 {
        // Forks in a loop make more and more tokens; what matters shows before that.
        if rig.run.over() || rig.visits.len() > 150 {
            break;
        }
        // Every move has an instant of its own, so that a visit tells in which it ended.
        rig.seconds(1);
        let before: Vec<Visit> = rig.visits.values().cloned().collect();
        random_move(rig, rng, &mut told);
        check(rig, &ways, &before);
    }
    heal(rig);
    let last = rig.run.state();
    for id in told.iter().take(3) {
        let report = rig.ended(AttemptResult::Failed, "too late");
        rig.report(id, report);
    }
    assert_eq!(rig.run.state(), last, "an ended run never changes");
}

#[test]
fn random_runs_keep_the_rules_and_restore_to_what_they_were() {
    let mut outcomes = BTreeMap::new();
    let mut recovered = 0;
    for seed in 0..300 {
        let mut rng = SmallRng::seed_from_u64(seed);
        let mut rig = Rig::begin_with(random_workflow(&mut rng), instance(1));
        play(&mut rig, &mut rng);
        if let Ok(mut next) = rig.recover(None) {
            next.seconds(1);
            play(&mut next, &mut rng);
            recovered += 1;
        }
        *outcomes.entry(rig.instance.status).or_insert(0) += 1;
    }
    assert!(outcomes.values().all(|&count| count > 10), "{outcomes:?}");
    assert_eq!(outcomes.len(), 3, "{outcomes:?}");
    assert!(recovered > 50, "{recovered}");
}

#[test]
fn the_joins_a_step_reaches_are_those_found_the_slow_way() {
    for seed in 0..300 {
        let workflow = random_workflow(&mut SmallRng::seed_from_u64(seed));
        let steps: Vec<StepIndex> = (0..).take(workflow.steps.len()).map(StepIndex).collect();
        let joins: Vec<StepIndex> = steps
            .iter()
            .copied()
            .filter(|&at| matches!(workflow.step(at).kind, StepKind::Join { .. }))
            .collect();
        let Some(reach) = Reach::of(&workflow, &BTreeSet::new()) else {
            assert!(joins.is_empty());
            continue;
        };
        for &from in &steps {
            for (ordinal, &join) in joins.iter().enumerate() {
                assert_eq!(
                    reach.reaches(from, ordinal),
                    reaches(&workflow, from, join),
                    "{from:?} {join:?} {workflow:?}"
                );
            }
        }
    }
}
