//! Clients: requests to any node through its HTTP router, and what each client knows of its request.

mod call;

use std::collections::BTreeMap;
use std::time::Duration;

use peerflow_model::{InstanceId, NodeId};
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use tokio::task::JoinHandle;

use crate::history::{Answer, History, RequestId, What, Wish};
use crate::node::SimNode;
use crate::time::VirtualTime;
use call::{Reply, call};

/// How long a client waits before it takes a request's outcome for unknown.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a request with a key is repeated before its client gives up.
const REPEATS: u32 = 8;
/// Requests under way at most.
const UNDER_WAY: usize = 64;
/// How long a client waits before it repeats.
const PAUSE: Duration = Duration::from_millis(700);

/// A document to be registered.
#[derive(Clone, Debug)]
pub struct Registration {
    pub workflow: String,
    pub xml: String,
}

/// What clients do while a run goes on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Demand {
    /// Requests each second, on average.
    pub requests_per_second: f64,
    /// Workflows that are triggered by hand.
    pub triggered: Vec<String>,
}

/// All clients of a run.
#[derive(Debug)]
pub(crate) struct Clients {
    history: History,
    random: SmallRng,
    demand: Demand,
    last: u64,
    under_way: BTreeMap<RequestId, UnderWay>,
    /// Wishes that are asked for again, once their time has come.
    repeats: Vec<Repeat>,
    /// Instances that some client was told of.
    known: Vec<InstanceId>,
    next_at: Option<VirtualTime>,
}

#[derive(Debug)]
struct UnderWay {
    reply: JoinHandle<Reply>,
    wish: Wish,
    document: Option<Registration>,
    until: VirtualTime,
    asked_before: u32,
}

#[derive(Debug)]
struct Repeat {
    at: VirtualTime,
    wish: Wish,
    document: Option<Registration>,
    asked_before: u32,
}

impl Clients {
    pub(crate) fn new(history: History, seed: u64, demand: Demand) -> Self {
        Self {
            history,
            random: SmallRng::seed_from_u64(seed),
            demand,
            last: 0,
            under_way: BTreeMap::new(),
            repeats: Vec::new(),
            known: Vec::new(),
            next_at: None,
        }
    }

    /// Registers a document, asked for again until it is done.
    pub(crate) fn register(&mut self, now: VirtualTime, document: Registration) {
        self.repeats.push(Repeat {
            at: now,
            wish: Wish::Register {
                workflow: document.workflow.clone(),
            },
            document: Some(document),
            asked_before: 0,
        });
    }

    /// Triggers a workflow, asked for again under the same key while it is not known whether it is done.
    pub(crate) fn trigger(&mut self, now: VirtualTime, workflow: &str) {
        self.repeats.push(Repeat {
            at: now,
            wish: Wish::Trigger {
                workflow: workflow.to_owned(),
                // A name may hold what no header may.
                key: Some(format!("beginning-{}", self.repeats.len())),
            },
            document: None,
            asked_before: 0,
        });
    }

    /// Whether a client still waits or means to ask again.
    pub(crate) fn is_busy(&self) -> bool {
        !self.under_way.is_empty() || !self.repeats.is_empty()
    }

    /// Takes replies, repeats, and asks for something new where it is time.
    pub(crate) fn tick(&mut self, now: VirtualTime, nodes: &[SimNode], asks_anew: bool) {
        self.take_replies(now);
        self.repeat(now, nodes);
        if !asks_anew || self.demand.requests_per_second <= 0.0 {
            return;
        }
        let next = *self.next_at.get_or_insert(now);
        if next > now {
            return;
        }
        let mean = 1.0 / self.demand.requests_per_second;
        let pause = self.random.random_range(0.0..2.0 * mean);
        self.next_at = Some(now.after(Duration::from_secs_f64(pause)));
        if let Some(wish) = self.wish() {
            self.ask(now, nodes, wish, None, 0);
        }
    }

