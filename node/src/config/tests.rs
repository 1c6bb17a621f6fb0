use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::*;

fn load(text: &str) -> Result<Config, ConfigError> {
    load_with(text, &[], &ConfigOverrides::default())
}

fn load_with(
    text: &str,
    environment: &[(&str, &str)],
    overrides: &ConfigOverrides,
) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("node.toml");
    fs::write(&path, text).unwrap();
    let environment = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(Some(&path), environment, overrides)
}

fn message(text: &str) -> String {
    load(text).unwrap_err().message
}

fn explained<'c>(config: &'c Config, key: &str) -> &'c Explained {
    config
        .explain()
        .iter()
        .find(|each| each.key == key)
        .unwrap()
}

#[test]
fn the_default_works() {
    let config = load("").unwrap();
    assert_eq!(config.http.listen, Some("127.0.0.1:8090".parse().unwrap()));
    assert_eq!(config.store.url.to_string(), "sqlite:data/peerflow.db");
    assert_eq!(
        config.election.ttl,
        Duration::from_secs(5),
        "a shared SQLite file gets more time"
    );
    assert_eq!(config.worker.log_limit, 64 * 1024 * 1024);
    assert!(config.node.slots >= 4 && config.cluster.secret.is_none());
}

#[test]
fn the_shipped_file_says_what_is_default() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/node.toml");
    let text = fs::read_to_string(&path).unwrap();
    // Every key stands there as a comment: `# key = value`.
    let mut section = String::new();
    let mut named = Vec::new();
    for line in text.lines() {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            section = name.to_owned();
        } else if let Some((key, _)) = line
            .strip_prefix("# ")
            .and_then(|rest| rest.split_once(" = "))
        {
            named.push(format!("{section}.{key}"));
        }
    }
    let known: Vec<&str> = keys::KEYS.iter().map(|key| key.name).collect();
    assert_eq!(named, known);
    let uncommented: String = text
        .lines()
        .map(|line| {
            line.strip_prefix("# ")
                .filter(|rest| rest.contains(" = "))
                .unwrap_or(line)
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let (shipped, default) = (load(&uncommented).unwrap(), load("").unwrap());
    for (left, right) in shipped.explain().iter().zip(default.explain()) {
        // What is computed on this machine is left empty there.
        assert_eq!(left.value, right.value, "{}", left.key);
    }
}

#[test]
fn later_layers_win_and_say_where_they_came_from() {
    let overrides = ConfigOverrides {
        http: Some("localhost:9000".to_owned()),
        ..ConfigOverrides::default()
    };
    let environment = [
        ("PEERFLOW__STORE__URL", "mysql://u@h/db"),
        ("PEERFLOW_TOKEN", "none of ours"),
    ];
    let text = "[http]\nlisten = \"127.0.0.1:1\"\n[node]\nslots = 7\nlabels = [\"a\", \"b\"]\n";
    let config = load_with(text, &environment, &overrides).unwrap();
    assert_eq!(config.http.listen, Some("127.0.0.1:9000".parse().unwrap()));
    assert_eq!(config.node.slots, 7);
    assert_eq!(config.node.labels.len(), 2);
    assert_eq!(
        config.election.ttl,
        Duration::from_secs(2),
        "the default of a database server"
    );
    assert_eq!(
        explained(&config, "http.listen").source.to_string(),
        "flag --http"
    );
    assert!(
        explained(&config, "node.slots")
            .source
            .to_string()
            .ends_with("node.toml:4")
    );
    assert_eq!(explained(&config, "node.labels").value, r#"["a", "b"]"#);
    assert_eq!(
        explained(&config, "store.url").source.to_string(),
        "environment PEERFLOW__STORE__URL"
    );
    assert_eq!(explained(&config, "gossip.listen").source, Source::Default);
    assert!(config.is_explicit("node.slots") && !config.is_explicit("worker.lease"));
}

#[test]
fn unknown_keys_name_the_place_and_the_nearest_known_one() {
    for (text, place, like) in [
        ("[store]\nurll = \"x\"\n", "node.toml:2", "store.url"),
        ("\n\n[stor]\nurl = \"x\"\n", "node.toml:3", "[store]"),
        (
            "[node]\nkill_grace = \"1s\"\n",
            "node.toml:2",
            "worker.kill_grace",
        ),
        ("slots = 3\n", "node.toml:1", "node.slots"),
    ] {
        let error = message(text);
        assert!(
            error.contains(place) && error.contains(&format!("did you mean {like}")),
            "{text}: {error}"
        );
    }
    let environment = [("PEERFLOW__NODE__SLOT", "3")];
    let error = load_with("", &environment, &ConfigOverrides::default())
        .unwrap_err()
        .message;
    assert!(
        error.contains("PEERFLOW__NODE__SLOT")
            && error.contains("did you mean PEERFLOW__NODE__SLOTS"),
        "{error}"
    );
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "a list of values, each with its answer"
)]
fn values_that_do_not_fit_name_place_and_remedy() {
    for (text, parts) in [
        ("[election]\nttl = \"5 apples\"", ["node.toml:2", "5s"]),
        ("[election]\nttl = 5", ["node.toml:2", "5s"]),
        ("[node]\nslots = \"many\"", ["node.toml:2", "number"]),
        ("[node]\nslots = 0", ["node.toml:2", "at least 1"]),
        ("[node]\nslots = 1.5", ["node.toml:2", "a number"]),
        (
            "[node]\ntimezone = \"Mars\"",
            ["node.toml:2", "Asia/Shanghai"],
        ),
        (
            "[node]\nid = \"much-too-long-for-a-node\"",
            ["node.toml:2", "20 bytes"],
        ),
        (
            "[http]\nlisten = \"8090\"",
            ["node.toml:2", "127.0.0.1:8090"],
        ),
        (
            "[http]\nlisten = \"0.0.0.0:8090\"",
            ["node.toml:2", "peerflow cluster secret > FILE"],
        ),
        (
            "[http]\nlisten = \"[::]:8090\"",
            ["node.toml:2", "cluster.secret_file"],
        ),
        (
            "[gossip]\nlisten = \"0.0.0.0:8091\"",
            ["node.toml:2", "cluster.secret_file"],
        ),
        ("[http]\ntls_cert = \"a\"", ["node.toml:2", "tls_key"]),
        ("[http]\ntls_key = \"a\"", ["node.toml:2", "tls_cert"]),
        (
            "[rpc]\nlisten = \"192.0.2.1:8092\"",
            ["node.toml:2", "cluster.secret_file"],
        ),
        (
            "[cluster]\nseeds = [\"etl-1:8091\"]",
            ["node.toml:2", "peerflow cluster secret > FILE"],
        ),
        (
            "[cluster]\nseeds = [\"etl-1\"]",
            ["node.toml:2", "names no port"],
        ),
        (
            "[cluster]\nseeds = [\"a:1\", \"http://etl-1:8091\"]",
            ["node.toml:2", "no address"],
        ),
        ("[cluster]\nname = \"\"", ["node.toml:2", "1 to 64 bytes"]),
        (
            "[gossip]\nadvertise = \"0.0.0.0:1\"",
            ["node.toml:2", "reached"],
        ),
        ("[log]\nformat = \"xml\"", ["node.toml:2", "text, json"]),
        ("[email]\nis_enabled = true", ["email.hostname", "named"]),
        ("[worker]\nlog_limit = \"1KiB\"", ["node.toml:2", "2MiB"]),
        (
            "[election]\nttl = \"1s\"\nrenew_every = \"1s\"",
            ["node.toml:2", "twice"],
        ),
        (
            "[store]\nurl = \"postgres://x\"",
            ["node.toml:2", "sqlite:PATH"],
        ),
        (
            "[store]\npassword_file = \"/nowhere\"",
            ["node.toml:2", "/nowhere"],
        ),
        ("[node\nslots = 1", ["node.toml:1", ""]),
    ] {
        let error = message(text);
        assert!(
            parts.iter().all(|part| error.contains(part)),
            "{text}: {error}"
        );
    }
}

#[test]
fn passwords_come_from_files_and_are_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("password");
    fs::write(&file, "s3cr@t\n").unwrap();
    let text = format!(
        "[store]\nurl = \"mysql://u@h:3306/db\"\npassword_file = \"{}\"\n[email]\npassword = \"s3cr@t\"\n",
        file.display()
    );
    let config = load(&text).unwrap();
    let shown = format!("{config:?} {:?}", config.explain());
    assert!(!shown.contains("s3cr@t"), "{shown}");
    assert_eq!(explained(&config, "email.password").value, "\"***\"");
    let in_url = load("[store]\nurl = \"mysql://u:s3cr%40t@h:3306/db\"\n").unwrap();
    assert!(
        config.store.url == in_url.store.url,
        "the same password, from a file or from the URL"
    );

    let overrides = ConfigOverrides {
        store: Some("mysql://u:s3cret@h/db".to_owned()),
        ..ConfigOverrides::default()
    };
    let error = load_with("", &[], &overrides).unwrap_err().message;
    assert!(
        error.contains("--store") && !error.contains("s3cret"),
        "{error}"
    );
}

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A file with the secret, and the section that names it.
fn with_secret() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("secret");
    fs::write(&file, format!("{SECRET}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let text = format!("[cluster]\nsecret_file = \"{}\"\n", file.display());
    (dir, text)
}

