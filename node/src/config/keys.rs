//! Every key there is, with its default.

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    /// `section.key`.
    pub(super) name: &'static str,
    /// As the file would write it; empty where it is computed or absent.
    pub(super) default: &'static str,
    /// Its value is never shown.
    pub(super) secret: bool,
}

const fn key(name: &'static str, default: &'static str) -> Key {
    Key {
        name,
        default,
        secret: false,
    }
}

/// All keys, in the order of the manual.
pub(super) const KEYS: &[Key] = &[
    key("node.id", ""),
    key("node.labels", ""),
    key("node.slots", ""),
    key("node.data_dir", "data"),
    key("node.timezone", ""),
    key("cluster.name", "peerflow"),
    key("cluster.seeds", ""),
    key("cluster.secret_file", ""),
    key("gossip.listen", "127.0.0.1:8091"),
    key("gossip.advertise", ""),
    key("gossip.interval", "200ms"),
    key("rpc.listen", "127.0.0.1:8092"),
    key("rpc.advertise", ""),
    key("http.listen", "127.0.0.1:8090"),
    key("http.tls_cert", ""),
    key("http.tls_key", ""),
    key("store.url", ""),
    key("store.password_file", ""),
    key("election.ttl", ""),
    key("election.renew_every", ""),
    key("worker.lease", "60s"),
    key("worker.kill_grace", "10s"),
    key("worker.drain", "10s"),
    key("worker.profile", ""),
    key("worker.log_limit", "64MiB"),
    key("log.level", "info"),
    key("log.format", "text"),
    key("log.dir", "logs"),
    key("log.keep", "30d"),
    key("xml_loader.workflow_dir", "xmlconfig"),
    key("xml_loader.scan_interval", "5s"),
    key("links.db_file", "config/db_links.xml"),
    key("links.file_file", "config/file_links.xml"),
    key("cron_runner.reset", "59 23 * * *"),
    key("cron_runner.plan", "1 0 * * *"),
    key("email.hostname", ""),
    key("email.port", "25"),
    key("email.tls", "none"),
    key("email.auth", "false"),
    key("email.account", ""),
    key("email.nickname", "peerflow"),
    Key {
        name: "email.password",
        default: "",
        secret: true,
    },
    key("email.is_enabled", "false"),
    key("email.node_retry_fail_times", "1"),
    key("retention.instances", "90d"),
    key("retention.logs", "30d"),
];

/// The key called `name`.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The key whose name is most like `name`, for error messages.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let last = name.rsplit('.').next().unwrap_or(name);
    let likeness = |key: &Key| {
        let own = key.name.rsplit('.').next().unwrap_or(key.name);
        // The same key in the wrong section is nearer than another key of the same section.
        strsim::jaro_winkler(name, key.name)
            .max(strsim::normalized_damerau_levenshtein(last, own) * 0.99)
    };
    KEYS.iter()
        .map(|key| (likeness(key), key.name))
        .filter(|(likeness, _)| *likeness > 0.6)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, name)| name)
}

/// The section whose name is most like `name`.
pub(super) fn nearest_section(name: &str) -> Option<&'static str> {
    KEYS.iter()
        .filter_map(|key| key.name.split('.').next())
        .map(|section| (strsim::jaro_winkler(name, section), section))
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .filter(|(likeness, _)| *likeness > 0.6)
        .map(|(_, section)| section)
}

/// Whether a section of that name exists.
pub(super) fn is_section(name: &str) -> bool {
    KEYS.iter()
        .any(|key| key.name.split('.').next() == Some(name))
}
