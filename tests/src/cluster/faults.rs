//! What is done to the network of a cluster whose nodes have hosts of their own.

use super::Cluster;
use crate::hosts::{Cut, Hosts};

impl Cluster {
    /// Cuts a node's host off, in place of all cuts before. Tasks that it is given up for have an excuse until it heals.
    pub fn cut(&self, at: usize, cuts: &[Cut]) {
        self.task_log.leaving(self.id(at));
        self.hosts().cut(at, cuts);
    }

    /// As [`Self::cut`], where nothing that runs there may be given up.
    pub fn cut_without_excuse(&self, at: usize, cuts: &[Cut]) {
        self.hosts().cut(at, cuts);
    }

    /// Ends all cuts of a node's host.
    pub fn heal(&self, at: usize) {
        self.hosts().heal(at);
        self.task_log.left(self.id(at));
    }

    fn hosts(&self) -> &Hosts {
        let hosts = self.hosts.as_ref();
        hosts.expect("the cluster was started on hosts")
    }
}
