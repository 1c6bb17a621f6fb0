//! A made-up night: five nodes, some hundred tasks, deaths, a pause, a partition, and a store that goes back.

use std::collections::{BTreeMap, VecDeque};

use peerflow_model::{
    AttemptId, Change, Epoch, Fate, InstanceId, InstanceStatus, NodeId, VisitStatus,
};

use super::records::{
    attempt, committed, entry, instance, ledger, node, started, task_ended, task_started, visit,
};
use crate::history::{Answer, Entry, RequestId, TaskFate, What, Wish};

pub(crate) const NODES: [&str; 5] = ["n1", "n2", "n3-analytics", "n4", "北京-05"];
const SLOTS: usize = 4;
const WORKFLOWS: [&str; 5] = [
    "orders <daily> & \"returns\"",
    "每日销售报表",
    "inventory",
    "ledger-close",
    "</script><script>alert(1)</script>",
];
const STEPS: [&str; 3] = ["extract", "transform", "load"];
const TICK: u64 = 250;
const END: u64 = 20 * 60_000;

struct Task {
    attempt: AttemptId,
    run: String,
    workflow: &'static str,
    step: usize,
    place: usize,
    ends: u64,
    fails: bool,
}

struct Job {
    run: String,
    workflow: &'static str,
    step: usize,
    attempt: u32,
    told: bool,
}

pub(crate) struct Night {
    entries: Vec<Entry>,
    ready: VecDeque<Job>,
    running: Vec<Task>,
    up: [bool; 5],
    master: usize,
    made: u64,
    random: u64,
    commits: usize,
}

pub(crate) fn nodes() -> Vec<NodeId> {
    NODES.iter().map(|name| node(name)).collect()
}

pub(crate) fn slots() -> BTreeMap<NodeId, u32> {
    nodes().into_iter().map(|node| (node, 4)).collect()
}

/// Its history.
pub(crate) fn night() -> Vec<Entry> {
    let mut night = Night {
        entries: Vec::new(),
        ready: VecDeque::new(),
        running: Vec::new(),
        up: [true; 5],
        master: 0,
        made: 0,
        random: 7,
        commits: 0,
    };
    for name in NODES {
        night.say(0, started(name, 1));
    }
    night.elect(600, 0, 1);
    for now in (750..END).step_by(usize::try_from(TICK).expect("fits")) {
        night.plan(now);
        night.arrive(now);
        night.end(now);
        night.place(now);
    }
    night.say(END, What::Healing);
    night.entries
}

impl Night {
    fn say(&mut self, now: u64, what: What) {
        self.entries.push(entry(now, what));
    }

