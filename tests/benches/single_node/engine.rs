//! ENGINE: the scheduler's mind alone, with peers that do at once what they are told.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use peerflow_engine::{
    AttemptResult, Command, Engine, Event, Expected, Now, Options, Origin, Peer, Report, Request,
    RequestId,
};
use peerflow_model::{ActiveState, Epoch, Incarnation, NodeId, Settings};

use crate::documents::{action, chain, wide};
use crate::measure::{Series, Stopwatch, row};

/// A fixed instant: the engine asks no clock.
fn now(at_ms: u64) -> Now {
    let wall = Timestamp::from_millisecond(1_800_000_000_000).expect("in range")
        + Duration::from_millis(at_ms);
    Now {
        wall,
        monotonic: Duration::from_millis(at_ms),
    }
}

/// An engine with one peer, which does at once what it is told.
struct Bench {
    engine: Engine,
    commands: Vec<Command>,
    events: u64,
    at_ms: u64,
}

impl Bench {
    fn new(slots: u32) -> Self {
        let options = Options {
            epoch: Epoch(1),
            seed: 7,
            settings: Settings::default(),
        };
        let mut commands = Vec::new();
        let engine = Engine::load(options, ActiveState::default(), now(0), &mut commands);
        let mut bench = Self {
            engine,
            commands,
            events: 0,
            at_ms: 0,
        };
        bench.handle(Event::Peer(Peer {
            id: NodeId::from("bench"),
            incarnation: Incarnation(1),
            hosts: [].into(),
            labels: [].into(),
            slots,
            load: 0,
            draining: false,
        }));
        bench
    }

    fn handle(&mut self, event: Event) {
        self.events += 1;
        // A millisecond for a hundred events: time passes, but nothing becomes due.
        self.at_ms = self.events / 100;
        self.engine
            .handle(now(self.at_ms), event, &mut self.commands);
    }

    fn put(&mut self, xml: &str) {
        let request = Request::PutDocument {
            xml: xml.into(),
            files: Vec::new(),
            origin: Origin::Person,
            expected: Expected::Anything,
            sent: None,
        };
        self.handle(Event::Request {
            id: RequestId(0),
            request,
        });
    }

    fn run(&mut self, workflow: &str) {
        let request = Request::Run {
            workflow: workflow.into(),
            params: [].into(),
        };
        self.handle(Event::Request {
            id: RequestId(1),
            request,
        });
    }

    /// Lets every dispatched attempt begin and succeed until nothing is dispatched any more.
    fn drain(&mut self) {
        let mut due = VecDeque::new();
        loop {
            for command in self.commands.drain(..) {
                if let Command::Dispatch(dispatch) = command {
                    due.push_back(dispatch);
                }
            }
            let Some(dispatch) = due.pop_front() else {
                return;
            };
            let at = now(self.at_ms).wall;
            let report = |report| Event::Report {
                attempt: dispatch.attempt.clone(),
                node: dispatch.node.clone(),
                incarnation: dispatch.incarnation,
                report,
            };
            self.handle(report(Report::Started { at }));
            self.handle(report(Report::Ended {
                result: AttemptResult::Succeeded,
                exit_code: Some(0),
                message: String::new(),
                started_at: Some(at),
                ended_at: at,
                readings: Vec::new(),
                warning: None,
            }));
        }
    }
}

/// ENGINE: events a second, and what an instance of 10,000 steps costs in all.
pub(crate) fn engine() {
    let figures = Series::of(|| {
        let mut bench = Bench::new(64);
        bench.put(&wide("w", 20, action));
        let watch = Stopwatch::start();
        let before = bench.events;
        for _ in 0..2000 {
            bench.run("w");
        }
        bench.drain();
        #[expect(clippy::cast_precision_loss, reason = "small counts")]
        let events = (bench.events - before) as f64;
        events / watch.seconds()
    });
    row("ENGINE", &figures, "events/s", None, "at least 500000");
    for (shape, xml) in [
        ("chain", chain("big", 10_000, action)),
        ("fork and join", wide("big", 10_000, action)),
    ] {
        let figures = Series::of(|| {
            let mut bench = Bench::new(64);
            bench.put(&xml);
            let watch = Stopwatch::start();
            bench.run("big");
            bench.drain();
            watch.seconds() * 1e3
        });
        row(
            &format!("ENGINE 10,000 {shape}"),
            &figures,
            "ms in all",
            None,
            "at most 50 ms",
        );
    }
}
