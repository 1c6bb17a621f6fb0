//! What every store must do, as checks that a test runs against each of them.
//!
//! A check panics when it does not hold. [`contract_suite!`](crate::contract_suite) makes a test of each.

mod commits;
mod definitions;
mod leases;
mod links;
mod lists;
mod logs;
mod pages;
mod random;
mod records;
mod retention;
pub mod samples;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use peerflow_model::Change;

use crate::{CommitError, Fence, Lease, LeaseClaim, Sighting, Store};

pub use commits::*;
pub use definitions::*;
pub use leases::*;
pub use links::*;
pub use lists::*;
pub use logs::*;
pub use pages::*;
pub use random::*;
pub use records::*;
pub use retention::*;

/// A place where a store is: empty at first, the same at each opening.
#[async_trait]
pub trait Place: Send + Sync {
    /// Opens the store, beside those that are open already.
    async fn open(&self) -> Arc<dyn Store>;

    /// Puts the lease row back to where it had come no further than `to`, as a restored backup does.
    async fn put_back(&self, to: Sighting);
}

/// How long a check waits for what must come.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A master that commits.
#[derive(Debug)]
pub struct Master {
    pub store: Arc<dyn Store>,
    pub lease: Lease,
}

impl Master {
    /// Takes the lease of a store, for an hour.
    ///
    /// # Panics
    /// When somebody holds it.
    pub async fn of(store: Arc<dyn Store>) -> Self {
        let lease = store
            .acquire(&claim("one", 3_600_000))
            .await
            .unwrap()
            .granted()
            .expect("the lease is free");
        Self { store, lease }
    }

    /// The fence of the next commit.
    pub fn fence(&self) -> Fence {
        Fence {
            holder: self.lease.holder.clone(),
            epoch: self.lease.epoch,
            commit_seq: self.lease.commit_seq,
        }
    }

    /// Commits a batch.
    ///
    /// # Errors
    /// The store's.
    pub async fn try_commit(&mut self, changes: &[Change]) -> Result<(), CommitError> {
        self.store.commit(&self.fence(), changes).await?;
        self.lease.commit_seq += 1;
        Ok(())
    }

    /// Commits a batch.
    ///
    /// # Panics
    /// When it fails.
    pub async fn commit(&mut self, changes: &[Change]) {
        self.try_commit(changes).await.unwrap();
    }
}

/// A claim by a node for so many milliseconds.
pub fn claim(holder: &str, ttl_ms: u64) -> LeaseClaim {
    LeaseClaim {
        holder: holder.into(),
        ttl: Duration::from_millis(ttl_ms),
        seen: Sighting::default(),
        succeeds_itself: false,
    }
}

/// Makes a test of each check, for the places that `$place` makes.
#[macro_export]
macro_rules! contract_suite {
    ($module:ident, $place:expr) => {
        $crate::contract_suite! { $module, $place;
            a_new_store_has_no_master
            of_many_claimants_one_gets_the_lease
            a_held_lease_is_refused_to_others
            a_lease_that_is_not_renewed_goes_to_the_next
            a_renewal_whose_answer_was_lost_counts
            a_former_life_is_succeeded_at_once
            a_released_lease_is_free_at_once
            a_new_epoch_exceeds_all_that_were_seen
            the_end_of_the_former_mastership_is_told
            a_lost_lease_says_why
            a_store_that_went_back_is_noticed_by_its_master
            a_store_that_went_back_is_remembered_until_it_is_dealt_with
            a_commit_passes_its_fence_once
            a_stale_fence_writes_nothing
            what_cannot_be_stored_is_refused_and_nothing_written
            of_a_record_the_last_change_stands
            a_large_batch_is_whole
            any_text_comes_back_as_it_was
            names_that_differ_in_any_byte_are_different
            what_was_committed_survives_a_restart
            definitions_are_listed_and_deleted
            a_definition_keeps_its_own_files
            a_definition_without_files_has_none_again
            links_come_back_as_they_were_until_deleted
            links_are_listed_by_name_page_by_page
            folders_are_made_and_deleted_when_empty
            small_records_come_back_as_they_were
            mail_waits_until_it_is_due
            the_ledger_is_read_page_by_page
            readings_are_read_page_by_page
            files_are_kept_by_content
            instances_are_found_by_each_filter
            pages_of_instances_miss_and_repeat_none
            the_front_page_counts_by_day
            a_rerun_hides_the_run_before
            the_last_queue_order_outlives_its_instance
            logs_come_in_order_of_arrival
            a_chunk_counts_once
            the_tail_of_a_log_is_its_last_lines
            large_logs_are_read_in_parts
            writers_of_one_log_hide_nothing_from_a_reader
            old_runs_are_forgotten_in_steps
            what_is_referred_to_stays
            deleting_an_instance_leaves_nothing_of_it
            random_batches_leave_what_memory_would
        }
    };
    ($module:ident, $place:expr; $($check:ident)*) => {
        mod $module {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $check() {
                    let place = $place;
                    $crate::contract::$check(&place).await;
                }
            )*
        }
    };
}
