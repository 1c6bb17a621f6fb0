//! Files that belong to a workflow, brought into a task's working directory.

use std::ffi::{OsStr, OsString};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use peerflow_model::{ContentHash, FileRecord};

use crate::attempt::{Attempt, Unsuccessful};
use crate::command::blocking;
use crate::log::Bytes;
use crate::work_dir::write_private;

/// Bytes that one file may have.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Hexadecimal digits of a hash that tell versions apart for people.
const VERSION_DIGITS: usize = 12;

/// Brings all of `paths`.
pub(crate) async fn bring_all(
    attempt: &mut Attempt<'_>,
    directory: &Path,
    paths: &[String],
) -> Result<(), Unsuccessful> {
    for path in paths {
        bring(attempt, directory, path).await?;
    }
    Ok(())
}

/// Brings the file that the workflow calls `path` into `directory` under its own name, executable where it was, and says
/// in the log which version it is.
pub(crate) async fn bring(
    attempt: &mut Attempt<'_>,
    directory: &Path,
    path: &str,
) -> Result<PathBuf, Unsuccessful> {
    let name = Path::new(path).file_name().map(OsStr::to_owned);
    let name: OsString =
        name.ok_or_else(|| Unsuccessful::failed(format!("`{path}` names no file")))?;
    let target = directory.join(&name);
    if target.symlink_metadata().is_ok() {
        let name = name.to_string_lossy();
        return Err(Unsuccessful::failed(format!(
            "two attached files are called `{name}`; rename one, since both go into one directory"
        )));
    }
    let record = attempt
        .task
        .files
        .iter()
        .find(|file| file.path == path)
        .cloned();
    let hash = match record {
        Some(record) => bring_snapshot(attempt, &record, &target).await?,
        None => bring_present(attempt, path, &target).await?,
    };
    let version: String = hash.to_string().chars().take(VERSION_DIGITS).collect();
    attempt
        .info(format!("file {path}: version {version}"))
        .await;
    Ok(target)
}

async fn bring_snapshot(
    attempt: &mut Attempt<'_>,
    record: &FileRecord,
    target: &Path,
) -> Result<ContentHash, Unsuccessful> {
    let path = &record.path;
    if record.size > MAX_FILE_BYTES {
        return Err(too_large(path, record.size));
    }
    let files = std::sync::Arc::clone(&attempt.runner.parts.files);
    attempt
        .stop
        .guard(files.fetch(record.hash, target))
        .await?
        .map_err(|why| {
            Unsuccessful::failed(format!("file {path} cannot be brought here: {why}"))
        })?;
    let mode = if record.executable { 0o700 } else { 0o600 };
    let target = target.to_owned();
    blocking(move || fs::set_permissions(&target, Permissions::from_mode(mode)))
        .await?
        .map_err(|error| {
            Unsuccessful::failed(format!("file {path} cannot be prepared: {error}"))
        })?;
    Ok(record.hash)
}

/// A file that was not snapshotted, because its path held parameters.
async fn bring_present(
    attempt: &mut Attempt<'_>,
    path: &str,
    target: &Path,
) -> Result<ContentHash, Unsuccessful> {
    let files = std::sync::Arc::clone(&attempt.runner.parts.files);
    let found = attempt
        .stop
        .guard(files.find(&attempt.task, path))
        .await?
        .map_err(|why| Unsuccessful::failed(format!("file {path} cannot be looked for: {why}")))?;
    let found = found.ok_or_else(|| {
        Unsuccessful::failed(format!(
            "file {path} was not found; it is looked for beside the workflow file, in the folders above it, and in this \
             node's working directory"
        ))
    })?;
    let target = target.to_owned();
    let copied = attempt
        .stop
        .guard(blocking(move || copy(&found, &target)))
        .await??;
    match copied {
        Ok(Copied::Whole(hash)) => Ok(hash),
        Ok(Copied::TooLarge(size)) => Err(too_large(path, size)),
        Err(error) => Err(Unsuccessful::failed(format!(
            "file {path} cannot be copied: {error}"
        ))),
    }
}

enum Copied {
    Whole(ContentHash),
    TooLarge(u64),
}

fn copy(from: &Path, to: &Path) -> io::Result<Copied> {
    let facts = fs::metadata(from)?;
    if !facts.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    if facts.len() > MAX_FILE_BYTES {
        return Ok(Copied::TooLarge(facts.len()));
    }
    let content = fs::read(from)?;
    write_private(to, &content, facts.permissions().mode() & 0o100 != 0)?;
    Ok(Copied::Whole(ContentHash::of(&content)))
}

fn too_large(path: &str, size: u64) -> Unsuccessful {
    let (size, limit) = (Bytes(size), Bytes(MAX_FILE_BYTES));
    Unsuccessful::failed(format!(
        "file {path} has {size}, and an attached file may have {limit}; put it on shared storage and read it from there"
    ))
}
