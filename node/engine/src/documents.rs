//! Documents read for instances: a small cache, since a definition keeps only its text.

use std::collections::BTreeMap;
use std::sync::Arc;

use peerflow_model::{ContentHash, FileRecord, StoredDefinition};
use peerflow_workflow::{
    Diagnostics, Document, LogicalTime, Parameters, ResolveError, Workflow, WorkflowDocument,
};

/// Bytes of XML whose documents are kept; a read document takes a few times as much.
const CACHED_BYTES: usize = 8 * 1024 * 1024;

/// A document's text and the files snapshotted with it. Instances hold on to the one they were made from.
#[derive(Debug)]
pub(crate) struct Source {
    /// The identity of both together, as the store has it.
    pub(crate) hash: ContentHash,
    pub(crate) xml: Arc<str>,
    pub(crate) files: Arc<[FileRecord]>,
}

impl Source {
    /// A definition as it was stored under `hash`.
    pub(crate) fn stored(hash: ContentHash, definition: StoredDefinition) -> Self {
        Self {
            hash,
            xml: definition.xml,
            files: definition.files.into(),
        }
    }
}

/// Why an instance's workflow cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    /// The text was accepted once, but no longer is.
    #[error("the workflow's document is refused: {0}")]
    Document(Diagnostics),
    /// See [`ResolveError`].
    #[error(transparent)]
    Resolve(#[from] ResolveError),
}

/// Documents read lately, by the hash of their definition.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    read: BTreeMap<ContentHash, Read>,
    /// Hashes by their latest use, the oldest first.
    uses: BTreeMap<u64, ContentHash>,
    /// Counts uses.
    clock: u64,
    /// Bytes of XML in `read`.
    bytes: usize,
}

#[derive(Debug)]
struct Read {
    document: WorkflowDocument,
    used: u64,
    bytes: usize,
}

impl Documents {
    /// The workflow of an instance made from `source` with `parameters` at `time`. Instances of a document without
    /// parameters and time macros share one.
    pub(crate) fn workflow(
        &mut self,
        source: &Source,
        parameters: &Parameters,
        time: &LogicalTime,
    ) -> Result<Arc<Workflow>, Unfit> {
        let document = self.read(source)?;
        Ok(document.resolve_shared(parameters, time)?)
    }

    /// The document of `source`.
    pub(crate) fn read(&mut self, source: &Source) -> Result<WorkflowDocument, Unfit> {
        self.clock += 1;
        if let Some(read) = self.read.get_mut(&source.hash) {
            self.uses.remove(&read.used);
            read.used = self.clock;
            self.uses.insert(self.clock, source.hash);
            return Ok(read.document.clone());
        }
        match Document::parse(&source.xml) {
            Ok((Document::Workflow(document), _warnings)) => {
                self.keep(source, document.clone());
                Ok(document)
            }
            Ok((Document::Coordinator(_), _)) => Err(Unfit::Document(Diagnostics::default())),
            Err(diagnostics) => Err(Unfit::Document(diagnostics)),
        }
    }

    fn keep(&mut self, source: &Source, document: WorkflowDocument) {
        let bytes = source.xml.len();
        self.bytes += bytes;
        self.uses.insert(self.clock, source.hash);
        let read = Read {
            document,
            used: self.clock,
            bytes,
        };
        self.read.insert(source.hash, read);
        while self.bytes > CACHED_BYTES {
            let Some((_, hash)) = self.uses.pop_first() else {
                break;
            };
            if let Some(read) = self.read.remove(&hash) {
                self.bytes -= read.bytes;
            }
        }
    }
}
