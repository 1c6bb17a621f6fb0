//! A throw-away node in this process.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use peerflow_node::{Config, LinksConfig, NodeHandle, Seams, SystemClock};
use tempfile::TempDir;

use crate::client::{Client, Transport};
use crate::error::Error;
use crate::interrupt::Interrupts;
use crate::language::Language;
use crate::session::Session;

/// How long the node may take until it schedules.
const READY: Duration = Duration::from_secs(5);

/// A node that lives in a temporary directory and is asked without any network.
#[derive(Debug)]
pub(crate) struct Embedded {
    node: NodeHandle,
    client: Client,
    language: Language,
    /// Removed when this is dropped, after the node.
    directory: TempDir,
}

impl Embedded {
    /// Starts it. Files whose paths have parameters are looked up in `document_dir`, then in the working directory; links
    /// are those of the files in `links_dir`.
    ///
    /// # Errors
    /// When there is no room for it, or it does not start.
    pub(crate) async fn start(
        session: &Session,
        document_dir: PathBuf,
        links_dir: &Path,
    ) -> Result<Self, Error> {
        let language = session.output.language;
        let failed = |error: &dyn std::fmt::Display| {
            let reason = error.to_string();
            Error::Failed(language.no_embedded_node(language.told(&reason)))
        };
        crate::logging::of_commands();
        let directory = tempfile::Builder::new()
            .prefix("peerflow-run.")
            .tempdir()
            .map_err(|error| failed(&error))?;
        let mut config = Config::throwaway(directory.path()).map_err(|error| failed(&error))?;
        config.links = LinksConfig {
            db_file: Some(links_dir.join("db_links.xml")),
            file_file: Some(links_dir.join("file_links.xml")),
        };
        let seams = Seams {
            clock: Some(Arc::new(SystemClock)),
            document_dir: Some(document_dir),
            ..Seams::default()
        };
        let node = peerflow_node::start_with(config, seams)
            .await
            .map_err(|error| failed(&error))?;
        // Mastership of its own store is a matter of milliseconds; where it is not, the first request says why.
        node.ready(READY).await;
        // The workflow must find its links.
        node.loaded(READY).await;
        let client = Client::new(Transport::InProcess(node.router()), session.timeout(), None);
        Ok(Self {
            node,
            client,
            language,
            directory,
        })
    }

    /// Asks it.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Stops it and removes what it kept; an interrupt makes that short.
    pub(crate) async fn stop(self, interrupts: &mut Interrupts) {
        let Self {
            node,
            client,
            language,
            directory,
        } = self;
        drop(client);
        tokio::select! {
            biased;
            () = interrupts.next() => {}
            () = node.stop() => {}
        }
        let path = directory.path().to_owned();
        if let Err(error) = directory.close() {
            eprintln!("{}", language.cannot_remove(path.display(), &error));
        }
    }
}
