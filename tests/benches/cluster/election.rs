//! ELECTION: what nodes that have nothing to do ask the store for, by how many they are.

use std::time::Duration;

use peerflow_tests::{Cluster, Database};

use crate::leave_alone;

const SIZES: [usize; 3] = [2, 10, 50];
const SETTLED: Duration = Duration::from_secs(10);
const MEASURED: Duration = Duration::from_secs(30);

pub(crate) fn election() {
    for nodes in SIZES {
        let cluster = Cluster::builder().nodes(nodes).start();
        leave_alone(SETTLED);
        let asked = Asked::within(cluster.database().expect("it is on MariaDB"), MEASURED);
        let each_second = |count: u64| format!("{:.2}", count as f64 / MEASURED.as_secs_f64());
        println!(
            "ELECTION, {nodes:<2} nodes           of the master's lease {} statements/s, of the others' looks at it {}, \
             pings {}, all else {}   goal the same for any number",
            each_second(asked.holding),
            each_second(asked.looking),
            each_second(asked.pings),
            each_second(asked.else_asked),
        );
    }
}

/// Statements by what they are for.
#[derive(Debug, Default)]
struct Asked {
    /// Renewals, and what is read to see that they were done.
    holding: u64,
    /// Looks at the lease by those who do not hold it.
    looking: u64,
    pings: u64,
    else_asked: u64,
}

impl Asked {
    /// Counts for a while, by the server's own log of what it is asked.
    fn within(database: &Database, time: Duration) -> Self {
        let log = GeneralLog::begin(database);
        leave_alone(time);
        drop(log);
        let rows = database.query(
            "SELECT SUM(command_type = 'Ping'), SUM(argument LIKE '%UPDATE lease%'), SUM(argument LIKE '%FROM lease%'), \
             COUNT(*) FROM mysql.general_log g JOIN information_schema.processlist p ON p.id = g.thread_id \
             WHERE p.db = DATABASE() AND p.id <> CONNECTION_ID() AND command_type IN ('Query', 'Execute', 'Ping') \
             GROUP BY g.thread_id",
        );
        let mut asked = Self::default();
        for row in rows.lines() {
            let counts: Vec<u64> = row
                .split('\t')
                .map(|each| each.parse().expect("a number"))
                .collect();
            let [pings, renewals, looks, all] = counts[..] else {
                panic!("an unknown row: {row:?}");
            };
            asked.pings += pings;
            // Whoever renews looks at the lease on the same connection.
            if renewals > 0 {
                asked.holding += renewals + looks;
            } else {
                asked.looking += looks;
            }
            asked.else_asked += all - pings - renewals - looks;
        }
        asked
    }
}

/// The server writes down what it is asked, until this is dropped.
struct GeneralLog<'d> {
    database: &'d Database,
    output_before: String,
}

impl<'d> GeneralLog<'d> {
    fn begin(database: &'d Database) -> Self {
        let output_before = database.query("SELECT @@log_output").trim().to_owned();
        database.query(
            "SET GLOBAL general_log = 0; SET GLOBAL log_output = 'TABLE'; TRUNCATE mysql.general_log; \
             SET GLOBAL general_log = 1",
        );
        Self {
            database,
            output_before,
        }
    }
}

impl Drop for GeneralLog<'_> {
    fn drop(&mut self) {
        let before = &self.output_before;
        self.database.query(&format!(
            "SET GLOBAL general_log = 0; SET GLOBAL log_output = '{before}'"
        ));
    }
}
