//! Text files as a source.

use std::sync::Arc;

use peerflow_files::{FileSystem, list_fitting};
use peerflow_rows::{BatchSender, Column, Kind};
use peerflow_text::{Format, Located, Reader};
use peerflow_workflow::FileSource;

use crate::attempt::{Attempt, Unsuccessful};

/// Files that rows are read from, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Files {
    files: Arc<dyn FileSystem>,
    /// For messages.
    link: String,
    paths: Vec<String>,
    format: Format,
    /// What the target's columns are, once that is known.
    columns: Vec<Column>,
}

impl Files {
    /// Finds the files. `*` and `?` in the last part of the path mean all that fit, in the order of their names.
    pub(super) async fn open(
        attempt: &mut Attempt<'_>,
        source: &FileSource,
    ) -> Result<Self, Unsuccessful> {
        let location = &source.location;
        let links = Arc::clone(&attempt.runner.parts.links);
        let found = attempt.stop.guard(links.files(&location.link)).await?;
        let files = found.map_err(Unsuccessful::failed)?;
        let link = format!("file link `{}`", location.link);
        let path = location.path.trim();
        let name_at = path.rfind('/').map_or(0, |slash| slash + 1);
        let (directory, name) = path.split_at(name_at);
        let paths = if name.contains(['*', '?']) {
            let listed = attempt.stop.guard(list_fitting(&*files, path)).await?;
            let listed =
                listed.map_err(|error| Unsuccessful::failed(format!("{link}: {path}: {error}")))?;
            let paths = listed
                .into_iter()
                .map(|entry| format!("{directory}{}", entry.name));
            paths.collect()
        } else {
            vec![path.to_owned()]
        };
        if paths.is_empty() {
            return Err(Unsuccessful::failed(format!(
                "{link}: no file fits `{path}`; correct the path, or wait for the files with a `file-monitor` step"
            )));
        }
        Ok(Self {
            files,
            link,
            paths,
            format: super::format(&source.format),
            columns: Vec::new(),
        })
    }

    /// How many columns the first record has; `None` when there is no record at all. Warns where the delimiter is not found.
    pub(super) async fn width(
        &self,
        attempt: &mut Attempt<'_>,
    ) -> Result<Option<usize>, Unsuccessful> {
        let looked = attempt.stop.guard(self.look()).await?;
        let (columns, undivided) = looked.map_err(Unsuccessful::failed)?;
        if let (Some(path), Format::Delimited(delimiter)) = (undivided, &self.format) {
            attempt
                .warn(format!(
                    "{}: {path}: its first line does not hold the delimiter `{}`, so each line is one column",
                    self.link,
                    delimiter.escape_debug()
                ))
                .await;
        }
        Ok(columns)
    }

    /// The columns that the first record has, and the file whose first line has no delimiter.
    async fn look(&self) -> Result<(Option<usize>, Option<&str>), String> {
        let mut reader = Reader::new(self.format.clone());
        let mut rows = Vec::new();
        for path in &self.paths {
            let mut file = self.read(path).await?;
            loop {
                let piece = file
                    .next()
                    .await
                    .map_err(|error| self.broken(path, &error))?;
                let pushed = if piece.is_empty() {
                    reader.end_file(&mut rows)
                } else {
                    reader.push(&piece, &mut rows)
                };
                pushed.map_err(|error| self.bad(path, &error))?;
                rows.clear();
                if let Some(columns) = reader.columns() {
                    return Ok((Some(columns), reader.is_undivided().then_some(path)));
                }
                if piece.is_empty() {
                    break;
                }
            }
        }
        Ok((None, None))
    }

    /// Says what the rows go to: columns that take binary values are read so.
    pub(super) fn fit(&mut self, target: &[Column]) -> Vec<Column> {
        let column = |(index, target): (usize, &Column)| {
            let kind = match target.kind {
                Kind::Binary { .. } => Kind::Binary { bytes: None },
                _ => Kind::TEXT,
            };
            Column::new(format!("c{}", index + 1), kind)
        };
        self.columns = target.iter().enumerate().map(column).collect();
        self.columns.clone()
    }

    /// Reads all rows and sends them. Ends early and well when nobody takes them any more.
    pub(super) async fn run(&self, rows: BatchSender) -> Result<u64, String> {
        let mut reader = self.reader()?;
        let mut full = Vec::new();
        for path in &self.paths {
            let mut file = self.read(path).await?;
            loop {
                let piece = file
                    .next()
                    .await
                    .map_err(|error| self.broken(path, &error))?;
                let is_last = piece.is_empty();
                let pushed = if is_last {
                    reader.end_file(&mut full)
                } else {
                    reader.push(&piece, &mut full)
                };
                pushed.map_err(|error| self.bad(path, &error))?;
                for batch in full.drain(..) {
                    if rows.send(batch).await.is_err() {
                        return Ok(reader.rows());
                    }
                }
                if is_last {
                    break;
                }
            }
        }
        for batch in self.rest(&mut reader)? {
            if rows.send(batch).await.is_err() {
                break;
            }
        }
        Ok(reader.rows())
    }

    /// Where a row stands, from 1 over all files, by reading up to it again.
    pub(super) async fn locate(&self, row: u64) -> Option<(String, Located)> {
        let mut reader = self.reader().ok()?;
        reader.locate(row);
        let mut rows = Vec::new();
        for path in &self.paths {
            let mut file = self.files.read(path).await.ok()?;
            loop {
                let piece = file.next().await.ok()?;
                if piece.is_empty() {
                    reader.end_file(&mut rows).ok()?;
                } else {
                    reader.push(&piece, &mut rows).ok()?;
                }
                rows.clear();
                if let Some(located) = reader.located() {
                    return Some((format!("{}: {path}", self.link), located.clone()));
                }
                if piece.is_empty() {
                    break;
                }
            }
        }
        None
    }

    fn reader(&self) -> Result<Reader, String> {
        let mut reader = Reader::new(self.format.clone());
        let is_binary = |column: &Column| matches!(column.kind, Kind::Binary { .. });
        let binary = self.columns.iter().map(is_binary).collect();
        reader
            .expect(self.columns.len(), binary)
            .map_err(|error| format!("{}: {error}", self.link))?;
        Ok(reader)
    }

    fn rest(&self, reader: &mut Reader) -> Result<Vec<peerflow_rows::RowBatch>, String> {
        let rest = reader.finish();
        rest.map_err(|error| format!("{}: {error}", self.link))
    }

    async fn read(&self, path: &str) -> Result<Box<dyn peerflow_files::ReadFile>, String> {
        let opened = self.files.read(path).await;
        opened.map_err(|error| format!("{}: {path}: {error}", self.link))
    }

    fn broken(&self, path: &str, error: &peerflow_files::Error) -> String {
        format!("{}: {path}: reading broke off: {error}", self.link)
    }

    fn bad(&self, path: &str, error: &peerflow_text::Error) -> String {
        format!("{}: {path}, {error}", self.link)
    }

    /// For the log.
    pub(super) fn described(&self) -> String {
        match &self.paths[..] {
            [path] => format!("{}: {path}", self.link),
            paths => format!(
                "{}: {} files, {} to {}",
                self.link,
                paths.len(),
                paths[0],
                paths[paths.len() - 1]
            ),
        }
    }
}
