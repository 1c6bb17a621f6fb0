//! One of every message, with every variant.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use peerflow_model::{
    AttemptId, ContentHash, CoordinatorKey, CoordinatorKind, DataReading, Ending, Epoch,
    FileRecord, Incarnation, Instance, InstanceStatus, LinkKind, LinkRecord, LinkSettings, Outcome,
    Progress, RunId, TriggerKind, Visit, VisitId, VisitStatus,
};

use crate::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::new(1_760_000_000 + seconds, 123_456_789).unwrap()
}

fn run() -> RunId {
    RunId {
        instance: "0h4k9a2b1c3d5e7f".into(),
        run: 2,
    }
}

fn visit() -> VisitId {
    VisitId {
        run: run(),
        step: "装载 load".into(),
        visit: 3,
    }
}

fn attempt() -> AttemptId {
    AttemptId {
        visit: visit(),
        attempt: 1,
    }
}

fn file() -> FileRecord {
    FileRecord {
        path: "scripts/load.sh".to_owned(),
        hash: ContentHash::of(b"echo"),
        size: 4,
        executable: true,
    }
}

fn key() -> CoordinatorKey {
    CoordinatorKey {
        kind: CoordinatorKind::Standalone,
        name: "nightly".into(),
    }
}

fn params() -> BTreeMap<String, String> {
    BTreeMap::from([
        ("day".to_owned(), "2026-11-21".to_owned()),
        ("empty".to_owned(), String::new()),
    ])
}

pub(super) fn orders() -> Vec<Order> {
    vec![
        Order::Dispatch(Box::new(DispatchMessage {
            attempt: attempt(),
            grant: 300,
            epoch: Epoch(70_000),
            incarnation: Incarnation(5_000_000_000),
            definition: ContentHash::of(b"<workflow/>"),
            workflow: "etl".into(),
            step: "装载 load".into(),
            params: params(),
            logical_time: at(0),
            zone: "Asia/Shanghai".to_owned(),
            created_at: at(1),
            timeout: Some(Duration::from_millis(90_500)),
            files: vec![file()],
        })),
        Order::Kill {
            attempt: attempt(),
            reason: "killed by a person".to_owned(),
        },
        Order::Acknowledge { attempt: attempt() },
        Order::Grant {
            number: 301,
            lease: Duration::from_secs(60),
        },
    ]
}

pub(super) fn tolds() -> Vec<Told> {
    let report = |report| Told::Report {
        attempt: attempt(),
        node: "n1".into(),
        incarnation: Incarnation(4),
        report,
    };
    let ended = |result| {
        report(ReportMessage::Ended(Box::new(EndedMessage {
            result,
            exit_code: Some(-1),
            message: "exit code 255".to_owned(),
            started_at: Some(at(2)),
            ended_at: at(3),
            readings: vec![DataReading {
                attempt: attempt(),
                workflow: "etl".into(),
                day: "2026-11-21".parse().unwrap(),
                value: 1.5,
                min: Some(-0.25),
                max: None,
                marks: BTreeMap::from([("category".to_owned(), "c".to_owned())]),
                remark: String::new(),
                at: at(3),
            }],
            warning: Some("too few rows".to_owned()),
        })))
    };
    vec![
        Told::Refused {
            epoch: Epoch(9),
            reason: "a newer master is followed".to_owned(),
        },
        Told::Busy {
            reason: "stopping".to_owned(),
        },
        Told::GrantRequest { number: 302 },
        Told::Peer(PeerMessage {
            id: "n1".into(),
            incarnation: Incarnation(4),
            hosts: BTreeSet::from(["10.0.0.1".to_owned(), "db1".to_owned()]),
            labels: BTreeSet::from(["gpu".to_owned()]),
            slots: 16,
            draining: true,
        }),
        Told::Inventory {
            node: "n1".into(),
            incarnation: Incarnation(4),
            attempts: BTreeSet::from([attempt()]),
        },
        report(ReportMessage::Started { at: at(2) }),
        ended(AttemptResultMessage::Succeeded),
        ended(AttemptResultMessage::Failed),
        ended(AttemptResultMessage::Killed),
        ended(AttemptResultMessage::TimedOut),
        ended(AttemptResultMessage::Revoked),
        ended(AttemptResultMessage::Moved),
        report(ReportMessage::Refused {
            reason: "no slot is free".to_owned(),
        }),
    ]
}

