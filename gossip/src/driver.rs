//! The task that keeps chitchat running, tells it what this node says, and publishes what it knows.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chitchat::{
    ChitchatConfig, ChitchatHandle, ChitchatId, FailureDetectorConfig, Heartbeat, NodeState,
    spawn_chitchat,
};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use crate::gate::Gate;
use crate::member::{MemberState, Members, Word};
use crate::roster::Roster;
use crate::seeds::SeedTurns;
use crate::transport::SealedTransport;
use crate::value;

/// How suspicious a silence must be before a peer is called dead.
const PHI: f64 = 10.0;
/// Heartbeats that the failure detector remembers of each peer.
const SAMPLES: usize = 200;
/// A silence of so many rounds says nothing of a peer's usual rhythm.
const LONGEST_SILENCE_ROUNDS: u32 = 50;
/// What a peer's rhythm is taken for before it is known.
const FIRST_GUESS_ROUNDS: u32 = 5;
/// How long the dead are remembered: a digest names them all and must fit one datagram.
const GRACE: Duration = Duration::from_secs(15 * 60);
/// Pause before a socket that broke is opened anew.
const PAUSE: Duration = Duration::from_secs(1);
/// Changes are taken together for this long.
const TOGETHER: Duration = Duration::from_millis(50);
/// Tasks and load are no hurry: a change of them is said at once only if none was said for so many rounds. Each change
/// must reach everybody, so they would cost more than all the rest.
const WORD_ROUNDS: u32 = 25;
/// Without a change the members are looked at again after so many rounds, for those that time alone changes.
const SURVEY_ROUNDS: u32 = 5;
/// How long each of the two last words may take to arrive.
const LAST_WORD: Duration = Duration::from_millis(50);
/// Peers that are told at once what cannot wait for the next round.
const TOLD_AT_ONCE: usize = 128;

/// Answered once the peers were told.
pub(crate) type Leave = oneshot::Sender<()>;

/// Owns chitchat; runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Driver {
    pub(crate) own: ChitchatId,
    pub(crate) cluster: String,
    pub(crate) interval: Duration,
    /// Where the socket is bound.
    pub(crate) local: SocketAddr,
    pub(crate) about: String,
    pub(crate) transport: SealedTransport,
    pub(crate) gate: Arc<Gate>,
    pub(crate) roster: Roster,
    pub(crate) turns: SeedTurns,
    pub(crate) seeds: watch::Receiver<Vec<SocketAddr>>,
    pub(crate) word: watch::Receiver<Word>,
    pub(crate) leave: mpsc::Receiver<Leave>,
    pub(crate) members: watch::Sender<Arc<Members>>,
    /// The word that chitchat has.
    pub(crate) said: Word,
    /// From when on a change of tasks and load may be said.
    pub(crate) next_word: Instant,
    pub(crate) left: bool,
    /// Where the last chitchat of this life had come to.
    pub(crate) carried: Option<Carried>,
}

/// Heartbeat and version of this node: peers take no notice of a life that falls behind what they have seen of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Carried {
    heartbeat: Heartbeat,
    version: u64,
}

/// Ends chitchat's task at once when it is dropped.
struct Running(ChitchatHandle);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Driver {
    pub(crate) async fn run(mut self) {
        loop {
            let error = match self.start().await {
                Ok(running) => {
                    let error = self.follow(&running.0).await;
                    self.carry(&running.0).await;
                    error
                }
                Err(error) => error,
            };
            tracing::warn!(
                error = format!("{error:#}"),
                "the gossip stopped; it starts again in a second"
            );
            self.gate.counters().lock().restarts += 1;
            sleep(PAUSE).await;
            self.roster.keep_for_a_moment();
        }
    }

    /// Starts chitchat and tells it what this node says.
    async fn start(&mut self) -> anyhow::Result<Running> {
        let config = ChitchatConfig {
            chitchat_id: self.own.clone(),
            cluster_id: self.cluster.clone(),
            gossip_interval: self.interval,
            listen_addr: self.local,
            // Asked by the driver, which warns of a bad name only once.
            seed_nodes: Vec::new(),
            failure_detector_config: FailureDetectorConfig::new(
                PHI,
                SAMPLES,
                self.interval * LONGEST_SILENCE_ROUNDS,
                self.interval * FIRST_GUESS_ROUNDS,
                GRACE,
            ),
            marked_for_deletion_grace_period: GRACE,
            catchup_callback: None,
            extra_liveness_predicate: None,
        };
        let running = Running(spawn_chitchat(config, Vec::new(), &self.transport).await?);
        self.said = self.word.borrow_and_update().clone();
        let chitchat = running.0.chitchat();
        let mut chitchat = chitchat.lock().await;
        let state = chitchat.self_node_state();
        if let Some(carried) = self.carried {
            state.try_set_heartbeat(carried.heartbeat);
            state.set_max_version(carried.version.max(state.max_version()));
        }
        state.set(value::ABOUT, &self.about);
        state.set(value::WORD, value::write_word(&self.said));
        state.set(value::LEASE, value::write_lease(self.said.lease));
        if self.left {
            state.set(value::LEFT, "1");
        }
        drop(chitchat);
        Ok(running)
    }

