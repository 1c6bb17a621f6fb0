//! `cluster …`.

use std::io::{self, BufRead, IsTerminal, Write};

use http::Method;
use peerflow_node::http::types::{
    Cluster, Drain, Node, NodeState, ReleaseAll, SettingValue, Settings,
};
use peerflow_node::{Config, ConfigOverrides};
use peerflow_wire::ClusterSecret;
use serde_json::json;

use crate::args::{ClusterCommand, TokenArgs};
use crate::client::{Ask, Client, segment, typed};
use crate::error::{Error, Exit};
use crate::language::Language;
use crate::output::{Output, Terminal};
use crate::session::Session;
use crate::style::{Tone, time};
use crate::table::{Field, Rows};

pub(super) async fn cluster(session: &Session, command: ClusterCommand) -> Result<Exit, Error> {
    let output = &session.output;
    match command {
        ClusterCommand::Info => {
            let raw = session.client()?.value(&Ask::get("/cluster")).await?;
            let cluster: Cluster = typed(&raw)?;
            output.show(&raw, || info(output, &cluster))?;
        }
        ClusterCommand::Members => {
            let raw = session.client()?.value(&Ask::get("/cluster")).await?;
            let cluster: Cluster = typed(&raw)?;
            output.show(&raw["nodes"], || {
                members(output.language, output.terminal, &cluster.nodes)
            })?;
        }
        ClusterCommand::Drain {
            node,
            off,
            move_tasks,
        } => {
            let drain = Drain {
                off,
                moves: move_tasks,
            };
            let path = format!("/nodes/{}/drain", segment(&node));
            let ask = Ask::write(Method::POST, path).json(&drain)?;
            let raw = session.client()?.value(&ask).await?;
            super::show_done(output, &raw)?;
        }
        ClusterCommand::Release { fail } => {
            let release = ReleaseAll { run_again: !fail };
            let ask = Ask::write(Method::POST, "/cluster/release").json(&release)?;
            let raw = session.client()?.value(&ask).await?;
            super::show_done(output, &raw)?;
        }
        ClusterCommand::Set {
            key: Some(key),
            value: Some(value),
        } => {
            let path = format!("/cluster/settings/{}", segment(&key));
            let ask = Ask::write(Method::PUT, path).json(&SettingValue { value })?;
            let raw = session.client()?.value(&ask).await?;
            super::show_done(output, &raw)?;
        }
        ClusterCommand::Set { key, .. } => {
            settings(output, &session.client()?, key.as_deref()).await?;
        }
        ClusterCommand::Shutdown { yes } => shutdown(output, &session.client()?, yes).await?,
        ClusterCommand::Secret => secret(output)?,
        ClusterCommand::Token(args) => token(output, args)?,
    }
    Ok(Exit::Done)
}

/// Shows the settings in force: all, or the one called `key`.
async fn settings(output: &Output, client: &Client, key: Option<&str>) -> Result<(), Error> {
    let mut raw = client.value(&Ask::get("/cluster/settings")).await?;
    let mut all: Settings = typed(&raw)?;
    if let Some(key) = key {
        let known: Vec<&str> = all.settings.keys().map(String::as_str).collect();
        if !known.contains(&key) {
            let known = known.join(", ");
            return Err(Error::Usage(output.language.no_setting(key, known)));
        }
        all.settings.retain(|name, _| name == key);
        raw = json!({ "settings": all.settings });
    }
    output.show(&raw, || {
        let language = output.language;
        let header = [language.label_setting(), language.label_value()];
        let mut rows = Rows::under(&header, output.terminal);
        for (key, value) in &all.settings {
            rows.row(vec![key.clone().into(), value.clone().into()]);
        }
        rows.render()
    })
}

/// Stops the cluster, once somebody who sees its name has said so.
async fn shutdown(output: &Output, client: &Client, yes: bool) -> Result<(), Error> {
    let language = output.language;
    if !yes {
        if !io::stdin().is_terminal() {
            return Err(Error::Usage(language.shutdown_not_confirmed()));
        }
        let cluster: Cluster = typed(&client.value(&Ask::get("/cluster")).await?)?;
        if !confirmed(&language.shutdown_question(crate::style::clean(&cluster.name))) {
            return Err(Error::Failed(language.shutdown_not_confirmed()));
        }
    }
    let ask = Ask::write(Method::POST, "/cluster/shutdown");
    super::show_done(output, &client.value(&ask).await?)
}

