//! The single-node rows of the performance page, each beside its floor from the same run.
//!
//! `make bench` builds the release binary and runs this; arguments choose rows by a part of their name.

mod control;
mod floors;
mod measure;
mod outside;

/// A row: its name, and what measures and prints it.
type Row = (&'static str, fn());

const ROWS: &[Row] = &[
    ("CHAIN-40", outside::chain),
    ("FAN-100", outside::fan),
    ("THROUGHPUT", outside::throughput),
    ("LATENCY", outside::latency),
    ("START", outside::start),
    ("MEMORY", outside::memory),
    ("LOGS", outside::logs),
    ("ENGINE", control::engine),
    ("CONTROL", control::control),
    ("CRON", control::cron),
    ("LIST", control::list),
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