    fn draw(&mut self, below: u64) -> u64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 40) % below
    }

    fn commit(&mut self, now: u64, changes: Vec<Change>) {
        self.commits += 1;
        self.say(now, committed(NODES[self.master], changes));
    }

    fn elect(&mut self, now: u64, place: usize, epoch: u64) {
        let (holder, epoch) = (node(NODES[place]), Epoch(epoch));
        self.master = place;
        self.say(
            now,
            What::LeaseTaken {
                holder: holder.clone(),
                epoch,
                went_back: epoch.0 == 4,
            },
        );
        self.say(
            now,
            What::MasterBegan {
                node: holder,
                epoch,
            },
        );
    }

    fn fault(&mut self, now: u64, fault: &str, begins: bool) {
        let fault = fault.to_owned();
        self.say(
            now,
            if begins {
                What::FaultBegan { fault }
            } else {
                What::FaultEnded { fault }
            },
        );
    }

    fn plan(&mut self, now: u64) {
        let cut = "partition 北京-05 | n1 n2 n3-analytics n4";
        match now {
            240_000 => self.crash(now, 2),
            390_000 => self.start(now, 2, 2),
            480_000 => {
                self.fault(now, "pause n1", true);
                self.say(now, What::Paused { node: node("n1") });
            }
            482_500 => self.elect(now, 1, 2),
            520_000 => {
                self.say(now, What::Resumed { node: node("n1") });
                self.fault(now, "pause n1", false);
                self.say(
                    now,
                    What::Fenced {
                        holder: node("n1"),
                        epoch: Epoch(1),
                    },
                );
                self.say(
                    now,
                    What::MasterEnded {
                        node: node("n1"),
                        epoch: Epoch(1),
                    },
                );
            }
            600_000 => self.fault(now, cut, true),
            610_000 => self.fault(now, "loss 30 % n1 n2", true),
            610_500 => self.lose(now, 4, TaskFate::GrantOver),
            660_000 => self.fault(now, cut, false),
            670_000 => self.fault(now, "loss 30 % n1 n2", false),
            780_000 => self.crash(now, 1),
            782_250 => self.elect(now, 3, 3),
            840_000 => self.start(now, 1, 2),
            900_000 => {
                let commits = self.commits.saturating_sub(300);
                self.commits = commits;
                self.say(now, What::Restored { commits });
                self.say(
                    now,
                    What::MasterEnded {
                        node: node("n4"),
                        epoch: Epoch(3),
                    },
                );
            }
            902_000 => self.elect(now, 0, 4),
            1_020_000 => self.crash(now, 4),
            _ => {}
        }
    }

    fn crash(&mut self, now: u64, place: usize) {
        self.up[place] = false;
        self.fault(now, &format!("kill {}", NODES[place]), true);
        self.say(
            now,
            What::Crashed {
                node: node(NODES[place]),
            },
        );
        self.lose(now, place, TaskFate::NodeDied);
    }

    fn start(&mut self, now: u64, place: usize, incarnation: u64) {
        self.up[place] = true;
        self.say(now, started(NODES[place], incarnation));
        self.fault(now, &format!("kill {}", NODES[place]), false);
    }

    fn lose(&mut self, now: u64, place: usize, fate: TaskFate) {
        let (lost, kept) = std::mem::take(&mut self.running)
            .into_iter()
            .partition(|task| task.place == place);
        self.running = kept;
        let lost: Vec<Task> = lost;
        for task in lost {
            self.say(now, task_ended(NODES[place], &task.attempt, fate));
            self.ready.push_front(Job {
                run: task.run,
                workflow: task.workflow,
                step: task.step,
                attempt: task.attempt.attempt + 1,
                told: false,
            });
        }
    }

    /// Instances by schedule every two minutes, and what people ask for.
    fn arrive(&mut self, now: u64) {
        let herd = if now.is_multiple_of(120_000) { 24 } else { 0 };
        let asked = now > 1_000 && self.draw(60) == 0;
        for number in 0..herd + u64::from(asked) {
            self.made += 1;
            let workflow = WORKFLOWS[usize::try_from((self.made * 7 + number) % 5).expect("fits")];
            let run = format!("0r{:05}", self.made);
            let id: InstanceId = run.as_str().into();
            let mut changes = vec![instance(&run, workflow, InstanceStatus::Running)];
            if herd > 0 && number < 5 {
                let workflow = WORKFLOWS[usize::try_from(number).expect("fits")];
                let fate = match self.draw(12) {
                    0 => Fate::Missed {
                        reason: "no master was up".to_owned(),
                    },
                    1 => Fate::Skipped {
                        reason: "a later time took its place".to_owned(),
                    },
                    _ => Fate::Ran {
                        instance: id.clone(),
                    },
                };
                let late = self.draw(3_000);
                changes.push(ledger(workflow, now.saturating_sub(late), fate));
            }
            if number == herd {
                self.ask(now, workflow, id);
            }
            self.commit(now, changes);
            self.ready.push_back(Job {
                run,
                workflow,
                step: 0,
                attempt: 1,
                told: false,
            });
        }
    }

    fn ask(&mut self, now: u64, workflow: &str, id: InstanceId) {
        let request = RequestId(self.made);
        let workflow = workflow.to_owned();
        let wish = Wish::Trigger {
            workflow,
            key: None,
        };
        let name = NODES[usize::try_from(self.made % 4).expect("fits")];
        self.say(
            now,
            What::Asked {
                request,
                node: node(name),
                wish,
            },
        );
        let answer = match self.draw(15) {
            0 => Answer::Unknown {
                why: "the connection broke".to_owned(),
            },
            1 => Answer::Refused {
                status: 503,
                why: "no master".to_owned(),
            },
            _ => Answer::Acknowledged { instance: Some(id) },
        };
        self.say(now, What::Answered { request, answer });
    }

    fn end(&mut self, now: u64) {
        let (over, kept): (Vec<Task>, Vec<Task>) = std::mem::take(&mut self.running)
            .into_iter()
            .partition(|task| task.ends <= now);
        self.running = kept;
        for task in over {
            let fate = match (task.fails, task.step) {
                (true, 1) => TaskFate::Killed,
                (true, _) => TaskFate::Failed,
                _ => TaskFate::Succeeded,
            };
            self.say(now, task_ended(NODES[task.place], &task.attempt, fate));
            let status = match (task.fails, task.step) {
                (true, 1) => InstanceStatus::Killed,
                (true, _) => InstanceStatus::Failed,
                (false, 2) => InstanceStatus::Succeeded,
                (false, step) => {
                    let (run, workflow) = (task.run, task.workflow);
                    self.ready.push_back(Job {
                        run,
                        workflow,
                        step: step + 1,
                        attempt: 1,
                        told: false,
                    });
                    continue;
                }
            };
            self.commit(now, vec![instance(&task.run, task.workflow, status)]);
        }
    }

    fn place(&mut self, now: u64) {
        while let Some(job) = self.ready.pop_front() {
            let id = attempt(&job.run, STEPS[job.step], job.attempt);
            let used = |place: usize| {
                self.running
                    .iter()
                    .filter(|task| task.place == place)
                    .count()
            };
            let cut = |place: usize| place == 4 && (606_000..662_000).contains(&now);
            let free =
                (0..5).filter(|place| self.up[*place] && !cut(*place) && used(*place) < SLOTS);
            let Some(place) = free.min_by_key(|place| used(*place)) else {
                self.ready.push_front(job);
                self.explain(now);
                return;
            };
            self.commit(now, vec![visit(&id.visit, VisitStatus::Running, "")]);
            self.say(now, task_started(NODES[place], &id));
            let ends = now + 2_000 + self.draw(9_000) * (1 + self.draw(6));
            let fails = self.draw(25) == 0;
            let (run, workflow, step) = (job.run, job.workflow, job.step);
            self.running.push(Task {
                attempt: id,
                run,
                workflow,
                step,
                place,
                ends,
                fails,
            });
        }
    }

    /// Tells each job that has not been told that it waits.
    fn explain(&mut self, now: u64) {
        let mut changes = Vec::new();
        for job in self.ready.iter_mut().filter(|job| !job.told) {
            job.told = true;
            let id = attempt(&job.run, STEPS[job.step], job.attempt).visit;
            changes.push(visit(&id, VisitStatus::Pending, "waits for a free slot"));
        }
        if !changes.is_empty() {
            self.commit(now, changes);
        }
    }
}