#[test]
fn a_secret_opens_addresses_and_gives_one_token_for_each_cluster() {
    let (dir, text) = with_secret();
    let open = format!("{text}[http]\nlisten = \"0.0.0.0:1\"\n[gossip]\nlisten = \"10.0.0.1:2\"\n");
    let config = load(&open).unwrap();
    let token = config.http.token.clone().unwrap();
    let expected: peerflow_wire::ClusterSecret = SECRET.parse().unwrap();
    assert_eq!(token.reveal(), expected.http_token("peerflow"));
    assert_eq!(config.cluster_secret(), Some(expected));
    let other = load(&text.replace("[cluster]\n", "[cluster]\nname = \"other\"\n")).unwrap();
    assert_ne!(other.http.token.unwrap(), token);
    let shown = format!("{config:?} {:?}", config.explain());
    assert!(
        !shown.contains(SECRET) && !shown.contains(token.reveal()),
        "{shown}"
    );
    fs::write(dir.path().join("secret"), "short\n").unwrap();
    let error = message(&text);
    assert!(
        error.contains("peerflow cluster secret") && !error.contains("short\n"),
        "{error}"
    );
}

#[test]
fn a_secret_in_the_environment_is_refused_without_being_shown() {
    let environment = [("PEERFLOW__CLUSTER__SECRET", SECRET)];
    let error = load_with("", &environment, &ConfigOverrides::default())
        .unwrap_err()
        .message;
    assert!(
        error.contains("PEERFLOW__CLUSTER__SECRET_FILE") && !error.contains(SECRET),
        "{error}"
    );
}

