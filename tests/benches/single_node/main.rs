//! The single-node rows of the performance page, each beside its floor from the same run.
//!
//! `make bench` builds the release binary and runs this; arguments choose rows by a part of their name.

mod control;
mod cron;
mod documents;
mod engine;
mod floors;
mod idle_tasks;
mod latency;
mod list;
mod logs;
mod measure;
mod memory;
mod outside;
mod raw_rows;

/// A row: its name, and what measures and prints it.
type Row = (&'static str, fn());

const ROWS: &[Row] = &[
    ("CHAIN-40", outside::chain),
    ("FAN-100", outside::fan),
    ("THROUGHPUT", outside::throughput),
    ("LATENCY", latency::latency),
    ("START", outside::start),
    ("MEMORY", memory::memory),
    ("LOGS", logs::logs),
    ("ENGINE", engine::engine),
    ("CONTROL", control::control),
    ("CRON", cron::cron),
    ("LIST", list::list),
];

fn main() {
    // cargo passes --bench; what is left chooses rows.
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|each| !each.starts_with('-'))
        .collect();
    println!(
        "{} runs each: median (least..most); MariaDB is {}",
        measure::RUNS,
        floors::mariadb_version()
    );
    for (name, row) in ROWS {
        if wanted.is_empty()
            || wanted
                .iter()
                .any(|each| name.to_lowercase().contains(&each.to_lowercase()))
        {
            row();
        }
    }
}
