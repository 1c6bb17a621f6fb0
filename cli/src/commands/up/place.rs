//! One node of a local cluster: its name, its addresses, its folder, and how it is started.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Stdio;

use peerflow_node::{Config, ConfigError, ConfigOverrides};
use serde_json::json;
use tokio::process::Command;

use super::home::{Home, name_of, number_of};
use super::ports::{self, Loopback, Ports};
use crate::args::STOP_WITH_STDIN;
use crate::error::Error;
use crate::language::Language;
use crate::output::Output;
use crate::style::Tone;
use crate::table::{Field, Rows};

/// File with the ports of the last time.
const PORTS: &str = "ports";

/// One node, as it is started each time.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) name: String,
    ports: Ports,
    folder: PathBuf,
    /// The same for all: the store, the secret, the gossip addresses of all.
    store: String,
    secret_file: PathBuf,
    seeds: Vec<String>,
    language: Language,
}

impl Place {
    /// Places for `count` nodes, with the ports of the last time as far as they are free.
    ///
    /// # Errors
    /// When there are no ports, or the directory cannot be written.
    pub(super) fn prepare(home: &Home, count: u32, output: &Output) -> Result<Vec<Self>, Error> {
        let language = output.language;
        let path = home.path.join(PORTS);
        let kept = ports::read(&std::fs::read_to_string(&path).unwrap_or_default());
        let chosen = ports::choose(count, &kept, &Loopback)
            .ok_or_else(|| Error::Failed(language.up_no_ports()))?;
        home.replace(PORTS, &ports::write(&chosen))
            .map_err(|error| Error::Failed(language.cannot_write(path.display(), &error)))?;
        let secret_file = home.secret(language)?;
        let used: Vec<(u32, Ports)> = chosen.into_iter().filter(|(at, _)| *at <= count).collect();
        let seeds: Vec<String> = used
            .iter()
            .map(|(_, ports)| address(ports.gossip))
            .collect();
        let more = home.nodes().into_iter().map(|(name, _)| name);
        let more: Vec<String> = more
            .filter(|name| number_of(name).is_some_and(|number| number > count))
            .collect();
        if !more.is_empty() {
            output.note(&language.note(language.up_more_nodes(more.join(", "))));
        }
        let places = used.into_iter().map(|(number, ports)| Self {
            name: name_of(number),
            ports,
            folder: home.path.join(name_of(number)),
            store: format!("sqlite:{}/peerflow.db", home.text),
            secret_file: secret_file.clone(),
            seeds: seeds.clone(),
            language,
        });
        Ok(places.collect())
    }

    /// Where its API is.
    pub(super) fn url(&self) -> String {
        format!("http://{}", address(self.ports.http))
    }

    /// The folder with its log.
    pub(super) fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }

    /// The process, not yet started. It ends when its standard input does, so also when this process is killed; it is in
    /// a group of its own, so that Ctrl-C on a terminal reaches this process alone.
    ///
    /// # Errors
    /// When the system does not tell which program this is.
    pub(super) fn command(&self) -> std::io::Result<Command> {
        let program = std::env::current_exe()?;
        // Where the file was replaced or removed meanwhile, what runs is still there.
        let program = if program.exists() {
            program
        } else {
            PathBuf::from("/proc/self/exe")
        };
        let mut command = Command::new(program);
        let lang = match self.language {
            Language::English => "en",
            Language::Chinese => "zh",
        };
        command
            .arg0("peerflow")
            .args(["--lang", lang, "node", STOP_WITH_STDIN])
            .args(["--store", &self.store])
            .arg("--data-dir")
            .arg(&self.folder)
            .arg("--secret-file")
            .arg(&self.secret_file)
            .args(["--http", &address(self.ports.http)])
            .args(["--gossip", &address(self.ports.gossip)])
            .args(["--rpc", &address(self.ports.rpc)])
            .args(self.seeds.iter().flat_map(|seed| ["--seed", seed]))
            .envs(self.settings())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0);
        Ok(command)
    }

    /// The configuration that the process will find.
    ///
    /// # Errors
    /// As the process would tell it.
    pub(super) fn config(&self) -> Result<Config, ConfigError> {
        let own = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let overrides = ConfigOverrides {
            store: Some(self.store.clone()),
            seeds: self.seeds.clone(),
            secret_file: Some(self.secret_file.clone()),
            data_dir: Some(self.folder.clone()),
            http: Some(address(self.ports.http)),
            gossip: Some(address(self.ports.gossip)),
            rpc: Some(address(self.ports.rpc)),
            xmlconfig: None,
        };
        Config::load(None, own.chain(self.settings()), &overrides)
    }

    /// Settings that have no flag. What a file says of addresses is for one node, not for several on one machine.
    fn settings(&self) -> Vec<(String, String)> {
        let logs = self.logs().display().to_string();
        let settings = [
            ("NODE__ID", self.name.as_str()),
            ("LOG__DIR", &logs),
            ("STORE__PASSWORD_FILE", ""),
            ("GOSSIP__ADVERTISE", ""),
            ("RPC__ADVERTISE", ""),
            ("HTTP__TLS_CERT", ""),
            ("HTTP__TLS_KEY", ""),
        ];
        let settings =
            settings.map(|(name, value)| (format!("PEERFLOW__{name}"), value.to_owned()));
        settings.into()
    }
}

fn address(port: u16) -> String {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port)).to_string()
}

/// Tells where the nodes are and what to try; `master` is absent when they have not agreed on one in time.
pub(super) fn show_places(
    output: &Output,
    home: &Home,
    places: &[Place],
    master: Option<&String>,
) -> Result<(), Error> {
    let language = output.language;
    let raw = json!({
        "data_dir": home.text,
        "master": master,
        "nodes": places.iter().map(|place| json!({
            "id": place.name,
            "http": place.url(),
            "gossip": address(place.ports.gossip),
            "rpc": address(place.ports.rpc),
            "logs": place.logs(),
        })).collect::<Vec<_>>(),
    });
    output.show(&raw, || {
        let header = [
            language.label_node(),
            language.label_http(),
            language.label_master(),
            language.label_logs(),
        ];
        let mut rows = Rows::under(&header, output.terminal);
        for place in places {
            let is_master = master == Some(&place.name);
            let mastership = if is_master {
                language.yes()
            } else {
                String::new()
            };
            rows.row(vec![
                place.name.clone().into(),
                place.url().into(),
                Field::toned(mastership, Tone::Good),
                place.logs().display().to_string().into(),
            ]);
        }
        let urls: Vec<String> = places.iter().map(Place::url).collect();
        format!("{}\n{}", rows.render(), language.up_next(urls.join(",")))
    })?;
    if master.is_none() {
        output.note(&language.warning(language.up_not_agreed()));
    }
    Ok(())
}
