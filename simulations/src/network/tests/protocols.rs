//! The real protocols over the network, and that everything that is sent is accounted for.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;

use peerflow_gossip::{About, Gossip, GossipConfig, GossipKey, Membership as _, WallClock};
use peerflow_model::{Epoch, Incarnation};
use peerflow_wire::{ClusterSecret, ClusterTls, Endpoint, EndpointConfig, Limits};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::time::{Instant, sleep};

use super::*;
use crate::network::{Amount, Guard, Links};

impl World {
    /// Lets the world go on, with the runtime's paused time, until the future is done. Fails after that much of it.
    async fn until<T>(&self, within: Duration, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let began = Instant::now();
        let mut last = began;
        while began.elapsed() < within {
            tokio::select! {
                biased;
                done = &mut future => return done,
                () = sleep(MS) => {}
            }
            let now = Instant::now();
            self.clock.advance(now - last);
            last = now;
            self.net.deliver();
        }
        panic!("it takes longer than {within:?}");
    }
}

/// Bad, but nothing that the protocols do not get over.
fn rough() -> Weather {
    Weather {
        latency: 5 * MS,
        jitter: 5 * MS,
        loss: 0.05,
        duplication: 0.05,
        reordering: 0.05,
    }
}

fn endpoint(world: &World, number: u8) -> Endpoint {
    let secret: ClusterSecret = "a secret that all the peers of these tests share"
        .parse()
        .unwrap();
    let config = EndpointConfig {
        listen: (ip(number), 7502).into(),
        node: node(number),
        incarnation: Incarnation(u64::from(number)),
        program_version: "0.1.0".to_owned(),
        cluster: "test".to_owned(),
        tls: ClusterTls::new(&secret, "test", &node(number)).unwrap(),
        epoch: Arc::new(|| Epoch(3)),
        limits: Limits::default(),
    };
    Endpoint::bind_on(config, &world.net.host(node(number), ip(number))).unwrap()
}

#[tokio::test(start_paused = true)]
async fn two_quic_endpoints_greet_each_other_and_lose_each_other_when_cut() {
    // Lost handshakes are tried again after seconds, which is longer than connecting may take.
    let weather = Weather {
        loss: 0.0,
        ..rough()
    };
    let world = World::new(1, weather);
    let (a, b) = (endpoint(&world, 1), endpoint(&world, 2));
    let second = Duration::from_secs(1);
    let target = node(2);
    let meet = async { tokio::join!(a.connect(&target, (ip(2), 7502).into()), b.accept()) };
    let (dialled, accepted) = world.until(3 * second, meet).await;
    let (dialled, accepted) = (dialled.unwrap(), accepted.unwrap());
    assert_eq!(dialled.peer().node, node(2));
    assert_eq!(accepted.peer().incarnation, Incarnation(1));
    assert!(dialled.round_trip_time() >= 10 * MS);

    // Keep-alives carry a silent connection over the idle limit of 3 s.
    world.until(7 * second, sleep(6 * second)).await;
    assert_eq!(dialled.close_reason(), None);
    let traffic = world.net.traffic(&node(1));
    assert!((1_200..=1_500).contains(&traffic.rpc.largest));
    assert_eq!(traffic.gossip.sent, Amount::default());

    let cut = world.net.cut(&node(2), &node(1));
    let lost = world.until(8 * second, dialled.closed()).await;
    assert!(lost.to_string().contains("no longer answers"), "{lost}");
    drop(cut);
    let meet = async { tokio::join!(a.connect(&target, (ip(2), 7502).into()), b.accept()) };
    let (dialled, _accepted) = world.until(3 * second, meet).await;
    dialled.unwrap();
}

async fn gossip(world: &World, number: u8) -> Gossip {
    let clock = world.clock.clone();
    let config = GossipConfig {
        cluster: "test".into(),
        node: node(number),
        incarnation: Incarnation(1),
        listen: (ip(number), 7501).into(),
        advertise: None,
        seeds: vec!["10.0.0.1:7501".to_owned()],
        interval: Duration::from_millis(200),
        key: GossipKey::new([1; 32]),
        clock: WallClock::new(move || clock.wall_now()),
        about: About {
            http: None,
            rpc: Some((ip(number), 7502).into()),
            labels: BTreeSet::new(),
            hosts: BTreeSet::new(),
            slots: 4,
            version: "0.1.0".into(),
            started_at: Timestamp::UNIX_EPOCH,
        },
    };
    let network = Arc::new(world.net.host(node(number), ip(number)));
    Gossip::bind_on(config, network).await.unwrap().run()
}

