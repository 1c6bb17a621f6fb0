//! What clients asked for, by request.

use std::collections::BTreeMap;

use crate::history::{Answer, RequestId, What, Wish};

/// What clients asked for and have no answer to.
#[derive(Debug, Default)]
pub(super) struct Wishes(BTreeMap<RequestId, Wish>);

impl Wishes {
    /// Takes note of requests; of an answer it tells what was asked for.
    pub(super) fn note<'a>(&mut self, what: &'a What) -> Option<(Wish, &'a Answer)> {
        match what {
            What::Asked { request, wish, .. } => {
                self.0.insert(*request, wish.clone());
                None
            }
            What::Answered { request, answer } => Some((self.0.remove(request)?, answer)),
            _ => None,
        }
    }

    /// What has no answer.
    pub(super) fn open(&self) -> impl Iterator<Item = &Wish> {
        self.0.values()
    }
}
