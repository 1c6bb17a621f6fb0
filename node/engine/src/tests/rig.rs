//! An engine with a store beside it, driven by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use peerflow_model::{
    AttemptId, CoordinatorKey, Epoch, Incarnation, InstanceId, NodeId, Restoration, RunId, Settings,
};

use super::store::Store;
use super::text;
use crate::coordinators::embedded;
use crate::{
    Answer, AttemptResult, Command, Dispatch, Engine, Event, Expected, Now, Options, Origin, Peer,
    Refusal, Report, Request, RequestId,
};

/// An engine under test.
pub(super) struct Rig {
    pub(super) engine: Engine,
    pub(super) store: Store,
    pub(super) now: Now,
    pub(super) settings: Settings,
    /// Attempts that were dispatched and have not been reported as ended.
    pub(super) dispatched: BTreeMap<AttemptId, Box<Dispatch>>,
    /// What the last event led to.
    pub(super) last: Vec<Command>,
    epoch: u64,
}

/// A time of 2026 in UTC, such as `03-29T01:00`.
pub(super) fn at(text: &str) -> Timestamp {
    format!("2026-{text}:00Z").parse().unwrap()
}

/// A workflow of one shell step `a` that any node may run.
pub(super) fn one_step(name: &str, attributes: &str, coordinator: &str) -> String {
    workflow(
        name,
        attributes,
        coordinator,
        r#"<action name="a"><shell><command>true</command></shell><ok to="e"/></action>"#,
    )
}

/// A workflow from its attributes, its coordinator and its actions; the first is called `a`, the end `e`.
pub(super) fn workflow(name: &str, attributes: &str, coordinator: &str, actions: &str) -> String {
    format!(
        r#"<work-flow name="{name}" {attributes}>{coordinator}<start name="s" to="a"/>{actions}<end name="e"/></work-flow>"#
    )
}

