//! How membership scales, in virtual time: a table in Markdown, and a plot.
//!
//! ```text
//! cargo run --release -p peerflow-simulations --example membership -- [OPTIONS] [NODES…]
//!
//!   --seeds K        the means of so many seeds (1)
//!   --older S        a node dies in a cluster that is so many virtual seconds older (0)
//!   --plot FILE.svg  draws the table
//!   --table FILE     takes rows that were printed before as well; measures nothing else unless NODES are given
//!   --whole N        whole nodes in place of gossip alone
//! ```
//!
//! Gossip alone is measured for each number of nodes, 10 to 1,000 where none is given. A thousand take some ten minutes of
//! one core and 7 GB. Whole nodes live for two virtual minutes with some workflows, in which a master and a worker die and
//! come back, and must heal. Virtual figures follow from the seeds alone; real time and memory are the machine's.

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
    table: Option<PathBuf>,
    seeds: u64,
    older: Duration,
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
    tracing_subscriber::fmt()
        .with_env_filter("peerflow_simulations=info")
        .with_writer(std::io::stderr)
        .init();
    println!(
        "| nodes | start | a renewal known to all | join | death | datagrams/s | kB/s | largest datagram | too long | \
         wrongly dead | restarts |"
    );
    println!("| --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |");
    let before = arguments
        .table
        .map_or(Ok(String::new()), std::fs::read_to_string)?;
    let mut rows: Vec<Row> = before.lines().filter_map(Row::parse).collect();
    for row in &rows {
        println!("{}", row.markdown());
    }
    for nodes in &arguments.nodes {
        let began = tokio::time::Instant::now();
        let figures = (1..=arguments.seeds)
            .map(|seed| {
                membership(MembershipOptions {
                    nodes: *nodes,
                    seed,
                    interval: Duration::from_millis(200),
                    grows_older: arguments.older,
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
    rows.sort_by(|one, other| one.nodes.total_cmp(&other.nodes));
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
        table: None,
        seeds: 1,
        older: Duration::ZERO,
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
            "--table" => arguments.table = Some(value()?.into()),
            "--seeds" => arguments.seeds = value()?.parse::<u64>()?.max(1),
            "--older" => arguments.older = Duration::from_secs(value()?.parse()?),
            "--whole" => arguments.whole = Some(value()?.parse()?),
            nodes => arguments.nodes.push(nodes.parse()?),
        }
    }
    if arguments.nodes.is_empty() && arguments.table.is_none() {
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

    /// A row that was printed; none if the line is no such row.
    fn parse(line: &str) -> Option<Self> {
        let cells: Vec<f64> = line
            .split('|')
            .filter_map(|cell| cell.split_whitespace().next()?.parse().ok())
            .collect();
        let [
            nodes,
            start,
            spread,
            join,
            death,
            datagrams,
            kilobytes,
            counts @ ..,
        ] = &cells[..]
        else {
            return None;
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count was printed"
        )]
        let count = |at: usize| counts.get(at).map(|count| *count as u64);
        let small = |at: usize| usize::try_from(count(at)?).ok();
        Some(Self {
            nodes: *nodes,
            start: *start,
            spread: *spread,
            join: *join,
            death: *death,
            datagrams: *datagrams,
            bytes: kilobytes * 1000.0,
            largest: small(0)?,
            too_large: count(1)?,
            wrongly_dead: small(2)?,
            restarts: count(3)?,
        })
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