/// Whether the question was answered with yes.
fn confirmed(question: &str) -> bool {
    let asked = write!(io::stderr(), "{question}").and_then(|()| io::stderr().flush());
    let mut answer = String::new();
    asked.is_ok()
        && io::stdin().lock().read_line(&mut answer).is_ok()
        && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "是")
}

fn secret(output: &Output) -> Result<(), Error> {
    let secret = ClusterSecret::generate().map_err(|error| Error::Failed(error.to_string()))?;
    output.show(&json!({ "secret": secret.reveal() }), || {
        format!("{}\n", secret.reveal())
    })
}

fn token(output: &Output, args: TokenArgs) -> Result<(), Error> {
    let overrides = ConfigOverrides {
        secret_file: args.secret_file,
        ..ConfigOverrides::default()
    };
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let config = Config::load(args.config.as_deref(), environment, &overrides)
        .map_err(|error| Error::Usage(error.to_string()))?;
    let secret = config
        .cluster_secret()
        .ok_or_else(|| Error::Usage(output.language.no_cluster_secret()))?;
    let token = secret.http_token(&config.cluster.name);
    output.show(
        &json!({ "cluster": config.cluster.name, "token": token }),
        || format!("{token}\n"),
    )
}

fn info(output: &Output, cluster: &Cluster) -> String {
    let language = output.language;
    let mut facts = Rows::plain(output.terminal);
    facts.fact(language.label_name(), cluster.name.clone());
    let master = match &cluster.master {
        Some(master) => Field::from(master.clone()),
        None => Field::toned(language.none(), Tone::Bad),
    };
    facts.fact(language.label_master(), master);
    facts.fact(language.label_epoch(), cluster.epoch.to_string());
    facts.fact(language.label_timezone(), cluster.timezone.clone());
    facts.fact(language.label_answered_by(), cluster.answered_by.clone());
    if let Some(trouble) = &cluster.trouble {
        facts.fact(
            language.label_trouble(),
            Field::toned(language.told(trouble), Tone::Bad),
        );
    }
    for alarm in &cluster.alarms {
        facts.fact(
            language.label_alarm(),
            Field::toned(language.told(alarm), Tone::Bad),
        );
    }
    format!(
        "{}\n{}",
        facts.render(),
        nodes(language, output.terminal, &cluster.nodes)
    )
}

/// The nodes in short.
fn nodes(language: Language, terminal: Terminal, nodes: &[Node]) -> String {
    let header = [
        language.label_node(),
        language.label_state(),
        language.label_http(),
        language.label_labels(),
        language.label_running(),
        language.label_version(),
        language.label_started(),
    ];
    let mut rows = Rows::under(&header, terminal);
    for node in nodes {
        rows.row(vec![
            node.id.clone().into(),
            state(language, node),
            node.http.clone().into(),
            labels(node),
            format!("{} / {}", node.running, node.slots).into(),
            node.version.clone().into(),
            time(node.started_at).into(),
        ]);
    }
    rows.render()
}

/// The nodes with all that each says of itself.
fn members(language: Language, terminal: Terminal, nodes: &[Node]) -> String {
    let header = [
        language.label_node(),
        language.label_state(),
        language.label_http(),
        language.label_rpc(),
        language.label_gossip(),
        language.label_labels(),
        language.label_running(),
        language.label_load(),
        language.label_store(),
        language.label_epoch(),
        language.label_incarnation(),
        language.label_version(),
        language.label_started(),
    ];
    let mut rows = Rows::under(&header, terminal);
    for node in nodes {
        let store = if node.store_reachable {
            Field::toned(language.reachable(), Tone::Good)
        } else {
            Field::toned(language.unreachable(), Tone::Bad)
        };
        rows.row(vec![
            node.id.clone().into(),
            state(language, node),
            node.http.clone().into(),
            node.rpc.clone().into(),
            node.gossip.clone().into(),
            labels(node),
            format!("{} / {}", node.running, node.slots).into(),
            format!("{:.2}", node.load).into(),
            store,
            node.epoch.to_string().into(),
            node.incarnation.to_string().into(),
            node.version.clone().into(),
            time(node.started_at).into(),
        ]);
    }
    rows.render()
}

fn state(language: Language, node: &Node) -> Field {
    match node.state {
        NodeState::Alive => Field::toned(language.alive(), Tone::Good),
        NodeState::Draining => Field::toned(language.draining(), Tone::Stopped),
        NodeState::Dead => Field::toned(language.dead(), Tone::Bad),
    }
}

fn labels(node: &Node) -> Field {
    let labels: Vec<&str> = node.labels.iter().map(String::as_str).collect();
    labels.join(", ").into()
}
