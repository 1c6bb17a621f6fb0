//! Expectations, judged on hand-made histories.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use peerflow_model::{
    Attempt, AttemptId, AttemptStatus, Change, ContentHash, CoordinatorKey, CoordinatorKind, Epoch,
    Fate, Incarnation, Instance, InstanceStatus, LedgerGap, LedgerRow, RunId, TriggerKind, VisitId,
};
use peerflow_workflow::OnPartition;

use super::Expect;
use crate::history::{Entry, TaskFate, What};
use crate::time::{VirtualTime, WorldClock};

/// A history under way. Entries follow each other by a second.
#[derive(Clone, Default)]
struct Tale(Vec<Entry>);

impl Tale {
    fn add(mut self, what: What) -> Self {
        let at = second(self.0.len() as u64 + 1);
        self.0.push(Entry { at, what });
        self
    }

    fn put(self, change: Change) -> Self {
        self.add(What::Committed {
            holder: "n1".into(),
            epoch: Epoch(1),
            commit_seq: 1,
            changes: [change].into(),
        })
    }

    /// As told by a scenario's file.
    fn judge(&self, expect: &str) -> Result<(), String> {
        let expect: Expect = toml::from_str(expect).unwrap();
        let clock = WorldClock::new(Timestamp::UNIX_EPOCH);
        let judged = expect.judge(&self.0, &clock, second(100));
        judged.map_err(|violation| violation.to_string())
    }

    fn meets(&self, expect: &str) {
        assert_eq!(self.judge(expect), Ok(()));
    }

    fn fails(&self, expect: &str, why: &str) {
        let told = self.judge(expect).unwrap_err();
        assert!(told.contains(why), "{told}");
    }
}

fn second(second: u64) -> VirtualTime {
    VirtualTime::after_start(Duration::from_secs(second))
}

fn began(node: &str) -> What {
    What::MasterBegan {
        node: node.into(),
        epoch: Epoch(1),
    }
}

fn crashed(node: &str) -> What {
    What::Crashed { node: node.into() }
}

fn run(status: InstanceStatus) -> Instance {
    Instance {
        id: RunId {
            instance: "a".into(),
            run: 1,
        },
        workflow: "w".into(),
        status,
        ending: None,
        params: BTreeMap::new(),
        trigger: TriggerKind::Cron,
        logical_time: Timestamp::UNIX_EPOCH,
        coordinator: None,
        blood: None,
        skip: BTreeSet::new(),
        definition: ContentHash::of(b""),
        priority: 0,
        queue_order: 1,
        created_at: Timestamp::UNIX_EPOCH,
        started_at: None,
        ended_at: None,
        message: String::new(),
    }
}

fn try_of_x(attempt: u32) -> AttemptId {
    let run = run(InstanceStatus::Running).id;
    let visit = VisitId {
        run,
        step: "x".into(),
        visit: 1,
    };
    AttemptId { visit, attempt }
}

fn begins(attempt: u32) -> What {
    What::TaskStarted {
        node: "n1".into(),
        incarnation: Incarnation(1),
        attempt: try_of_x(attempt),
        on_partition: OnPartition::Wait,
    }
}

fn ends(attempt: u32, fate: TaskFate) -> What {
    What::TaskEnded {
        node: "n1".into(),
        attempt: try_of_x(attempt),
        fate,
    }
}

fn lost(attempt: u32) -> Change {
    Change::PutAttempt(Attempt {
        id: try_of_x(attempt),
        node: "n1".into(),
        incarnation: Incarnation(1),
        epoch: Epoch(1),
        status: AttemptStatus::Lost,
        assigned_at: Timestamp::UNIX_EPOCH,
        started_at: None,
        ended_at: None,
        exit_code: None,
        message: String::new(),
    })
}

fn coordinator() -> CoordinatorKey {
    CoordinatorKey {
        kind: CoordinatorKind::Workflow,
        name: "w".into(),
    }
}

fn row(fate: Fate) -> Change {
    Change::PutLedger(LedgerRow {
        coordinator: coordinator(),
        workflow: "w".into(),
        instant: Timestamp::UNIX_EPOCH,
        fate,
        decided_at: Timestamp::UNIX_EPOCH,
    })
}

fn gap(fate: &str) -> Change {
    Change::PutLedgerGap(LedgerGap {
        coordinator: coordinator(),
        from: Timestamp::UNIX_EPOCH,
        to: Timestamp::UNIX_EPOCH,
        count: 3,
        fate: fate.to_owned(),
        decided_at: Timestamp::UNIX_EPOCH,
    })
}

#[test]
fn nobody_may_be_master_only_so_long_and_one_that_stands_still_is_none() {
    let died = Tale::default()
        .add(began("n1"))
        .add(crashed("n2"))
        .add(crashed("n1"));
    let again = died.clone().add(began("n2"));
    again.meets("max_without_master = '1s'");
    again.fails(
        "max_without_master = '900ms'",
        "00:00:04.000 entry 3: expectation is broken: nobody was master for 1s",
    );
    died.fails("max_without_master = '1m'", "nobody was master for 1m 37s");
    let still = Tale::default()
        .add(began("n1"))
        .add(What::Paused { node: "n1".into() })
        .add(What::Resumed { node: "n1".into() });
    still.meets("max_without_master = '1s'");
    still.fails("max_without_master = '500ms'", "nobody was master for 1s");
    let relieved = Tale::default()
        .add(began("n1"))
        .add(began("n2"))
        .add(What::Paused { node: "n1".into() });
    relieved.meets("max_without_master = '0ms'");
}

