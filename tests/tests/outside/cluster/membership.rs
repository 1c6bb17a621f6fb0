//! Who belongs to a cluster, and who does not.

use std::time::Duration;

use peerflow_tests::{Cluster, Database, SharedStore, StoreKind, eventually};

fn find_each_other(store: SharedStore) {
    let mut cluster = Cluster::builder().store(store).start();
    let master = cluster.agreed_master();
    let first = cluster.view(0).expect("it answers");
    assert_eq!(first.alive.len(), 3);
    assert!(first.epoch > 0);

    // One that leaves and one that comes are seen by all.
    let leaver = (master + 1) % 3;
    assert_eq!(cluster.stop(leaver), 0);
    assert_eq!(cluster.agreed_master(), master, "the master stays");
    let rest = cluster.view(master).expect("it answers");
    assert_eq!((rest.alive.len(), rest.epoch), (2, first.epoch));
    cluster.start_again(leaver);
    assert_eq!(cluster.agreed_master(), master, "the master stays");
    assert_eq!(cluster.view(leaver).expect("it answers").epoch, first.epoch);
}

#[test]
fn three_nodes_find_each_other_and_agree_on_mariadb() {
    find_each_other(SharedStore::MariaDb);
}

#[test]
fn three_nodes_find_each_other_and_agree_on_one_sqlite_file() {
    find_each_other(SharedStore::Sqlite);
}

/// A node of which others are told, and which gossips with them, but does not belong to them.
fn is_not_seen(setting: &str, value: &dyn Fn(&Cluster) -> String) {
    let cluster = Cluster::builder().nodes(2).start();
    let folder = cluster.folder().join("stranger");
    std::fs::create_dir(&folder).expect("the folder can be written");
    let database = Database::new();
    // Its own sockets: those of the members are taken.
    let stranger = cluster
        .node_builder(0)
        .folder(&folder)
        .store(StoreKind::Mysql(database.url()))
        .sockets("127.0.0.1:0", "127.0.0.1:0")
        .set("PEERFLOW__NODE__ID", "stranger")
        .set(setting, &value(&cluster))
        .start();
    let refused = |at: usize| {
        let metrics = cluster.api(at).get("/metrics").text;
        let mut dropped = metrics
            .lines()
            .filter(|line| line.starts_with("peerflow_gossip_dropped_total"));
        dropped.any(|line| !line.ends_with(" 0"))
    };
    eventually(
        "the members count the stranger's datagrams as refused",
        Duration::from_secs(20),
        || (refused(0) || refused(1)).then_some(()),
    );
    let seen = stranger.api.get("/api/v1/cluster").json;
    assert_eq!(seen["nodes"].as_array().map(Vec::len), Some(1), "{seen:#}");
    cluster.agreed_master();
}

#[test]
fn a_node_with_another_secret_is_not_seen_and_is_counted() {
    is_not_seen("PEERFLOW__CLUSTER__SECRET_FILE", &|cluster| {
        use std::os::unix::fs::PermissionsExt;
        let path = cluster.folder().join("other-secret");
        std::fs::write(&path, "0123456789abcdef".repeat(4)).expect("the folder can be written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))
            .expect("the owner may set permissions");
        path.display().to_string()
    });
}

#[test]
fn a_node_of_a_cluster_of_another_name_is_not_seen_and_is_counted() {
    is_not_seen("PEERFLOW__CLUSTER__NAME", &|_| "another".to_owned());
}
