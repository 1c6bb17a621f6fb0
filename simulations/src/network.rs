//! One network of datagrams under gossip and QUIC: latency, loss, reordering, cuts and holds, all drawn from one seed.
//!
//! What a datagram meets is settled when it is sent, in the order of sending: a cut, then loss, then a copy of it, then
//! how long each copy takes. So a rule that begins later leaves alone what is already under way, unless it is told to
//! take that too ([`Guard::with_what_is_under_way`]). Datagrams within one host take the least latency and meet nothing.

mod counts;
mod host;
mod links;
mod rules;
mod sockets;
mod state;
mod taking;
#[cfg(test)]
mod tests;
mod weather;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use peerflow_model::NodeId;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;

pub use counts::{Amount, Counts, Losses, Traffic};
pub use host::HostNetwork;
pub use links::{Kind, Links};
pub use rules::Guard;
pub use weather::Weather;

use crate::time::{VirtualTime, WorldClock};
use state::State;

/// No datagram takes less, whatever the weather: one quantum of the world.
pub const LEAST_LATENCY: Duration = Duration::from_millis(1);
/// The longest datagram that UDP carries, in bytes.
pub const LONGEST_DATAGRAM: usize = 65_507;

/// What a datagram takes of a queue besides its content, in bytes, so that empty ones have a limit as well.
const OVERHEAD: usize = 64;

/// The simulated network. Cheap to clone.
///
/// Nothing moves by itself: the driver of the world calls [`Self::deliver`] once each quantum.
#[derive(Clone, Debug)]
pub struct SimNet {
    clock: WorldClock,
    state: Arc<Mutex<State>>,
}

impl SimNet {
    /// A network without hosts. `weather` is what all links have where no rule says otherwise.
    pub fn new(clock: WorldClock, seed: u64, weather: Weather) -> Self {
        let state = State::new(SmallRng::seed_from_u64(seed), weather);
        Self {
            clock,
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// The network as one host sees it. `node` is the name that rules and counters know it by; one node may have several
    /// addresses. An address belongs to the first node that it was asked for: binding on it for another one fails.
    pub fn host(&self, node: NodeId, ip: IpAddr) -> HostNetwork {
        let ip = ip.to_canonical();
        self.state().add_host(&node, ip);
        HostNetwork::new(self.clone(), node, ip)
    }

    /// Puts all datagrams that are due into the inboxes of their sockets, in the order in which they are due, then of
    /// sending, and wakes who waits for them.
    pub fn deliver(&self) {
        let wakers = self.state().deliver(self.clock.now());
        for waker in wakers {
            waker.wake();
        }
    }

    /// When the next datagram under way is due; held ones are not.
    pub fn next_due(&self) -> Option<VirtualTime> {
        self.state().next_due()
    }

    /// What was counted for the node since the network began, over all its lives. All zero for a node it does not know.
    pub fn traffic(&self, node: &NodeId) -> Traffic {
        self.state().traffic(node)
    }

    /// Cuts the links from one node to another; the way back stays.
    pub fn cut(&self, from: &NodeId, to: &NodeId) -> Guard {
        self.cut_links(Links::one_way([from], [to]))
    }

    /// The same for one kind of datagrams only.
    pub fn cut_kind(&self, from: &NodeId, to: &NodeId, kind: Kind) -> Guard {
        self.cut_links(Links::one_way([from], [to]).only(kind))
    }

    /// Cuts all links between the two groups, both ways.
    pub fn partition(&self, one: &[NodeId], other: &[NodeId]) -> Guard {
        self.cut_links(Links::between(one, other))
    }

    /// Cuts all links from and to the node.
    pub fn isolate(&self, node: &NodeId) -> Guard {
        self.cut_links(Links::of(node))
    }

    /// Cuts these links. A link is cut while any rule cuts it.
    pub fn cut_links(&self, links: Links) -> Guard {
        self.rule(links, rules::Effect::Cut)
    }

    /// Gives these links another weather. Where several rules do, the one that began last is in force.
    pub fn weather(&self, links: Links, weather: Weather) -> Guard {
        self.rule(links, rules::Effect::Weather(weather))
    }

    /// Holds what is sent over these links. When the guard is dropped it is all sent on at once, in the order in which
    /// it was first sent, unless another rule holds it too: then that one has it.
    ///
    /// A hold keeps 16 MiB of each sender. What comes beyond is lost and counted ([`Losses::queue`]).
    pub fn hold(&self, links: Links) -> Guard {
        self.rule(links, rules::Effect::Hold(rules::Held::default()))
    }

    fn rule(&self, links: Links, effect: rules::Effect) -> Guard {
        let rule = self.state().rules.add(links, effect);
        Guard::new(self.clone(), rule)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
