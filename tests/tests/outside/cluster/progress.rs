//! How far a transfer has come, asked of any node.

use std::time::Duration;

use peerflow_tests::{Cluster, eventually};
use serde_json::{Value, json};

use super::ended;
use crate::data_stage::{mariadb_link, workflow};

const BOUND: Duration = Duration::from_secs(60);

/// Rows that a server gives slowly, and large enough that they are sent one by one.
const SLOW_ROWS: &str = "SELECT seq, REPEAT('x', 50000 + SLEEP(0.02)) FROM seq_1_to_5000";

fn progress(instance: &Value) -> Option<Value> {
    let steps = instance["steps"].as_array()?;
    let step = steps.iter().find(|step| step["name"] == "a")?;
    Some(step["progress"].clone()).filter(|progress| !progress.is_null())
}

#[test]
fn every_node_tells_how_far_a_running_transfer_has_come() {
    let cluster = Cluster::builder().nodes(2).start();
    let master = cluster.agreed_master();
    let database = cluster.database().expect("the cluster is on MariaDB");
    let api = cluster.api(master);
    let link = mariadb_link("slow", &database.url());
    let added = api.post("/api/v1/links/db", &link);
    assert_eq!(added.status, 201, "{}", added.text);
    let to = cluster.folder().join("rows.txt");
    let action = format!(
        r#"<transfer><source type="DB" db-link="slow">{SLOW_ROWS}</source><target type="FILE" file-link="local" path="{}"/></transfer>"#,
        to.display()
    );
    api.put_workflow("slow", &workflow("slow", &action, ""));
    let id = eventually("the run is acknowledged", BOUND, || api.try_run("slow"));
    for at in 0..cluster.size() {
        let mut rows = 0;
        for look in 0..2 {
            let what = format!("node {at} tells more rows, look {look}");
            let told = eventually(&what, BOUND, || {
                let told = progress(&cluster.api(at).try_instance(&id)?)?;
                (told["rows"].as_u64()? > rows).then_some(told)
            });
            rows = told["rows"].as_u64().expect("a count");
            assert!(told["bytes"].as_u64() > Some(rows * 50_000), "{told}");
            assert!(told["rows_per_second"].as_u64() > Some(0), "{told}");
        }
    }
    let killed = api.post(&format!("/api/v1/instances/{id}/kill"), &json!({}));
    assert_eq!(killed.status, 200, "{}", killed.text);
    let ended = ended(api, &id, BOUND);
    assert_eq!(progress(&ended), None, "{ended:#}");
}