    /// Something that a client may want.
    fn wish(&mut self) -> Option<Wish> {
        let dice = self.random.random_range(0..100);
        let known = self.known.choose(&mut self.random).cloned();
        match (dice, known) {
            (0..6, Some(instance)) => Some(Wish::Kill { instance }),
            (6..14, Some(instance)) => Some(Wish::Rerun { instance }),
            _ => {
                let workflow = self.demand.triggered.choose(&mut self.random)?.clone();
                let key = self
                    .random
                    .random_bool(0.5)
                    .then(|| format!("key-{}", self.last + 1));
                Some(Wish::Trigger { workflow, key })
            }
        }
    }

    fn repeat(&mut self, now: VirtualTime, nodes: &[SimNode]) {
        let due = self
            .repeats
            .extract_if(.., |repeat| repeat.at <= now)
            .collect::<Vec<_>>();
        for repeat in due {
            let Repeat {
                wish,
                document,
                asked_before,
                ..
            } = repeat;
            self.ask(now, nodes, wish, document, asked_before);
        }
    }

    /// Sends a request to a node chosen at random, which may stand still; a client sees at once when it is dead, and
    /// takes another.
    fn ask(
        &mut self,
        now: VirtualTime,
        nodes: &[SimNode],
        wish: Wish,
        document: Option<Registration>,
        asked_before: u32,
    ) {
        let alive: Vec<&SimNode> = nodes.iter().filter(|node| node.answers()).collect();
        let chosen = alive.choose(&mut self.random).copied();
        let is_full = self.under_way.len() >= UNDER_WAY;
        let request = RequestId(self.last + 1);
        let reply = chosen
            .filter(|_| !is_full)
            .and_then(|node| node.spawn(|router| call(router, wish.clone(), document.clone())));
        let (Some(reply), Some(node)) = (reply, chosen) else {
            // Nobody is there to ask: who must be served comes again.
            self.ask_again(now, wish, document, asked_before);
            return;
        };
        self.last += 1;
        let node: NodeId = node.id().clone();
        self.history.record(What::Asked {
            request,
            node,
            wish: wish.clone(),
        });
        let under_way = UnderWay {
            reply,
            wish,
            document,
            until: now.after(PATIENCE),
            asked_before,
        };
        self.under_way.insert(request, under_way);
    }

    /// Keeps a wish for later, if it is one that is repeated: what bears a key, and what must be registered.
    fn ask_again(
        &mut self,
        now: VirtualTime,
        wish: Wish,
        document: Option<Registration>,
        asked_before: u32,
    ) {
        let must = document.is_some();
        let may = matches!(wish, Wish::Trigger { key: Some(_), .. }) && asked_before < REPEATS;
        if must || may {
            self.repeats.push(Repeat {
                at: now.after(PAUSE),
                wish,
                document,
                asked_before: asked_before + 1,
            });
        }
    }

    fn take_replies(&mut self, now: VirtualTime) {
        let over = self
            .under_way
            .extract_if(.., |_, each| each.reply.is_finished() || each.until <= now)
            .collect::<Vec<_>>();
        for (request, each) in over {
            let answer = finished(each.reply);
            self.history.record(What::Answered {
                request,
                answer: answer.clone(),
            });
            match answer {
                Answer::Acknowledged { instance } => {
                    if !matches!(each.wish, Wish::Register { .. }) {
                        self.known.extend(instance);
                    }
                }
                Answer::Unknown { .. } => {
                    self.ask_again(now, each.wish, each.document, each.asked_before);
                }
                Answer::Refused { .. } => {}
            }
        }
    }
}

/// What the client knows now that it waits no longer.
fn finished(mut reply: JoinHandle<Reply>) -> Answer {
    use futures::FutureExt;
    match (&mut reply).now_or_never() {
        Some(Ok(reply)) => reply.into_answer(),
        Some(Err(_gone)) => Answer::Unknown {
            why: "the node died".to_owned(),
        },
        None => {
            reply.abort();
            Answer::Unknown {
                why: "no answer in time".to_owned(),
            }
        }
    }
}
