//! How membership scales, in virtual time: a table in Markdown, and a plot.
//!
//! ```text
//! cargo run --release -p peerflow-simulations --example membership -- [--plot FILE.svg] [--seeds K] [NODES…]
//! cargo run --release -p peerflow-simulations --example membership -- --whole NODES
//! ```
//!
//! The first measures gossip alone for each number of nodes (10 to 1,000 where none is given), for `K` seeds each (1); the
//! plot shows the means. A thousand nodes take a quarter of an hour and more of one core. The second runs that many whole
//! nodes for two virtual minutes with some workflows and the deaths of a master and of a worker, and must heal.
//! Virtual figures follow from the seeds alone; real time and memory are the machine's.

mod plot;
mod whole;

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use peerflow_simulations::{MembershipFigures, MembershipOptions, membership};

const NODES: [usize; 7] = [10, 20, 50, 100, 200, 500, 1000];

#[derive(Debug)]
struct Arguments {
    plot: Option<PathBuf>,
    seeds: u64,
    whole: Option<usize>,
    nodes: Vec<usize>,
}

/// The means of several seeds for one number of nodes. Times in seconds; not a number where one was not reached.
#[derive(Clone, Copy, Debug)]
struct Row {
    nodes: f64,
    start: f64,
    spread: f64,
    join: f64,
    death: f64,
    datagrams: f64,
    bytes: f64,
    largest: usize,
    too_large: u64,
    wrongly_dead: usize,
    restarts: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = arguments()?;
    if let Some(nodes) = arguments.whole {
        return whole::run(nodes);
    }
    println!(
        "| nodes | start | a renewal known to all | join | death | datagrams/s | kB/s | largest datagram | too long | \
         wrongly dead | restarts |"
    );
    println!("| --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |");
    let mut rows = Vec::new();
    for nodes in &arguments.nodes {
        let began = tokio::time::Instant::now();
        let figures = (1..=arguments.seeds)
            .map(|seed| {
                membership(MembershipOptions {
                    nodes: *nodes,
                    seed,
                    interval: Duration::from_millis(200),
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let row = Row::of(&figures);
        println!("{}", row.markdown());
        let lasted: f64 = figures.iter().map(|each| each.lasted.as_secs_f64()).sum();
        let took = began.elapsed().as_secs_f64();
        eprintln!("{nodes} nodes: {lasted:.1} virtual seconds in {took:.0} s");
        rows.push(row);
    }
    let steps = |of: fn(&Row) -> f64| {
        let (base, step) = plot::line(&rows, of);
        format!("{base:.2} s + {step:.3} s · log2 N")
    };
    println!("\nstart: {}", steps(|row| row.start));
    println!("a renewal known to all: {}", steps(|row| row.spread));
    println!("join: {}", steps(|row| row.join));
    println!("death: {}", steps(|row| row.death));
    if let Some(path) = arguments.plot {
        std::fs::write(path, plot::svg(&rows))?;
    }
    Ok(())
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut arguments = Arguments {
        plot: None,
        seeds: 1,
        whole: None,
        nodes: Vec::new(),
    };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        let mut value = || {
            let missing = format!("{argument} needs a value");
            given.next().ok_or(missing)
        };
        match argument.as_str() {
            "--plot" => arguments.plot = Some(value()?.into()),
            "--seeds" => arguments.seeds = value()?.parse::<u64>()?.max(1),
            "--whole" => arguments.whole = Some(value()?.parse()?),
            nodes => arguments.nodes.push(nodes.parse()?),
        }
    }
    if arguments.nodes.is_empty() {
        arguments.nodes = NODES.to_vec();
    }
    Ok(arguments)
}

impl Row {
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn of(figures: &[MembershipFigures]) -> Self {
        let mean = |of: fn(&MembershipFigures) -> f64| {
            figures.iter().map(of).sum::<f64>() / figures.len() as f64
        };
        Self {
            nodes: mean(|each| each.nodes as f64),
            start: mean(|each| seconds(each.start)),
            spread: mean(|each| seconds(each.steady.spread)),
            join: mean(|each| seconds(each.join)),
            death: mean(|each| seconds(each.death)),
            datagrams: mean(|each| each.steady.datagrams),
            bytes: mean(|each| each.steady.bytes),
            largest: figures.iter().map(|each| each.largest).max().unwrap_or(0),
            too_large: figures.iter().map(|each| each.too_large).sum(),
            wrongly_dead: figures
                .iter()
                .map(|each| each.most_wrongly_dead)
                .max()
                .unwrap_or(0),
            restarts: figures.iter().map(|each| each.restarts).sum(),
        }
    }

    fn markdown(&self) -> String {
        let Self {
            nodes,
            start,
            spread,
            join,
            death,
            datagrams,
            bytes,
            largest,
            too_large,
            wrongly_dead,
            restarts,
        } = self;
        let kilobytes = bytes / 1000.0;
        format!(
            "| {nodes} | {start:.2} s | {spread:.2} s | {join:.2} s | {death:.2} s | {datagrams:.0} | {kilobytes:.0} | \
             {largest} | {too_large} | {wrongly_dead} | {restarts} |"
        )
    }
}

fn seconds(time: Option<Duration>) -> f64 {
    time.map_or(f64::NAN, |time| time.as_secs_f64())
}