    /// Remembers where this life has come to, for the next chitchat.
    async fn carry(&mut self, handle: &ChitchatHandle) {
        let chitchat = handle.chitchat();
        let mut chitchat = chitchat.lock().await;
        let state = chitchat.self_node_state();
        self.carried = Some(Carried {
            heartbeat: state.heartbeat(),
            version: state.max_version(),
        });
    }

    /// Serves until chitchat ends, and returns why it did.
    async fn follow(&mut self, handle: &ChitchatHandle) -> anyhow::Error {
        let hurry = Arc::new(Notify::new());
        let chitchat = handle.chitchat();
        let (_listeners, mut live) = {
            let chitchat = chitchat.lock().await;
            let listeners = [value::LEASE, value::LEFT].map(|key| {
                let hurry = Arc::clone(&hurry);
                chitchat.subscribe_event(key, move |_event| hurry.notify_one())
            });
            (listeners, chitchat.live_nodes_watcher())
        };
        let mut ended = pin!(handle.termination_watcher());
        let mut tick = interval(self.interval);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut next_round = Instant::now();
        let mut due = true;
        let mut rounds = 0;
        loop {
            tokio::select! {
                biased;
                end = &mut ended => return end.err().unwrap_or_else(|| anyhow::anyhow!("it ended by itself")),
                Some(answer) = self.leave.recv() => self.say_goodbye(handle, answer).await,
                () = sleep_until(next_round), if due => {
                    self.round(handle).await;
                    due = false;
                    next_round = Instant::now() + TOGETHER;
                }
                Ok(()) = self.word.changed() => due = true,
                () = hurry.notified() => due = true,
                Ok(()) = live.changed() => due = true,
                _ = tick.tick() => {
                    self.ask_seeds(handle);
                    rounds = (rounds + 1) % SURVEY_ROUNDS;
                    due |= rounds == 0 || self.has_more_to_say();
                }
            }
        }
    }

    /// Tells chitchat the newest word, and publishes what it knows.
    async fn round(&mut self, handle: &ChitchatHandle) {
        let word = self.word.borrow_and_update().clone();
        let urgent = word.is_urgent_after(&self.said);
        let chitchat = handle.chitchat();
        let mut chitchat = chitchat.lock().await;
        self.say(chitchat.self_node_state(), word);
        let members = self.roster.survey(&chitchat);
        drop(chitchat);
        self.members.send_if_modified(|last| {
            let changed = !Arc::ptr_eq(last, &members);
            *last = members;
            changed
        });
        if urgent {
            self.tell_at_once(handle);
        }
    }

    /// Gives chitchat what is new in the word. It takes no value for new that it has.
    fn say(&mut self, state: &mut NodeState, word: Word) {
        state.set(value::LEASE, value::write_lease(word.lease));
        self.said.lease = word.lease;
        let now = Instant::now();
        if word.is_pressing_after(&self.said) || now >= self.next_word {
            state.set(value::WORD, value::write_word(&word));
            self.said = word;
            self.next_word = now + self.interval * WORD_ROUNDS;
        }
    }

    /// Tasks or load have changed since they were said, and it was too early to say so.
    fn has_more_to_say(&self) -> bool {
        *self.word.borrow() != self.said && Instant::now() >= self.next_word
    }

    /// Tells the peers twice, since a datagram may be lost.
    async fn say_goodbye(&mut self, handle: &ChitchatHandle, answer: Leave) {
        self.left = true;
        handle
            .with_chitchat(|chitchat| chitchat.self_node_state().set(value::LEFT, "1"))
            .await;
        for _time in 0..2 {
            self.round(handle).await;
            self.tell_at_once(handle);
            sleep(LAST_WORD).await;
        }
        let _gone = answer.send(());
    }

    /// Gossips with all peers that are alive, beside the usual rounds.
    fn tell_at_once(&self, handle: &ChitchatHandle) {
        let members = self.roster.members();
        let alive = members
            .peers()
            .filter(|peer| peer.state == MemberState::Alive);
        for peer in alive.take(TOLD_AT_ONCE) {
            // It fails when chitchat has ended, which is noticed elsewhere.
            let _ended = handle.gossip(peer.gossip);
        }
    }

    /// Gossips with seeds that are not heard; a node that is alone also asks the peers it knew.
    fn ask_seeds(&mut self, handle: &ChitchatHandle) {
        let members = self.roster.members();
        let heard: HashSet<SocketAddr> = members
            .peers()
            .filter(|peer| peer.state == MemberState::Alive)
            .map(|peer| peer.gossip)
            .collect();
        let mut candidates = self.seeds.borrow_and_update().clone();
        if heard.is_empty() || self.carried.is_some() {
            candidates.extend(self.roster.addresses());
        }
        candidates.retain(|address| !self.is_own(*address));
        for address in self.turns.next(&candidates, &heard) {
            let _ended = handle.gossip(address);
        }
    }

    fn is_own(&self, address: SocketAddr) -> bool {
        let here = self.local.ip().is_unspecified() && address.ip().is_loopback();
        address == self.own.gossip_advertise_addr
            || address == self.local
            || (here && address.port() == self.local.port())
    }
}
