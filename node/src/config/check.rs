//! Values that fit their types, but not each other or the world.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::tz::TimeZone;
use peerflow_workflow::Schedule;

use super::layers::Layers;
use super::{Config, ConfigError};

/// A gossip digest holds the ids of all nodes and must fit one datagram.
pub(crate) const LONGEST_NODE_ID: usize = 20;

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
    // Callers from elsewhere need the cluster's token, and no command prints it before the cluster release.
    if config.http.listen.is_some_and(is_open) {
        return Err(layers.wrong(
            "http.listen",
            "listening on an address that others reach comes with the cluster release; listen on 127.0.0.1, and reach \
             it through an SSH tunnel or a reverse proxy meanwhile",
        ));
    }
    for (key, address) in [
        ("gossip.listen", config.gossip.listen),
        ("rpc.listen", config.rpc.listen),
    ] {
        if config.cluster.secret.is_none() && address.is_some_and(is_open) {
            return Err(layers.wrong(
                key,
                "an address that others reach needs a shared secret: name its file in cluster.secret_file, or listen \
                 on 127.0.0.1",
            ));
        }
    }
    if config.http.tls_cert.is_some() && config.http.tls_key.is_some() {
        return Err(layers.wrong(
            "http.tls_cert",
            "this release serves plain HTTP only; remove http.tls_cert and http.tls_key, and put a TLS proxy before it",
        ));
    }
    if config.http.tls_cert.is_some() != config.http.tls_key.is_some() {
        return Err(layers.wrong(
            "http.tls_cert",
            "http.tls_cert and http.tls_key go together",
        ));
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