pub(super) fn openings() -> Vec<Opening> {
    let mut openings = vec![
        Opening::Control {
            epoch: Epoch(3),
            master: "n1".into(),
            incarnation: Incarnation(7),
        },
        Opening::Events,
        Opening::FollowLog { run: run() },
        Opening::Ping,
        Opening::Released { epoch: Epoch(8) },
    ];
    openings.extend(
        asked()
            .into_iter()
            .enumerate()
            .map(|(at, what)| Opening::Ask {
                key: (at % 2 == 0).then(|| "k-1".to_owned()),
                what: Box::new(what),
            }),
    );
    openings
}

#[expect(clippy::too_many_lines, reason = "a list: one sample for each request")]
fn asked() -> Vec<AskedMessage> {
    let put = |origin| AskedMessage::PutDocument {
        xml: "<workflow name=\"etl\"/>".to_owned(),
        files: vec![file()],
        expected: match origin {
            OriginMessage::Person => ExpectedMessage::Definition(file().hash),
            OriginMessage::Loader { .. } => ExpectedMessage::Nothing,
        },
        origin,
        sent: Some(file().hash),
    };
    let rerun = |mode| AskedMessage::Rerun {
        instance: run().instance,
        mode,
        as_was: true,
    };
    vec![
        put(OriginMessage::Person),
        put(OriginMessage::Loader {
            node: "n1".to_owned(),
            path: "a.xml".to_owned(),
            first: true,
        }),
        AskedMessage::DeleteWorkflow { name: "etl".into() },
        AskedMessage::DeleteCoordinator {
            name: "nightly".into(),
        },
        AskedMessage::Trigger {
            workflow: "etl".into(),
            blood: true,
            skip: BTreeSet::from(["a".into()]),
        },
        AskedMessage::TriggerCoordinator {
            name: "nightly".into(),
        },
        AskedMessage::Run {
            workflow: "etl".into(),
            params: params(),
        },
        AskedMessage::Reset { key: key() },
        AskedMessage::ResetAll,
        AskedMessage::SetEnabled {
            key: key(),
            enabled: true,
        },
        AskedMessage::Kill {
            instance: run().instance,
        },
        AskedMessage::DeleteInstance {
            instance: run().instance,
        },
        rerun(RerunModeMessage::FromStart),
        rerun(RerunModeMessage::Recover),
        AskedMessage::Release {
            visit: visit(),
            run_again: true,
        },
        AskedMessage::ReleaseAll { run_again: true },
        AskedMessage::ReleaseInstance {
            instance: run().instance,
        },
        AskedMessage::Set {
            key: "worker.lease".to_owned(),
            value: "30s".to_owned(),
        },
        AskedMessage::Drain {
            node: "n2".into(),
            off: false,
            moves: true,
        },
        AskedMessage::Shutdown,
    ]
}

/// What version 2 brought.
pub(super) fn openings_of_progress() -> Vec<Opening> {
    vec![Opening::Progress { run: run() }]
}

pub(super) fn progresses() -> Vec<ProgressMessage> {
    let progress = Progress {
        rows: 1_200_000,
        bytes: 137_573_171,
        rows_per_second: 240_000,
    };
    vec![
        ProgressMessage::default(),
        ProgressMessage(vec![(attempt(), progress)]),
    ]
}

pub(super) fn openings_of_links() -> Vec<Opening> {
    let link = LinkRecord {
        kind: LinkKind::Database,
        name: "数仓 dw".to_owned(),
        settings: LinkSettings {
            system: "MYSQL".to_owned(),
            jdbc_url: "jdbc:mysql://db1:3306/dw".to_owned(),
            host: String::new(),
            port: Some(3306),
            username: "etl".to_owned(),
            description: "warehouse".to_owned(),
            properties: params(),
        },
        sealed: vec![0, 250, 251, 255],
        updated_at: at(5),
    };
    let key = link.key();
    [
        AskedMessage::PutLink {
            link: Box::new(link),
            origin: OriginMessage::Person,
            expected: ExpectedMessage::Nothing,
            sent: file().hash,
        },
        AskedMessage::DeleteLink { key, force: true },
    ]
    .map(|what| Opening::Ask {
        key: None,
        what: Box::new(what),
    })
    .to_vec()
}

