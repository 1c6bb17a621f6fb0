//! `run FILE`: one document to its end on a node of its own, which is gone afterwards.

use std::collections::BTreeMap;

use http::Method;
use peerflow_node::http::types::{InstanceCreated, Run};
use peerflow_workflow::{Document, WorkflowDocument};

use super::workflow::{register, show_diagnostics};
use crate::args::RunArgs;
use crate::client::{Ask, segment, typed};
use crate::document_file::DocumentFile;
use crate::embedded::Embedded;
use crate::error::{Error, Exit};
use crate::interrupt::Interrupts;
use crate::output::Output;
use crate::progress::{OnInterrupt, follow, show_reason};
use crate::session::Session;

/// Runs the document that `args` names.
pub(super) async fn run(session: &Session, args: RunArgs) -> Result<Exit, Error> {
    let output = &session.output;
    let file = DocumentFile::open(&args.file, output.language)?;
    let params: BTreeMap<_, _> = args.params.into_iter().collect();
    let document = runnable(output, &file)?;
    let missing: Vec<_> = document
        .parameters_to_give()
        .into_iter()
        .filter(|name| !params.contains_key(name))
        .collect();
    if !missing.is_empty() {
        return Err(Error::Usage(
            output.language.missing_parameters(missing.join(", ")),
        ));
    }
    // From here on Ctrl-C is ours: tasks must not outlive us.
    let mut interrupts = Interrupts::new().map_err(|error| Error::Failed(error.to_string()))?;
    let node = Embedded::start(session, file.folder(), &args.links_dir).await?;
    let outcome = on_node(session, &node, &file, document, params, &mut interrupts).await;
    match &outcome {
        // Nothing is waited for any more; the spawner kills what is left as soon as we are gone.
        Err(Error::Interrupted) => drop(node),
        _ => node.stop(&mut interrupts).await,
    }
    outcome
}

/// The workflow that `file` holds.
fn runnable<'a>(output: &Output, file: &'a DocumentFile) -> Result<&'a WorkflowDocument, Error> {
    match &file.read {
        Ok((Document::Workflow(document), warnings)) => {
            if output.is_table() && !warnings.0.is_empty() {
                show_diagnostics(output, file, warnings);
            }
            Ok(document)
        }
        Ok((Document::Coordinator(_), _)) => Err(Error::Usage(
            output.language.coordinator_cannot_run(file.shown()),
        )),
        Err(wrong) => {
            show_diagnostics(output, file, wrong);
            Err(Error::Usage(output.language.document_refused(file.shown())))
        }
    }
}

async fn on_node(
    session: &Session,
    node: &Embedded,
    file: &DocumentFile,
    document: &WorkflowDocument,
    params: BTreeMap<String, String>,
    interrupts: &mut Interrupts,
) -> Result<Exit, Error> {
    let output = &session.output;
    let client = node.client();
    register(client, output, file, document).await?;
    let path = format!(
        "/workflows/{}/run",
        segment(document.workflow().name.as_str())
    );
    let created: InstanceCreated = typed(
        &client
            .value(&Ask::write(Method::POST, path).json(&Run { params })?)
            .await?,
    )?;
    let followed = follow(
        client,
        output,
        &created.instance,
        OnInterrupt::Kill,
        interrupts,
        session.timeout(),
    )
    .await?;
    let (raw, instance) = followed;
    show_reason(client, output, &instance).await;
    super::show_end(output, &raw)?;
    Ok(super::outcome(&instance))
}