/// A coordinator that waits for workflows, and for times where `cron` is not empty.
pub(super) fn after(names: &[&str], cron: &str) -> String {
    let list: String = names
        .iter()
        .map(|name| format!(r#"<workflow name="{name}"/>"#))
        .collect();
    let cron = if cron.is_empty() {
        String::new()
    } else {
        format!(r#" cron="{cron}""#)
    };
    format!("<coordinator><depend-list{cron}>{list}</depend-list></coordinator>")
}

impl Rig {
    /// An engine on an empty store, at noon, on the first of June.
    pub(super) fn new() -> Self {
        Self::at(at("06-01T12:00"))
    }

    /// An engine on an empty store.
    pub(super) fn at(wall: Timestamp) -> Self {
        let settings = Settings {
            reset: String::new(),
            plan: String::new(),
            ..Settings::default()
        };
        Self::with(wall, settings, 1)
    }

    pub(super) fn with(wall: Timestamp, settings: Settings, seed: u64) -> Self {
        let now = Now {
            wall,
            monotonic: Duration::from_secs(1_000),
        };
        let options = Options {
            epoch: Epoch(1),
            seed,
            settings: settings.clone(),
        };
        let mut commands = Vec::new();
        let store = Store::default();
        let engine = Engine::load(options, store.active(), now, &mut commands);
        let mut rig = Self {
            engine,
            store,
            now,
            settings,
            dispatched: BTreeMap::new(),
            last: Vec::new(),
            epoch: 1,
        };
        rig.take(commands);
        rig
    }

    /// Another engine takes over from what is durable. It has not heard of any peer.
    pub(super) fn reload(&mut self, seed: u64) -> Vec<String> {
        self.epoch += 1;
        let options = Options {
            epoch: Epoch(self.epoch),
            seed,
            settings: self.settings.clone(),
        };
        let mut commands = Vec::new();
        self.engine = Engine::load(options, self.store.active(), self.now, &mut commands);
        self.take(commands)
    }

    /// The store goes back to what it was, and another engine takes over, which is told so.
    pub(super) fn go_back(&mut self, to: Store, seed: u64) -> Vec<String> {
        self.store = to;
        self.store.restoration = Some(Restoration {
            epoch: Epoch(self.epoch + 1),
            found_at: self.now.wall,
            last_queue_order: None,
        });
        let known = &self.store.attempts;
        self.dispatched.retain(|id, _| known.contains_key(id));
        self.reload(seed)
    }

    /// Lets the engine handle an event; tells what followed.
    pub(super) fn send(&mut self, event: Event) -> Vec<String> {
        let mut commands = Vec::new();
        self.engine.handle(self.now, event, &mut commands);
        self.take(commands)
    }

    fn take(&mut self, commands: Vec<Command>) -> Vec<String> {
        let mut acted = false;
        for command in &commands {
            match command {
                Command::Persist(change) => {
                    assert!(!acted, "changes come before what waits for them");
                    self.store.apply(change.clone());
                }
                Command::Dispatch(dispatch) => {
                    acted = true;
                    let id = dispatch.attempt.clone();
                    let before = self.dispatched.insert(id.clone(), dispatch.clone());
                    assert!(before.is_none(), "{id} was dispatched twice");
                }
                Command::Kill { .. }
                | Command::Acknowledge { .. }
                | Command::Reply { .. }
                | Command::Warn(_) => acted = true,
            }
        }
        self.last = commands;
        self.lines()
    }

    /// What followed from the last event.
    pub(super) fn lines(&self) -> Vec<String> {
        let commands = self.last.iter();
        commands
            .map(|each| text::command(&self.store, each))
            .collect()
    }

    /// Asks for something.
    pub(super) fn ask(&mut self, request: Request) -> Result<Answer, Refusal> {
        self.send(Event::Request {
            id: RequestId(7),
            request,
        });
        let replies: Vec<_> = self
            .last
            .iter()
            .filter_map(|command| match command {
                Command::Reply { id, result } => Some((*id, result.clone())),
                _ => None,
            })
            .collect();
        let [(RequestId(7), result)] = replies.as_slice() else {
            panic!("one answer to one request, not {replies:?}");
        };
        result.clone()
    }

    /// Registers a document that must be accepted.
    pub(super) fn put(&mut self, xml: &str) -> Vec<String> {
        let answer = self.ask(Request::PutDocument {
            xml: xml.into(),
            files: Vec::new(),
            origin: Origin::Person,
            expected: Expected::Anything,
            sent: None,
        });
        assert!(answer.is_ok(), "{answer:?} of {xml}");
        self.lines()
    }

    /// Triggers a workflow as its coordinator would.
    pub(super) fn trigger(&mut self, name: &str) -> InstanceId {
        let answer = self.ask(Request::Trigger {
            workflow: name.into(),
            blood: false,
            skip: BTreeSet::new(),
        });
        match answer {
            Ok(Answer::Instances(ids)) if ids.len() == 1 => ids[0].clone(),
            other => panic!("{other:?}"),
        }
    }

    /// A peer of the first life with some slots comes up.
    pub(super) fn peer(&mut self, id: &str, slots: u32) -> Vec<String> {
        self.send(Event::Peer(peer(id, slots)))
    }

    /// The attempt of `step` that is under way in the latest run of an instance of `workflow`.
    pub(super) fn attempt(&self, workflow: &str, step: &str) -> AttemptId {
        let found = self.dispatched.keys().rfind(|attempt| {
            attempt.visit.step.as_str() == step
                && self.store.instances[&attempt.visit.run].workflow.as_str() == workflow
        });
        found
            .unwrap_or_else(|| panic!("no attempt of {workflow}/{step} is under way"))
            .clone()
    }

    /// A worker reports the end of an attempt.
    pub(super) fn report(&mut self, attempt: &AttemptId, result: AttemptResult) -> Vec<String> {
        let dispatch = &self.dispatched[attempt];
        let event = ended(attempt, dispatch, result, self.now.wall);
        self.dispatched.remove(attempt);
        self.send(event)
    }

    /// Ends the only attempt of a workflow's step `a`.
    pub(super) fn finish(&mut self, workflow: &str, result: AttemptResult) -> Vec<String> {
        let attempt = self.attempt(workflow, "a");
        self.report(&attempt, result)
    }

    /// Lets time pass in one step, then wakes the engine.
    pub(super) fn pass(&mut self, seconds: u64) -> Vec<String> {
        self.now.monotonic += Duration::from_secs(seconds);
        self.now.wall += SignedDuration::from_secs(i64::try_from(seconds).unwrap());
        self.send(Event::Wake)
    }

    /// Lets time pass as it does, second by second or in longer steps that are no standstill, and tells all that
    /// followed.
    pub(super) fn live_until(&mut self, wall: Timestamp) -> Vec<String> {
        let mut lines = Vec::new();
        while self.now.wall < wall {
            let left = wall.duration_since(self.now.wall).as_secs().clamp(1, 20);
            lines.extend(self.pass(left.unsigned_abs()));
        }
        lines
    }

    /// The coordinator key of a workflow.
    pub(super) fn key(name: &str) -> CoordinatorKey {
        embedded(&name.into())
    }

    /// The status of an instance's latest run.
    pub(super) fn status(&self, id: &InstanceId) -> String {
        let run = self.store.instances.range(
            RunId {
                instance: id.clone(),
                run: 0,
            }..,
        );
        let last = run.take_while(|(run, _)| run.instance == *id).last();
        format!("{:?}", last.expect("the instance is there").1.status)
    }
}

/// A peer of the first life.
pub(super) fn peer(id: &str, slots: u32) -> Peer {
    Peer {
        id: NodeId::from(id),
        incarnation: Incarnation(1),
        hosts: BTreeSet::new(),
        labels: BTreeSet::new(),
        slots,
        load: 0,
        draining: false,
    }
}

/// The report of an attempt's end.
pub(super) fn ended(
    attempt: &AttemptId,
    dispatch: &Dispatch,
    result: AttemptResult,
    wall: Timestamp,
) -> Event {
    Event::Report {
        attempt: attempt.clone(),
        node: dispatch.node.clone(),
        incarnation: dispatch.incarnation,
        report: Report::Ended {
            result,
            exit_code: None,
            message: String::new(),
            started_at: Some(wall),
            ended_at: wall,
            readings: Vec::new(),
            warning: None,
        },
    }
}
