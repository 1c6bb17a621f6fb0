//! The TRANSFER rows of the performance page: a million rows between files and databases, each row beside what the
//! databases' own programs take for the same, in turn.
//!
//! `make bench` builds the release binary and runs this; arguments choose rows by a part of their name.

#[expect(dead_code, reason = "the rows of a single node use the rest")]
#[path = "../single_node/measure.rs"]
mod measure;
mod places;

use measure::{RUNS, Series, row, seconds};
use places::Places;

/// Measures one thing and its floor once each; in seconds.
type Turn = fn(&Places) -> (f64, f64);

/// A row: its name, its floor's name, what it may take of it at most, and what measures it.
const ROWS: &[(&str, &str, &str, Turn)] = &[
    (
        "TRANSFER, file to MariaDB",
        "LOAD DATA LOCAL INFILE",
        "1.4",
        |places| {
            let floor = seconds(|| places.load_mariadb());
            let source = places.file_source();
            (
                places.transfer(&source, &places.table_target("mariadb")),
                floor,
            )
        },
    ),
    (
        "TRANSFER, MariaDB to file",
        "mariadb --quick -B",
        "1.25",
        |places| {
            let floor = seconds(|| places.dump_mariadb());
            let source = places.table("mariadb");
            (places.transfer(&source, &places.file_target()), floor)
        },
    ),
    (
        "TRANSFER, MariaDB to MariaDB",
        "both of MariaDB",
        "1.1",
        |places| {
            let floor = seconds(|| places.dump_mariadb()) + seconds(|| places.load_mariadb());
            let source = places.table("mariadb");
            (
                places.transfer(&source, &places.table_target("mariadb")),
                floor,
            )
        },
    ),
    (
        "TRANSFER, file to PostgreSQL",
        "\\copy from",
        "1.4",
        |places| {
            let floor = seconds(|| places.load_postgres());
            let source = places.file_source();
            (
                places.transfer(&source, &places.table_target("postgres")),
                floor,
            )
        },
    ),
    (
        "TRANSFER, PostgreSQL to file",
        "\\copy to",
        "1.4",
        |places| {
            let floor = seconds(|| places.dump_postgres());
            let source = places.table("postgres");
            (places.transfer(&source, &places.file_target()), floor)
        },
    ),
];

fn main() {
    // cargo passes --bench; what is left chooses rows.
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|each| !each.starts_with('-'))
        .map(|each| each.to_lowercase())
        .collect();
    let is_wanted = |name: &str| {
        let name = name.to_lowercase();
        wanted.is_empty() || wanted.iter().any(|each| name.contains(each))
    };
    let rows: Vec<_> = ROWS.iter().filter(|(name, ..)| is_wanted(name)).collect();
    if rows.is_empty() {
        return;
    }
    let places = Places::new();
    for (name, floor, most, turn) in rows {
        let turns: Vec<(f64, f64)> = (0..RUNS).map(|_| turn(&places)).collect();
        let (took, floors) = turns.into_iter().unzip();
        let (took, floors) = (Series::from_values(took), Series::from_values(floors));
        let goal = format!("at most {most} of it");
        row(name, &took, "s", Some((floor, &floors)), &goal);
    }
    println!("{:<28} {} KiB", "TRANSFER, memory", places.peak_kib());
}
