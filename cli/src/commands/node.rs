//! `node`: one node in the foreground.

use std::future::pending;
use std::os::fd::AsFd;
use std::sync::Arc;

use peerflow_node::{Config, ConfigOverrides, SystemClock};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

use crate::args::NodeArgs;
use crate::error::{Error, Exit};
use crate::interrupt::Interrupts;
use crate::logging;
use crate::output::Output;
use crate::session::Session;
use crate::style::pad;

/// Runs a node until it is told to stop. A second signal does not wait for anything.
pub(super) async fn node(session: &Session, args: NodeArgs) -> Result<Exit, Error> {
    let output = &session.output;
    let language = output.language;
    let overrides = ConfigOverrides {
        store: args.store,
        seeds: args.seeds,
        secret_file: args.secret_file,
        data_dir: args.data_dir,
        http: args.http,
        gossip: args.gossip,
        rpc: args.rpc,
        xmlconfig: args.xmlconfig,
    };
    // A variable that is not UTF-8 is none of ours.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let config = Config::load(args.config.as_deref(), environment, &overrides)
        .map_err(|error| Error::Usage(language.told(&error.to_string()).into_owned()))?;
    if args.print_config {
        return print_config(output, &config);
    }
    let mut interrupts = Interrupts::new().map_err(|error| Error::Failed(error.to_string()))?;
    let mut starter = Starter::new(args.stop_with_stdin)
        .map_err(|error| Error::Failed(language.no_stdin_to_wait_for(&error)))?;
    logging::of_node(&config.log, args.stop_with_stdin, language)?;
    let started = tokio::select! {
        biased;
        () = interrupts.next() => return Ok(Exit::Done),
        () = starter.gone() => return Ok(Exit::Done),
        started = peerflow_node::start(config, Arc::new(SystemClock)) => started,
    };
    let node = started.map_err(|error| {
        Error::Failed(language.node_not_started(language.told(&error.to_string())))
    })?;
    match node.http_url() {
        Some(url) => output.text(&language.node_ready(url))?,
        None => output.text(&language.node_ready_without_http())?,
    }
    let exit = tokio::select! {
        biased;
        () = interrupts.next() => Exit::Done,
        () = starter.gone() => Exit::Done,
        () = node.asked_to_go() => {
            output.note(&language.node_asked_to_go());
            Exit::Done
        }
        () = node.broken() => {
            output.note(&language.error(language.node_broken()));
            Exit::Failed
        }
    };
    if !args.stop_with_stdin {
        output.note(&language.node_stopping());
    }
    tokio::select! {
        biased;
        () = interrupts.next() => {
            output.note(&language.node_stopped_at_once());
            Ok(Exit::Failed)
        }
        () = node.stop() => Ok(exit),
    }
}

/// Whoever started this node and keeps its standard input open, where that is so.
struct Starter(Option<pipe::Receiver>);

impl Starter {
    fn new(is_there: bool) -> std::io::Result<Self> {
        if !is_there {
            return Ok(Self(None));
        }
        let input = std::io::stdin().as_fd().try_clone_to_owned()?;
        pipe::Receiver::from_owned_fd(input).map(|input| Self(Some(input)))
    }

    /// Waits until it closes its end: it wants this node to stop, or is gone.
    async fn gone(&mut self) {
        let Some(input) = &mut self.0 else {
            return pending().await;
        };
        let mut ignored = [0; 64];
        while matches!(input.read(&mut ignored).await, Ok(1..)) {}
    }
}

/// What is in force, and where it came from, as the file would write it.
fn print_config(output: &Output, config: &Config) -> Result<Exit, Error> {
    let explained = config.explain();
    let raw = explained
        .iter()
        .map(|each| serde_json::json!({"key": each.key, "value": each.value, "source": each.source.to_string()}))
        .collect();
    output.show(&raw, || {
        let mut text = String::new();
        let mut section = "";
        for each in explained {
            let (of, key) = each.key.split_once('.').unwrap_or(("", each.key));
            if of != section {
                text.push_str(&format!(
                    "{}[{of}]\n",
                    if section.is_empty() { "" } else { "\n" }
                ));
                section = of;
            }
            text.push_str(&format!(
                "{}  # {}\n",
                pad(&format!("{key} = {}", each.value), 44),
                each.source
            ));
        }
        text
    })?;
    Ok(Exit::Done)
}
