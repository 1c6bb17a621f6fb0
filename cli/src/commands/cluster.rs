//! `cluster …`.

use peerflow_node::http::types::{Cluster, Node, NodeState};

use crate::args::ClusterCommand;
use crate::client::{Ask, typed};
use crate::error::{Error, Exit};
use crate::language::Language;
use crate::output::{Output, Terminal};
use crate::session::Session;
use crate::style::{Tone, time};
use crate::table::{Field, Rows};

pub(super) async fn cluster(session: &Session, command: ClusterCommand) -> Result<Exit, Error> {
    let output = &session.output;
    let raw = session.client()?.value(&Ask::get("/cluster")).await?;
    let cluster: Cluster = typed(&raw)?;
    match command {
        ClusterCommand::Info => output.show(&raw, || info(output, &cluster))?,
        ClusterCommand::Members => {
            output.show(&raw["nodes"], || {
                nodes(output.language, output.terminal, &cluster.nodes)
            })?;
        }
    }
    Ok(Exit::Done)
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
            Field::toned(trouble.clone(), Tone::Bad),
        );
    }
    format!(
        "{}\n{}",
        facts.render(),
        nodes(language, output.terminal, &cluster.nodes)
    )
}

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
        let state = match node.state {
            NodeState::Alive => Field::toned(language.alive(), Tone::Good),
            NodeState::Draining => Field::toned(language.draining(), Tone::Stopped),
            NodeState::Dead => Field::toned(language.dead(), Tone::Bad),
        };
        rows.row(vec![
            node.id.clone().into(),
            state,
            node.http.clone().into(),
            node.labels
                .iter()
                .cloned()
                .collect::<Vec<_>>()
                .join(", ")
                .into(),
            format!("{} / {}", node.running, node.slots).into(),
            node.version.clone().into(),
            time(node.started_at).into(),
        ]);
    }
    rows.render()
}