#[test]
fn a_node_opens_sockets_for_peers_only_with_a_secret() {
    let (_dir, text) = with_secret();
    let sockets = |text: &str| load(text).unwrap().cluster_sockets();
    assert_eq!(sockets(""), None);
    let both = sockets(&text).unwrap();
    assert_eq!((both.gossip.port(), both.rpc.port()), (8091, 8092));
    assert_eq!(
        sockets(&format!(
            "{text}[gossip]\nlisten = \"\"\n[rpc]\nlisten = \"\"\n"
        )),
        None
    );
    for (wrong, part) in [
        ("[rpc]\nlisten = \"\"\n", "needs both"),
        ("[gossip]\nlisten = \"\"\n", "needs both"),
        ("[rpc]\nlisten = \"127.0.0.1:8091\"\n", "UDP port 8091"),
    ] {
        let error = message(&format!("{text}{wrong}"));
        assert!(error.contains(part), "{wrong}: {error}");
    }
    let seeded = text.replace("[cluster]\n", "[cluster]\nseeds = [\"etl-1:8091\"]\n");
    let deaf = format!("{seeded}[gossip]\nlisten = \"\"\n[rpc]\nlisten = \"\"\n");
    assert!(message(&deaf).contains("no peer can be met"));
}

#[test]
fn peers_are_told_addresses_that_they_can_use() {
    let (_dir, text) = with_secret();
    let text = format!(
        "{text}[gossip]\nadvertise = \"etl.example\"\n[rpc]\nadvertise = \"nat.example:99\"\n[http]\nlisten = \"0.0.0.0:0\"\n"
    );
    let config = load(&text).unwrap();
    let bound = "10.0.0.1:7".parse().unwrap();
    assert_eq!(config.gossip_advertised(bound).to_string(), "etl.example:7");
    assert_eq!(config.rpc_advertised(bound).to_string(), "nat.example:99");
    assert_eq!(config.http_advertised(bound), "http://10.0.0.1:7");
    let everywhere = "0.0.0.0:8".parse().unwrap();
    assert_eq!(config.http_advertised(everywhere), "http://nat.example:8");
    let plain = load("").unwrap();
    let bound = "127.0.0.1:5".parse().unwrap();
    assert_eq!(plain.gossip_advertised(bound).to_string(), "127.0.0.1:5");
}

#[test]
fn a_secret_that_others_can_read_and_seeds_out_of_reach_are_told() {
    let (dir, text) = with_secret();
    assert_eq!(load(&text).unwrap().warnings(), Vec::<String>::new());
    let file = dir.path().join("secret");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let seeded = text.replace("[cluster]\n", "[cluster]\nseeds = [\"etl-1:8091\"]\n");
    let warnings = load(&seeded).unwrap().warnings();
    assert!(warnings[0].contains("chmod 600"), "{warnings:?}");
    assert!(warnings[1].contains("etl-1:8091"), "{warnings:?}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let open = "[gossip]\nlisten = \"10.0.0.1:1\"\n[rpc]\nlisten = \"10.0.0.1:2\"\n";
    assert!(
        load(&format!("{seeded}{open}"))
            .unwrap()
            .warnings()
            .is_empty()
    );
}

#[test]
fn flags_name_the_secret_and_the_seeds() {
    let (dir, _text) = with_secret();
    let overrides = ConfigOverrides {
        seeds: vec!["10.0.0.1:8091".to_owned(), "etl-2:8091".to_owned()],
        secret_file: Some(dir.path().join("secret")),
        ..ConfigOverrides::default()
    };
    let config = load_with("", &[], &overrides).unwrap();
    assert_eq!(config.cluster.seeds.len(), 2);
    assert_eq!(
        explained(&config, "cluster.secret_file").source.to_string(),
        "flag --secret-file"
    );
}

#[test]
fn a_throw_away_node_keeps_to_its_directory() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::throwaway(dir.path()).unwrap();
    assert!(
        config
            .store
            .url
            .to_string()
            .starts_with(&format!("sqlite:{}", dir.path().display()))
    );
    assert!(
        config.http.listen.is_none()
            && config.log.dir.is_none()
            && config.xml_loader.workflow_dir.is_none()
    );
}
