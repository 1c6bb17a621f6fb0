//! Where the seeds are: their names are resolved again as time goes, and a node asks those it does not hear.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// A name server that does not answer within this time has failed.
const LOOKUP: Duration = Duration::from_secs(5);
/// Pause after a name could not be resolved.
const AGAIN: Duration = Duration::from_secs(5);
/// Time after which names are resolved again, since the machine behind a name may change.
const REFRESH: Duration = Duration::from_secs(30);
/// Addresses of one name that are taken.
const PER_NAME: usize = 64;

/// The addresses of one name.
pub(crate) async fn lookup(name: &str, limit: Duration) -> io::Result<Vec<SocketAddr>> {
    let found = timeout(limit, lookup_host(name)).await??;
    Ok(found.take(PER_NAME).collect())
}

/// Keeps `addresses` at what the names mean. Ends when all of them are addresses already.
pub(crate) async fn resolve(names: Vec<String>, addresses: watch::Sender<Vec<SocketAddr>>) {
    let mut known: BTreeMap<&str, Vec<SocketAddr>> = BTreeMap::new();
    let mut failing: BTreeSet<&str> = BTreeSet::new();
    let fixed = names.iter().all(|name| name.parse::<SocketAddr>().is_ok());
    loop {
        for name in &names {
            match lookup(name, LOOKUP).await {
                Ok(found) => {
                    if failing.remove(name.as_str()) {
                        tracing::info!(seed = %name, "the seed can be resolved now");
                    }
                    known.insert(name, found);
                }
                Err(error) => {
                    if failing.insert(name) {
                        tracing::warn!(
                            seed = %name, %error,
                            "the seed cannot be resolved; it is tried again, check its name if that lasts"
                        );
                    }
                }
            }
            let all: BTreeSet<SocketAddr> = known.values().flatten().copied().collect();
            addresses.send_if_modified(|last| {
                let all = Vec::from_iter(all);
                let changed = *last != all;
                *last = all;
                changed
            });
        }
        if fixed {
            return;
        }
        sleep(if failing.is_empty() { REFRESH } else { AGAIN }).await;
    }
}

/// Whose turn it is to be asked.
#[derive(Debug, Default)]
pub(crate) struct SeedTurns {
    round: usize,
    next: usize,
}

impl SeedTurns {
    /// A node that is alone asks this many in each round.
    const ALONE: usize = 3;
    /// Others ask one seed that they do not hear in so many rounds, so that two halves of a cluster find each other.
    const ROUNDS: usize = 5;

    /// The addresses to ask in this round: of `candidates`, those not in `heard`.
    pub(crate) fn next(
        &mut self,
        candidates: &[SocketAddr],
        heard: &HashSet<SocketAddr>,
    ) -> Vec<SocketAddr> {
        self.round = self.round.wrapping_add(1);
        let unheard: Vec<SocketAddr> = candidates
            .iter()
            .filter(|address| !heard.contains(address))
            .copied()
            .collect();
        let count = match heard.is_empty() {
            true => Self::ALONE,
            false => usize::from(self.round.is_multiple_of(Self::ROUNDS)),
        };
        let count = count.min(unheard.len());
        let from = self.next;
        self.next = self.next.wrapping_add(count);
        (0..count)
            .map(|step| unheard[from.wrapping_add(step) % unheard.len()])
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(ports: std::ops::Range<u16>) -> Vec<SocketAddr> {
        ports.map(|port| ([10, 0, 0, 1], port).into()).collect()
    }

    #[test]
    fn a_node_that_is_alone_asks_every_seed_in_turn() {
        let seeds = addresses(1..8);
        let mut turns = SeedTurns::default();
        let asked: HashSet<SocketAddr> = (0..3)
            .flat_map(|_round| turns.next(&seeds, &HashSet::new()))
            .collect();
        assert_eq!(asked.len(), 7);
        assert!(turns.next(&[], &HashSet::new()).is_empty());
    }

    #[test]
    fn a_node_with_peers_still_asks_the_seeds_it_does_not_hear() {
        let seeds = addresses(1..4);
        let heard = HashSet::from([seeds[0]]);
        let mut turns = SeedTurns::default();
        let asked: Vec<SocketAddr> = (0..10)
            .flat_map(|_round| turns.next(&seeds, &heard))
            .collect();
        assert_eq!(asked.len(), 2);
        assert!(!asked.contains(&seeds[0]));
    }

    #[tokio::test]
    async fn addresses_of_seeds_that_can_be_resolved_are_there_despite_one_that_cannot() {
        let names = [
            "no-such-host.invalid:7501",
            "127.0.0.1:7502",
            "localhost:7503",
        ];
        let names = names.map(str::to_owned).to_vec();
        let (sender, mut receiver) = watch::channel(Vec::new());
        let resolving = resolve(names, sender);
        let both = receiver.wait_for(|found| found.iter().any(|at| at.port() == 7503));
        let found = tokio::select! {
            biased;
            found = both => found.unwrap().clone(),
            () = resolving => panic!("it keeps trying"),
        };
        assert!(
            found.contains(&"127.0.0.1:7502".parse().unwrap()),
            "{found:?}"
        );
    }
}
