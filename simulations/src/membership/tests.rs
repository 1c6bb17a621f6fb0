use std::time::Duration;

use super::{MembershipFigures, MembershipOptions, membership};

fn measured(nodes: usize, seed: u64) -> MembershipFigures {
    membership(MembershipOptions {
        nodes,
        seed,
        interval: Duration::from_millis(200),
        grows_older: Duration::ZERO,
    })
    .unwrap()
}

#[test]
fn a_small_cluster_sees_itself_whole_and_then_who_joins_and_who_dies() {
    let figures = measured(10, 1);
    assert!(figures.start.is_some(), "{figures:?}");
    assert!(figures.join.is_some(), "{figures:?}");
    assert!(figures.death.is_some(), "{figures:?}");
    assert!(figures.steady.spread.is_some(), "{figures:?}");
    assert_eq!((figures.too_large, figures.restarts), (0, 0), "{figures:?}");
    assert_eq!(figures.most_wrongly_dead, 0, "{figures:?}");
}

#[test]
fn a_node_sends_as_many_datagrams_in_a_larger_cluster_and_longer_ones() {
    let (small, large) = (measured(5, 1), measured(15, 1));
    let ratio = large.steady.datagrams / small.steady.datagrams;
    assert!((0.8..1.2).contains(&ratio), "{ratio}");
    let added = large.steady.largest - small.steady.largest;
    // A digest names each node in some 45 bytes.
    assert!((10 * 35..10 * 100).contains(&added), "{added}");
}

#[test]
fn the_same_seed_measures_the_same() {
    assert_eq!(measured(12, 5), measured(12, 5));
}

#[test]
fn a_cluster_too_small_to_lose_one_that_is_no_seed_is_refused() {
    let options = MembershipOptions {
        nodes: 3,
        seed: 1,
        interval: Duration::from_millis(200),
        grows_older: Duration::ZERO,
    };
    assert!(membership(options).is_err());
}