const EVERYBODY: &[u8] = &[1, 2, 3];

/// Waits until each of them sees these nodes alive and nobody else.
async fn see(world: &World, nodes: &[Gossip], alive: &[&[u8]]) {
    let all = async {
        for (gossip, alive) in nodes.iter().zip(alive) {
            let alive: BTreeSet<_> = alive.iter().map(|number| node(*number)).collect();
            let is_so = |members: &Arc<peerflow_gossip::Members>| {
                alive == members.alive().map(|member| member.id.clone()).collect()
            };
            gossip.members().wait_for(is_so).await.unwrap();
        }
    };
    world.until(Duration::from_secs(20), all).await;
}

#[tokio::test(start_paused = true)]
async fn the_gossip_of_three_nodes_sees_everybody_and_who_is_cut_off() {
    let world = World::new(2, rough());
    let mut nodes = Vec::new();
    for number in 1..=3 {
        nodes.push(gossip(&world, number).await);
    }
    see(&world, &nodes, &[EVERYBODY; 3]).await;
    let alone = world.net.isolate(&node(3));
    see(&world, &nodes, &[&[1, 2], &[1, 2], &[3]]).await;
    drop(alone);
    see(&world, &nodes, &[EVERYBODY; 3]).await;
    for number in 1..=3 {
        let traffic = world.net.traffic(&node(number));
        assert!(traffic.gossip.received.datagrams > 0);
        assert_eq!(traffic.rpc.sent, Amount::default());
    }
}

/// Does at random whatever can be done to the network; gives all that arrived, with when and where.
fn random_life(seed: u64) -> Vec<String> {
    let world = World::new(seed, rough());
    let mut rng = SmallRng::seed_from_u64(seed);
    let sockets: Vec<_> = (1..=4).map(|number| world.socket(number)).collect();
    let (mut guards, mut deliveries): (Vec<Guard>, _) = (Vec::new(), Vec::new());
    for number in 0..1000 {
        let (from, to) = (rng.random_range(0..4), rng.random_range(0..4));
        send(&*sockets[from], &*sockets[to], number.to_string());
        let (one, other) = (node(rng.random_range(1..5)), node(rng.random_range(1..5)));
        match rng.random_range(0..40) {
            0 => guards.push(world.net.hold(Links::of(&one)).with_what_is_under_way()),
            1 => guards.push(world.net.cut(&one, &other).with_what_is_under_way()),
            2 => guards.push(world.net.hold(Links::one_way([&one], [&other]))),
            3 => guards.push(world.net.weather(Links::leaving(&one), Weather::default())),
            4..8 if !guards.is_empty() => {
                drop(guards.swap_remove(rng.random_range(0..guards.len())));
            }
            _ => world.step(),
        }
        for (socket, number) in sockets.iter().zip(1..) {
            let now = world.clock.now();
            let came = read(&**socket).into_iter();
            deliveries.extend(came.map(|text| format!("{now} n{number} {text}")));
        }
    }
    guards.clear();
    world.steps(100);
    assert_eq!(world.net.next_due(), None);
    let (mut out, mut done) = (Amount::default(), Amount::default());
    for number in 1..=4 {
        let counts = world.net.traffic(&node(number)).gossip;
        out += counts.sent;
        out += counts.copied;
        done += counts.received;
        done += counts.lost.total();
    }
    assert_eq!(out, done, "seed {seed}");
    deliveries
}

#[test]
fn the_same_seed_delivers_the_same_and_nothing_is_unaccounted_for() {
    for seed in 0..30 {
        let deliveries = random_life(seed);
        assert!(deliveries.len() > 100, "seed {seed}");
        assert_eq!(deliveries, random_life(seed), "seed {seed}");
    }
    assert_ne!(random_life(1), random_life(2));
}
