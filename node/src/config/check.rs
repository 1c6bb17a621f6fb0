//! Values that fit their types, but not each other or the world.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::tz::TimeZone;
use peerflow_workflow::Schedule;

use super::advertise::advertised;
use super::layers::Layers;
use super::{Config, ConfigError};

/// A gossip digest holds the ids of all nodes and must fit one datagram.
pub(crate) const LONGEST_NODE_ID: usize = 20;

/// It is part of what is sealed and signed, and of every answer about the cluster.
const LONGEST_CLUSTER_NAME: usize = 64;

pub(super) fn check(config: &Config, layers: &Layers) -> Result<(), ConfigError> {
    check_node(config, layers)?;
    check_times(config, layers)?;
    check_network(config, layers)?;
    check_email(config, layers)
}

fn check_node(config: &Config, layers: &Layers) -> Result<(), ConfigError> {
    if let Some(id) = &config.node.id {
        if id.len() > LONGEST_NODE_ID {
            return Err(layers.wrong(
                "node.id",
                format!("{id:?} has more than {LONGEST_NODE_ID} bytes; choose a shorter one"),
            ));
        }
        if id
            .chars()
            .any(|letter| letter.is_whitespace() || letter.is_control() || letter == '/')
        {
            return Err(layers.wrong(
                "node.id",
                format!("{id:?} holds a blank, a control character or a slash; choose another"),
            ));
        }
    }
    if config.node.slots == 0 {
        return Err(layers.wrong(
            "node.slots",
            "a node without slots runs nothing; give at least 1",
        ));
    }
    if TimeZone::get(&config.node.timezone).is_err() {
        return Err(layers.wrong(
            "node.timezone",
            format!(
                "{:?} is no IANA time zone; write one like \"Asia/Shanghai\" or \"UTC\"",
                config.node.timezone
            ),
        ));
    }
    for (key, text) in [
        ("cron_runner.reset", &config.cron_runner.reset),
        ("cron_runner.plan", &config.cron_runner.plan),
    ] {
        if !text.trim().is_empty()
            && let Err(error) = Schedule::parse(text)
        {
            return Err(layers.wrong(key, error));
        }
    }
    Ok(())
}

fn check_times(config: &Config, layers: &Layers) -> Result<(), ConfigError> {
    let least = |key, duration: Duration, least: Duration| {
        if duration < least {
            return Err(layers.wrong(
                key,
                format!("at least {} is wanted", super::format_duration(least)),
            ));
        }
        Ok(())
    };
    least(
        "election.renew_every",
        config.election.renew_every,
        Duration::from_millis(10),
    )?;
    least(
        "xml_loader.scan_interval",
        config.xml_loader.scan_interval,
        Duration::from_millis(100),
    )?;
    least("worker.lease", config.worker.lease, Duration::from_secs(1))?;
    least(
        "gossip.interval",
        config.gossip.interval,
        Duration::from_millis(10),
    )?;
    if config.election.ttl < config.election.renew_every * 2 {
        return Err(layers.wrong(
            "election.ttl",
            "must be at least twice election.renew_every, or one slow renewal costs the mastership",
        ));
    }
    if config.worker.log_limit < 2 * 1024 * 1024 {
        return Err(layers.wrong(
            "worker.log_limit",
            "at least 2MiB is wanted: the head, and the last 1MiB",
        ));
    }
    Ok(())
}

fn check_network(config: &Config, layers: &Layers) -> Result<(), ConfigError> {
    const NEEDS_SECRET: &str = "needs the cluster's secret: `peerflow cluster secret > FILE`, keep FILE readable by \
                                peerflow's user only, and name it in cluster.secret_file (--secret-file) on every node";
    if config.cluster.name.is_empty() || config.cluster.name.len() > LONGEST_CLUSTER_NAME {
        return Err(layers.wrong(
            "cluster.name",
            format!("a name of 1 to {LONGEST_CLUSTER_NAME} bytes is wanted"),
        ));
    }
    if config.cluster.secret.is_none() {
        if !config.cluster.seeds.is_empty() {
            return Err(layers.wrong(
                "cluster.seeds",
                format!("a cluster of several nodes {NEEDS_SECRET}"),
            ));
        }
        for (key, address) in [
            ("http.listen", config.http.listen),
            ("gossip.listen", config.gossip.listen),
            ("rpc.listen", config.rpc.listen),
        ] {
            if address.is_some_and(is_open) {
                let what =
                    format!("an address that others reach {NEEDS_SECRET}; or listen on 127.0.0.1");
                return Err(layers.wrong(key, what));
            }
        }
        return Ok(());
    }
    check_cluster_sockets(config, layers)
}

/// Both sockets or none, not on each other's port, and under an address that peers can use.
fn check_cluster_sockets(config: &Config, layers: &Layers) -> Result<(), ConfigError> {
    let (gossip, rpc) = match (config.gossip.listen, config.rpc.listen) {
        (Some(gossip), Some(rpc)) => (gossip, rpc),
        (None, None) if config.cluster.seeds.is_empty() => return Ok(()),
        (None, None) => {
            return Err(layers.wrong(
                "cluster.seeds",
                "gossip.listen and rpc.listen are off, so no peer can be met; give them addresses",
            ));
        }
        (None, Some(_)) => {
            return Err(layers.wrong(
                "gossip.listen",
                "rpc.listen is on, and a peer needs both; give it an address",
            ));
        }
        (Some(_), None) => {
            return Err(layers.wrong(
                "rpc.listen",
                "gossip.listen is on, and a peer needs both; give it an address",
            ));
        }
    };
    let on_same =
        gossip.ip() == rpc.ip() || gossip.ip().is_unspecified() || rpc.ip().is_unspecified();
    if on_same && gossip.port() == rpc.port() && gossip.port() != 0 {
        return Err(layers.wrong(
            "rpc.listen",
            format!(
                "gossip listens on UDP port {} too; choose another",
                rpc.port()
            ),
        ));
    }
    for (key, configured, bound) in [
        ("gossip.advertise", &config.gossip.advertise, gossip),
        ("rpc.advertise", &config.rpc.advertise, rpc),
    ] {
        if advertised(configured.as_ref(), bound, &config.cluster.seeds).is_none() {
            return Err(layers.wrong(
                key,
                format!("{bound} stands for every address of this machine, and it has none that peers can reach; \
                         name the one to tell them"),
            ));
        }
    }
    Ok(())
}

fn is_open(address: SocketAddr) -> bool {
    !address.ip().to_canonical().is_loopback()
}

fn check_email(config: &Config, layers: &Layers) -> Result<(), ConfigError> {
    let email = &config.email;
    if !email.is_enabled {
        return Ok(());
    }
    if email.hostname.trim().is_empty() {
        return Err(layers.wrong(
            "email.hostname",
            "mail is enabled, so the mail server must be named",
        ));
    }
    if !email.account.contains('@') {
        return Err(layers.wrong(
            "email.account",
            "mail is enabled, so the sender's address must be given",
        ));
    }
    if email.auth && email.password.reveal().is_empty() {
        return Err(layers.wrong(
            "email.password",
            "email.auth is on, so a password must be given",
        ));
    }
    Ok(())
}
