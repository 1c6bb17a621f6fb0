//! Backups of the store, and putting one back.

use std::collections::VecDeque;
use std::time::Duration;

use peerflow_store::Backup;

use super::SimStore;
use crate::history::What;
use crate::time::VirtualTime;

/// How many backups are kept.
const KEPT: usize = 32;

/// What is known of the store's past.
#[derive(Debug, Default)]
pub(super) struct Books {
    /// How many batches of the present lineage were committed: those that no restoration lost.
    commits: usize,
    /// Oldest first; all of the present lineage.
    backups: VecDeque<Kept>,
}

#[derive(Debug)]
struct Kept {
    at: VirtualTime,
    commits: usize,
    backup: Backup,
}

impl Books {
    pub(super) fn committed(&mut self) {
        self.commits += 1;
    }
}

impl SimStore {
    /// Keeps what the store holds now. The last 32 are kept. Each is a copy of every record.
    pub fn take_backup(&self) {
        let mut books = self.books();
        let kept = Kept {
            at: self.0.clock.now(),
            commits: books.commits,
            backup: self.memory().back_up(),
        };
        if books.backups.len() == KEPT {
            books.backups.pop_front();
        }
        books.backups.push_back(kept);
    }

    /// Puts the newest backup back that is at least that old. Backups that are newer are of a past that is lost, and go.
    /// How many commits were lost; `None` where no backup is that old, and nothing is done.
    pub fn restore(&self, age: Duration) -> Option<usize> {
        let mut books = self.books();
        let now = self.0.clock.now();
        let place = books
            .backups
            .iter()
            .rposition(|kept| now.since(kept.at) >= age)?;
        books.backups.truncate(place + 1);
        let kept = books.backups.back()?;
        self.memory().restore(&kept.backup);
        let commits = kept.commits;
        let lost = books.commits.saturating_sub(commits);
        books.commits = commits;
        self.0.history.record(What::Restored { commits });
        Some(lost)
    }
}
