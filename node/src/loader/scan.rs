//! Finds the documents of a folder, with all that may be wrong with a folder.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Folders deeper than this are not looked into.
const DEEPEST: usize = 64;

/// What the folder holds.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// By path within the folder, `/` between its parts.
    pub(super) files: BTreeMap<String, Found>,
    /// What could not be read, in words.
    pub(super) problems: Vec<String>,
}

/// A document that was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
}

/// Tells a changed file from an unchanged one without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    size: u64,
}

impl Stamp {
    /// Of what cannot be looked at.
    pub(super) fn absent() -> Self {
        Self {
            modified: None,
            size: 0,
        }
    }

    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            modified: metadata.modified().ok(),
            size: metadata.len(),
        }
    }
}

/// Finds `*.xml` in `folder` and below. Links are followed; a folder is visited once. Hidden ones are left out.
pub(super) fn scan(folder: &Path) -> Listing {
    let mut listing = Listing::default();
    if !folder.exists() {
        // A node without workflow files is nothing wrong.
        return listing;
    }
    visit(folder, folder, 0, &mut HashSet::new(), &mut listing);
    listing
}

fn visit(
    root: &Path,
    folder: &Path,
    depth: usize,
    visited: &mut HashSet<PathBuf>,
    listing: &mut Listing,
) {
    match folder.canonicalize() {
        Ok(real) if !visited.insert(real.clone()) => return,
        Ok(_) if depth > DEEPEST => {
            let problem = format!(
                "{} is deeper than {DEEPEST} folders and is not looked into",
                folder.display()
            );
            return listing.problems.push(problem);
        }
        Ok(_) => {}
        Err(error) => return listing.problems.push(unreadable(folder, &error)),
    }
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return listing.problems.push(unreadable(folder, &error)),
    };
    for entry in entries {
        match entry {
            Ok(entry) if entry.file_name().to_string_lossy().starts_with('.') => {}
            Ok(entry) => look_at(root, &entry.path(), depth, visited, listing),
            Err(error) => listing.problems.push(unreadable(folder, &error)),
        }
    }
}

fn look_at(
    root: &Path,
    path: &Path,
    depth: usize,
    visited: &mut HashSet<PathBuf>,
    listing: &mut Listing,
) {
    let is_document = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("xml"));
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => visit(root, path, depth + 1, visited, listing),
        Ok(metadata) if is_document && metadata.is_file() => {
            let found = Found {
                path: path.to_owned(),
                stamp: Stamp::of(&metadata),
            };
            listing.files.insert(key(root, path), found);
        }
        Ok(_) => {}
        // Files of other kinds are none of our business.
        Err(error) if is_document => listing.problems.push(unreadable(path, &error)),
        Err(_) => {}
    }
}

fn key(root: &Path, path: &Path) -> String {
    let within = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = within.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("cannot read {}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_of_links_end_and_dangling_links_are_reported() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("a/.hidden")).unwrap();
        fs::write(dir.path().join("a/one.xml"), "").unwrap();
        fs::write(dir.path().join("a/TWO.XML"), "").unwrap();
        fs::write(dir.path().join("a/notes.txt"), "").unwrap();
        fs::write(dir.path().join("a/.hidden/no.xml"), "").unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("a/loop")).unwrap();
        std::os::unix::fs::symlink("nowhere", dir.path().join("a/gone.xml")).unwrap();
        let listing = scan(dir.path());
        let paths: Vec<_> = listing.files.keys().map(String::as_str).collect();
        assert_eq!(paths, ["a/TWO.XML", "a/one.xml"]);
        assert_eq!(listing.problems.len(), 1, "{:?}", listing.problems);
        assert!(listing.problems[0].contains("gone.xml"));
    }

    #[test]
    fn a_missing_folder_is_an_empty_one() {
        let listing = scan(Path::new("/nowhere/at/all"));
        assert!(listing.files.is_empty() && listing.problems.is_empty());
    }
}