#[test]
fn terms_of_masters_and_runs_that_succeed_are_counted() {
    let tale = Tale::default()
        .add(began("n1"))
        .add(began("n2"))
        .put(Change::PutInstance(run(InstanceStatus::Running)))
        .put(Change::PutInstance(run(InstanceStatus::Succeeded)))
        .put(Change::PutInstance(run(InstanceStatus::Succeeded)));
    tale.meets("masters_at_least = 2\nmasters_at_most = 2\nruns_at_least = 1");
    tale.fails("masters_at_least = 3", "2 terms of masters began");
    tale.fails("masters_at_most = 1", "2 terms of masters began");
    tale.fails("runs_at_least = 2", "1 runs succeeded, at least 2");
}

#[test]
fn tries_of_a_visit_are_counted() {
    let tale = Tale::default().add(begins(1)).add(begins(2));
    tale.meets("tries_per_visit_at_most = 2");
    tale.fails("tries_per_visit_at_most = 1", "a#1/x.1.2 begins on n1");
}

#[test]
fn a_task_may_die_with_its_node_and_not_for_its_grant() {
    let killed = |fate| Tale::default().add(begins(1)).add(ends(1, fate));
    let with_node = killed(TaskFate::NodeDied);
    with_node.meets("no_grant_over = true");
    with_node.fails("no_task_killed = true", "a#1/x.1.1 died with n1");
    with_node.fails("grants_over_at_least = 1", "0 tasks were killed");
    let by_node = killed(TaskFate::Killed);
    by_node.meets("no_task_killed = true\nno_try_lost = true");
    for over in [killed(TaskFate::GrantOver), by_node.put(lost(1))] {
        over.meets("grants_over_at_least = 1");
        over.fails("no_grant_over = true", "killed on n1, which lives");
        over.fails("no_task_killed = true", "killed on n1, which lives");
    }
    let never_began = Tale::default().put(lost(1));
    never_began.meets("no_task_killed = true");
    never_began.fails("no_try_lost = true", "a#1/x.1.1 on n1 was given up");
    for fate in [TaskFate::Succeeded, TaskFate::Failed] {
        killed(fate).put(lost(1)).meets("no_task_killed = true");
    }
}

#[test]
fn what_was_killed_begins_again_soon() {
    for fate in [TaskFate::NodeDied, TaskFate::GrantOver, TaskFate::Killed] {
        let killed = Tale::default().add(ends(1, fate)).put(lost(1));
        killed.meets("again_within = '1ms'");
        let again = killed.add(begins(2));
        again.meets("again_within = '2s'");
        again.fails("again_within = '1s'", "a#1/x.1.2 begins on n1 2s after");
    }
    let failed = Tale::default()
        .add(ends(1, TaskFate::Failed))
        .add(begins(2));
    failed.meets("again_within = '1ms'");
}

#[test]
fn every_time_fires_unless_the_ledger_says_otherwise() {
    let ran = Tale::default().put(row(Fate::Held)).put(row(Fate::Ran {
        instance: "a".into(),
    }));
    ran.meets("every_cron_time_fires = true");
    let reason = "why".to_owned();
    let (skipped, missed) = (
        Fate::Skipped {
            reason: reason.clone(),
        },
        Fate::Missed { reason },
    );
    for change in [row(skipped), row(missed), gap("missed: why")] {
        let tale = ran.clone().put(change);
        tale.fails("every_cron_time_fires = true", "did not fire (");
    }
}

#[test]
fn what_fires_late_is_told_by_its_first_commit() {
    let tale = Tale::default()
        .put(Change::PutInstance(run(InstanceStatus::Running)))
        .put(Change::PutInstance(run(InstanceStatus::Succeeded)));
    tale.meets("cron_delay_at_most = '1s'");
    tale.fails("cron_delay_at_most = '999ms'", "of w fired 1s late");
    let by_hand = Instance {
        trigger: TriggerKind::Run,
        ..run(InstanceStatus::Running)
    };
    let tale = Tale::default().put(Change::PutInstance(by_hand));
    tale.meets("cron_delay_at_most = '1ms'");
}

#[test]
fn a_restoration_shows_in_the_ledger() {
    let missed = |reason: &str| Fate::Missed {
        reason: reason.to_owned(),
    };
    let other = Tale::default()
        .put(row(missed("no master was up")))
        .put(gap("missed: no master was up"));
    other.fails("tells_of_restoration = true", "although the store");
    let told = row(missed("store restored"));
    for change in [told, gap("missed (store restored)")] {
        let tale = other.clone().put(change);
        tale.meets("tells_of_restoration = true");
    }
}