pub(super) fn answers() -> Vec<AskAnswer> {
    let diagnostic = |is_error| DiagnosticMessage {
        is_error,
        line: 3,
        column: 9,
        offset: 40,
        length: 4,
        message: "unknown attribute nmae".to_owned(),
        help: "write name".to_owned(),
    };
    let registered = |outcome| {
        AskAnswer::Answered(AnswerMessage::Registered {
            name: "etl".to_owned(),
            standalone: false,
            outcome,
            warnings: vec![diagnostic(false)],
            notes: vec!["unknown dependency".to_owned()],
        })
    };
    let refused = |kind| {
        AskAnswer::Refused(RefusalMessage {
            kind,
            message: "no workflow etl is registered".to_owned(),
        })
    };
    vec![
        registered(RegisteredMessage::Added),
        registered(RegisteredMessage::Updated),
        registered(RegisteredMessage::Unchanged),
        registered(RegisteredMessage::Kept),
        AskAnswer::Answered(AnswerMessage::Instances(vec!["i1".into(), "i2".into()])),
        AskAnswer::Answered(AnswerMessage::Done("deleted".to_owned())),
        refused(RefusalKindMessage::NotFound),
        refused(RefusalKindMessage::Conflict),
        refused(RefusalKindMessage::InvalidDocument(vec![diagnostic(true)])),
        refused(RefusalKindMessage::MissingParameters(vec![
            "day".to_owned(),
        ])),
        refused(RefusalKindMessage::Invalid),
        refused(RefusalKindMessage::Limit),
        AskAnswer::Unavailable {
            reason: "no master".to_owned(),
            retry_after: Duration::from_millis(1_500),
        },
        AskAnswer::Busy,
        AskAnswer::KeyReused,
    ]
}

pub(super) fn events() -> Vec<EventMessage> {
    vec![
        EventMessage::Following,
        EventMessage::Instance(Box::new(instance())),
        EventMessage::Step(Box::new(step())),
        EventMessage::Definition {
            name: "etl".to_owned(),
            deleted: true,
        },
        EventMessage::Cluster,
        EventMessage::Missed { events: 17 },
    ]
}

fn instance() -> Instance {
    Instance {
        id: run(),
        workflow: "etl".into(),
        status: InstanceStatus::Running,
        ending: Some(Ending {
            outcome: Outcome::Failed,
            message: "load failed".to_owned(),
        }),
        params: params(),
        trigger: TriggerKind::Cron,
        logical_time: at(0),
        coordinator: Some(key()),
        blood: Some("i0".into()),
        skip: BTreeSet::from(["a".into()]),
        definition: ContentHash::of(b"<workflow/>"),
        priority: -5,
        queue_order: 1_000,
        created_at: at(0),
        started_at: Some(at(1)),
        ended_at: None,
        message: "waits".to_owned(),
    }
}

fn step() -> Visit {
    Visit {
        id: visit(),
        sequence: 4,
        step_type: "script".to_owned(),
        status: VisitStatus::Running,
        from: Some(("start".into(), 1)),
        arrivals: 1,
        attempt: 2,
        failures: 1,
        losses: 0,
        node: Some("n1".into()),
        created_at: at(0),
        dispatched_at: Some(at(1)),
        started_at: Some(at(2)),
        ended_at: None,
        retry_at: None,
        message: String::new(),
    }
}

pub(super) fn logs() -> Vec<LogMessage> {
    vec![LogMessage::Following, LogMessage::Stored]
}

/// An order of about that many bytes.
pub(super) fn large_order(bytes: usize) -> Order {
    Order::Kill {
        attempt: attempt(),
        reason: "x".repeat(bytes),
    }
}

/// An event of about that many bytes.
pub(super) fn large_event(bytes: usize) -> EventMessage {
    EventMessage::Definition {
        name: "x".repeat(bytes),
        deleted: false,
    }
}
