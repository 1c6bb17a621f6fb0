//! What each node writes to its own log, kept for the report of a failure.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use peerflow_model::NodeId;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::time::{VirtualTime, WorldClock};

/// Lines kept of each node.
const KEPT: usize = 400;

/// The latest lines of each node's log. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct NodeLogs {
    clock: WorldClock,
    lines: Arc<Mutex<Lines>>,
}

#[derive(Debug, Default)]
struct Lines {
    /// Whose code runs now.
    current: Option<NodeId>,
    by_node: BTreeMap<NodeId, VecDeque<(VirtualTime, String)>>,
}

impl NodeLogs {
    pub(crate) fn new(clock: WorldClock) -> Self {
        Self {
            clock,
            lines: Arc::default(),
        }
    }

    /// What is written from now on is this node's.
    pub(crate) fn enter(&self, node: &NodeId) {
        self.lines().current = Some(node.clone());
    }

    /// All that is kept, oldest first.
    pub(crate) fn take(&self) -> BTreeMap<NodeId, Vec<(VirtualTime, String)>> {
        std::mem::take(&mut self.lines().by_node)
            .into_iter()
            .map(|(node, lines)| (node, lines.into()))
            .collect()
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber> Layer<S> for NodeLogs {
    fn enabled(&self, metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        *metadata.level() <= Level::INFO && metadata.target().starts_with("peerflow")
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut line = format!("{:5} ", event.metadata().level().as_str());
        event.record(&mut Words(&mut line));
        let at = self.clock.now();
        let mut lines = self.lines();
        let Some(node) = lines.current.clone() else {
            return;
        };
        let kept = lines.by_node.entry(node).or_default();
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back((at, line));
    }
}

/// Writes an event's message, then its fields.
struct Words<'a>(&'a mut String);

impl Visit for Words<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let written = if field.name() == "message" {
            write!(self.0, "{value:?}")
        } else {
            write!(self.0, " {}={value:?}", field.name())
        };
        debug_assert!(written.is_ok());
    }
}
