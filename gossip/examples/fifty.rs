//! Fifty nodes in one process: how fast they find each other, and what their gossip costs.
//!
//! `cargo run --release -p peerflow-gossip --example fifty [NODES]`

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use peerflow_gossip::{
    About, Gossip, GossipConfig, GossipKey, LeaseProgress, Membership, Meters, WallClock, Word,
};
use peerflow_model::{Epoch, Incarnation};
use tokio::time::{Instant, interval, sleep, timeout};

const INTERVAL: Duration = Duration::from_millis(200);
const MEASURED: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let nodes = std::env::args()
        .nth(1)
        .map_or(Ok(50), |count| count.parse())?;
    let begun = Instant::now();
    let cluster = start(nodes).await?;
    for gossip in &cluster {
        let mut members = gossip.members();
        timeout(
            PATIENCE,
            members.wait_for(|members| members.alive().count() == nodes),
        )
        .await??;
    }
    println!(
        "nodes                    {nodes}, a round each {} ms",
        INTERVAL.as_millis()
    );
    println!(
        "complete membership      {:.2} s",
        begun.elapsed().as_secs_f64()
    );

    println!("silent:");
    measure(&cluster, false).await?;
    println!("the holder renews twice a second, every node's load changes once a second:");
    measure(&cluster, true).await?;
    kill_one(cluster).await
}

async fn start(nodes: usize) -> Result<Vec<Gossip>, Box<dyn std::error::Error>> {
    let mut cluster: Vec<Gossip> = Vec::with_capacity(nodes);
    for number in 1..=nodes {
        let seeds = cluster.first().map(|first| first.local_addr().to_string());
        let bound = Gossip::bind(config(number, seeds.into_iter().collect())).await?;
        cluster.push(bound.run());
    }
    Ok(cluster)
}

#[expect(clippy::disallowed_methods, reason = "this is the seam")]
fn config(number: usize, seeds: Vec<String>) -> GossipConfig {
    let node = format!("node-{number}");
    GossipConfig {
        cluster: "fifty".into(),
        node: node.as_str().into(),
        incarnation: Incarnation(1),
        listen: ([127, 0, 0, 1], 0).into(),
        advertise: None,
        seeds,
        interval: INTERVAL,
        key: GossipKey::new([7; 32]),
        clock: WallClock::new(Timestamp::now),
        about: About {
            http: Some(format!("http://{node}.etl.example:7500")),
            rpc: Some(([127, 0, 0, 1], 7502).into()),
            labels: BTreeSet::from(["gpu".to_owned(), "rack-7".to_owned()]),
            hosts: BTreeSet::from([
                node.clone(),
                format!("{node}.etl.example"),
                "10.0.0.7".into(),
            ]),
            slots: 8,
            version: "0.1.0".into(),
            started_at: Timestamp::now(),
        },
    }
}

/// Prints what a while of gossip costs all nodes together.
async fn measure(cluster: &[Gossip], talk: bool) -> Result<(), nix::Error> {
    let (cpu, before, begun) = (cpu_ms()?, sum(cluster), Instant::now());
    let mut tick = interval(Duration::from_millis(500));
    let mut turn = 0_u32;
    while begun.elapsed() < MEASURED {
        tick.tick().await;
        turn += 1;
        for (number, gossip) in cluster.iter().enumerate().filter(|_node| talk) {
            let holder = number == 0;
            if holder || turn.is_multiple_of(2) {
                gossip.tell(word(turn, holder));
            }
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let after = sum(cluster);
    let share = (cpu_ms()? - cpu) as f64 / seconds / 10.0;
    println!("  CPU, all nodes         {share:.1} % of one core");
    println!(
        "  datagrams sent         {:.0} /s",
        (after.sent - before.sent) as f64 / seconds
    );
    println!(
        "  bytes sent             {:.0} kB/s",
        (after.sent_bytes - before.sent_bytes) as f64 / seconds / 1_000.0
    );
    println!("  longest so far         {} bytes", after.longest);
    println!("  dropped                {:?}", after.dropped);
    Ok(())
}

fn word(turn: u32, holder: bool) -> Word {
    Word {
        running: turn % 8,
        load: turn as f32 / 20.0,
        highest_epoch: Epoch(1),
        lease: holder.then_some(LeaseProgress {
            epoch: Epoch(1),
            renewals: turn.into(),
            released: false,
        }),
        store_reachable: true,
        draining: false,
    }
}

/// Prints how long a word takes to all, and after how long all call a killed node dead.
async fn kill_one(mut cluster: Vec<Gossip>) -> Result<(), Box<dyn std::error::Error>> {
    let Some(last) = cluster.pop() else {
        return Ok(());
    };
    let id = last.members().borrow().own().map(|own| own.id.clone());
    let id = id.ok_or("a node lists itself")?;
    sleep(INTERVAL).await;
    let begun = Instant::now();
    last.tell(Word {
        running: 4_711,
        ..Word::default()
    });
    for gossip in &cluster {
        let mut members = gossip.members();
        let heard = members.wait_for(|members| {
            members
                .member(&id)
                .is_some_and(|member| member.word.running == 4_711)
        });
        timeout(PATIENCE, heard).await??;
    }
    println!(
        "a word is known to all   {:.2} s",
        begun.elapsed().as_secs_f64()
    );
    drop(last);
    let begun = Instant::now();
    let mut waiting: Vec<&Gossip> = cluster.iter().collect();
    let mut first = None;
    let mut tick = interval(Duration::from_millis(5));
    while !waiting.is_empty() && begun.elapsed() < PATIENCE {
        tick.tick().await;
        waiting.retain(|gossip| {
            gossip
                .members()
                .borrow()
                .alive()
                .any(|member| member.id == id)
        });
        if waiting.len() < cluster.len() {
            first.get_or_insert_with(|| begun.elapsed());
        }
    }
    println!(
        "a killed node is dead    {:.2} s first, {:.2} s last, {} never",
        first.unwrap_or_default().as_secs_f64(),
        begun.elapsed().as_secs_f64(),
        waiting.len()
    );
    Ok(())
}

fn sum(cluster: &[Gossip]) -> Meters {
    cluster
        .iter()
        .map(Membership::meters)
        .fold(Meters::default(), |mut sum, meters| {
            sum.sent += meters.sent;
            sum.sent_bytes += meters.sent_bytes;
            sum.longest = sum.longest.max(meters.longest);
            sum.dropped.wrong_key += meters.dropped.wrong_key;
            sum.dropped.outside_window += meters.dropped.outside_window;
            sum.dropped.replayed += meters.dropped.replayed;
            sum.dropped.malformed += meters.dropped.malformed;
            sum
        })
}

/// Processor time of this process so far, in milliseconds.
fn cpu_ms() -> Result<i64, nix::Error> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    Ok((usage.user_time() + usage.system_time()).num_milliseconds())
}
