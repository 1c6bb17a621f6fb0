//! Which links a workflow names.

use std::collections::BTreeSet;

use peerflow_workflow::{
    DatabaseLink, FileLocation, Reading, StepKind, Transfer, TransferSource, TransferTarget, Work,
    Workflow,
};

use crate::link::{LinkKey, LinkKind};

/// The file link that always exists: the disks of the node that runs the action.
pub const LOCAL: &str = "local";

/// The links that the actions of `workflow` name. Names with parameters are known only at run time, so they are left out,
/// and so is [`LOCAL`].
pub fn links_of(workflow: &Workflow) -> BTreeSet<LinkKey> {
    let mut links = BTreeSet::new();
    for step in &workflow.steps {
        if let StepKind::Action(action) = &step.kind {
            add(&action.work, &mut links);
        }
    }
    links
}

fn add(work: &Work, links: &mut BTreeSet<LinkKey>) {
    match work {
        Work::Sql(sql) => database(&sql.link, links),
        Work::Transfer(transfer) => add_transfer(transfer, links),
        Work::FileMonitor(monitor) => name(LinkKind::File, &monitor.link, links),
        Work::DataMonitor(monitor) => {
            let limits = [&monitor.min, &monitor.max];
            let readings = limits.into_iter().flatten().chain([&monitor.source]);
            for reading in readings {
                if let Reading::Sql { link, .. } = reading {
                    database(link, links);
                }
            }
        }
        Work::Metadata(metadata) => database(&metadata.link, links),
        Work::Script(_) | Work::Shell(_) | Work::FileExecutor(_) | Work::Email(_) => {}
    }
}

fn add_transfer(transfer: &Transfer, links: &mut BTreeSet<LinkKey>) {
    let Transfer::Rows { source, target } = transfer else {
        return;
    };
    match source {
        TransferSource::Table(table) => database(&table.link, links),
        TransferSource::File(source) => file(&source.location, links),
    }
    match target {
        TransferTarget::Table(table) => database(&table.link, links),
        TransferTarget::File(target) => file(&target.location, links),
    }
}

fn database(link: &DatabaseLink, links: &mut BTreeSet<LinkKey>) {
    if let DatabaseLink::Named(link) = link {
        name(LinkKind::Database, link, links);
    }
}

fn file(location: &FileLocation, links: &mut BTreeSet<LinkKey>) {
    name(LinkKind::File, &location.link, links);
}

fn name(kind: LinkKind, name: &str, links: &mut BTreeSet<LinkKey>) {
    let is_local = kind == LinkKind::File && name == LOCAL;
    if !is_local && !name.contains("${") {
        links.insert(LinkKey {
            kind,
            name: name.to_owned(),
        });
    }
}
