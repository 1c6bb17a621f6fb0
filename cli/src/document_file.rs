//! Documents on this machine, and the files that they attach.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use peerflow_workflow::{Diagnostics, Document, MAX_DOCUMENT_BYTES, StepKind, Work, Workflow};

use crate::error::Error;
use crate::language::Language;

/// A document that was read: its text, and what its language says of it.
#[derive(Debug)]
pub(crate) struct DocumentFile {
    pub(crate) path: PathBuf,
    /// Its text; where it is not UTF-8, with replacements, for showing only.
    pub(crate) xml: String,
    pub(crate) is_utf8: bool,
    /// The document and its warnings, or all that is wrong with it.
    pub(crate) read: Result<(Document, Diagnostics), Diagnostics>,
}

impl DocumentFile {
    /// Reads `path`.
    ///
    /// # Errors
    /// When the file cannot be read. A bad document is none: it is in `read`.
    pub(crate) fn open(path: &Path, language: Language) -> Result<Self, Error> {
        let unreadable = |error: std::io::Error| {
            Error::Usage(match error.kind() {
                std::io::ErrorKind::NotFound => language.file_not_found(path.display()),
                _ => language.cannot_read(path.display(), &error),
            })
        };
        let file = File::open(path).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.is_dir() {
            return Err(Error::Usage(language.is_a_folder(path.display())));
        }
        let mut bytes = Vec::new();
        // One byte more than allowed is enough to see that it is too large; a pipe may have no end.
        file.take(MAX_DOCUMENT_BYTES as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        let read = Document::from_bytes(&bytes);
        let xml = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Self {
            path: path.to_owned(),
            xml,
            is_utf8: std::str::from_utf8(&bytes).is_ok(),
            read,
        })
    }

    /// Its name for messages.
    pub(crate) fn shown(&self) -> String {
        self.path.display().to_string()
    }

    /// The folder it lies in.
    pub(crate) fn folder(&self) -> PathBuf {
        let path = self
            .path
            .canonicalize()
            .unwrap_or_else(|_gone| self.path.clone());
        path.parent().map(Path::to_owned).unwrap_or_default()
    }
}

/// Paths of files that `workflow` attaches or executes, as it writes them; those that hold parameters are read at run
/// time, so they are left out.
pub(crate) fn attached_paths(workflow: &Workflow) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for step in &workflow.steps {
        let StepKind::Action(action) = &step.kind else {
            continue;
        };
        match &action.work {
            Work::Script(script) => paths.extend(script.attachments.iter().cloned()),
            Work::FileExecutor(executor) => {
                paths.insert(executor.file.clone());
                paths.extend(executor.attachments.iter().cloned());
            }
            Work::Shell(_)
            | Work::Sql(_)
            | Work::Transfer(_)
            | Work::FileMonitor(_)
            | Work::DataMonitor(_)
            | Work::Metadata(_)
            | Work::Email(_) => {}
        }
    }
    paths.retain(|path| !path.is_empty() && !path.contains("${"));
    paths
}

/// Finds an attached file: a relative path against the document's folder, that folder's parents as far as the working
/// directory where it is one of them, then the working directory.
pub(crate) fn find_attached(
    path: &str,
    document: &Path,
    working_directory: &Path,
) -> Option<PathBuf> {
    let wanted = Path::new(path);
    if wanted.is_absolute() {
        return wanted.is_file().then(|| wanted.to_owned());
    }
    let folder = working_directory.join(document);
    let folder = folder.parent().unwrap_or(working_directory);
    let folder = folder
        .canonicalize()
        .unwrap_or_else(|_gone| folder.to_owned());
    let top = working_directory
        .canonicalize()
        .unwrap_or_else(|_gone| working_directory.to_owned());
    let reach = if folder.starts_with(&top) {
        usize::MAX
    } else {
        1
    };
    folder
        .ancestors()
        .take(reach)
        .take_while(|ancestor| reach == 1 || ancestor.starts_with(&top))
        .chain(std::iter::once(top.as_path()))
        .map(|ancestor| ancestor.join(wanted))
        .find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attached_file_is_sought_upwards_from_its_document_and_not_beyond_the_working_directory() {
        let outer = tempfile::tempdir().expect("a temporary folder");
        let top = outer.path().join("work");
        let folder = top.join("xmlconfig/daily");
        std::fs::create_dir_all(&folder).expect("folders");
        for file in [
            "outside.sh",
            "work/top.sh",
            "work/xmlconfig/up.sh",
            "work/xmlconfig/daily/near.sh",
        ] {
            std::fs::write(outer.path().join(file), "").expect("a file");
        }
        let document = folder.join("a.xml");
        let find = |path: &str| find_attached(path, &document, &top);
        assert!(find("near.sh").is_some_and(|found| found.ends_with("daily/near.sh")));
        assert!(find("up.sh").is_some_and(|found| found.ends_with("xmlconfig/up.sh")));
        assert!(find("./top.sh").is_some());
        assert_eq!(find("outside.sh"), None);
        assert_eq!(find("xmlconfig"), None);
        let absolute = top.join("top.sh");
        assert_eq!(find(absolute.to_str().expect("UTF-8")), Some(absolute));
    }

    #[test]
    fn a_file_that_cannot_be_a_document_is_told_apart() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let text = |path: &Path| match DocumentFile::open(path, Language::English) {
            Err(Error::Usage(text)) => text,
            other => panic!("{other:?}"),
        };
        assert!(text(&folder.path().join("none.xml")).contains("does not exist"));
        assert!(text(folder.path()).contains("folder"));
    }

    #[test]
    fn a_file_that_is_not_utf8_or_too_large_is_a_bad_document() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.xml");
        for bytes in [
            b"<work-flow name='\xff'/>".to_vec(),
            vec![b' '; MAX_DOCUMENT_BYTES + 100],
        ] {
            std::fs::write(&path, bytes).expect("a file");
            let file = DocumentFile::open(&path, Language::English).expect("it is read");
            assert!(file.read.is_err_and(|wrong| wrong.has_errors()));
        }
    }
}
