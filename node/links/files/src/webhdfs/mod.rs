//! Files in HDFS, by HTTP.

mod client;
mod transfer;

use async_trait::async_trait;
use reqwest::Method;
use serde_json::Value;

use self::client::NameNode;
use crate::{Entry, Error, FileSystem, ReadFile, Trouble, WebHdfsSettings, WriteFile, temporary};

/// The files of one cluster, as its name node and data nodes serve them by HTTP.
///
/// [`FileSystem::replace`] renames over the old file. Gateways that do not know how have the old file removed first: there
/// is a moment without any.
#[derive(Clone, Debug)]
pub struct WebHdfs {
    node: NameNode,
}

impl WebHdfs {
    /// Connects at the first use.
    ///
    /// # Errors
    /// When a setting makes no sense.
    pub fn new(settings: &WebHdfsSettings) -> Result<Self, Error> {
        let node = NameNode::new(settings)?;
        Ok(Self { node })
    }

    /// All that lies in a directory.
    async fn statuses(&self, directory: &str) -> Result<Vec<Value>, Error> {
        let tried = format!("list the directory {directory} in");
        let answer = self.node.ask(directory, "LISTSTATUS", &tried).await?;
        match answer["FileStatuses"]["FileStatus"].clone() {
            Value::Array(all) => Ok(all),
            _ => Err(self.node.no_answer(&tried)),
        }
    }

    async fn status(&self, path: &str) -> Result<Option<Value>, Error> {
        let tried = format!("look at {path} in");
        match self.node.ask(path, "GETFILESTATUS", &tried).await {
            Ok(answer) if answer["FileStatus"].is_object() => {
                Ok(Some(answer["FileStatus"].clone()))
            }
            Ok(_) => Err(self.node.no_answer(&tried)),
            Err(error) if error.trouble == Trouble::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl FileSystem for WebHdfs {
    async fn list(&self, directory: &str) -> Result<Vec<Entry>, Error> {
        let directory = self.node.absolute(directory)?;
        let all = self.statuses(&directory).await?;
        let files = all.iter().filter(|status| status["type"] == "FILE");
        let mut entries: Vec<Entry> = files
            .map(|status| entry(status["pathSuffix"].as_str().unwrap_or_default(), status))
            .collect();
        if entries.iter().any(|entry| entry.name.is_empty()) {
            let message = format!(
                "cannot list {directory} in {}: it is a file",
                self.node.place
            );
            return Err(Error::new(Trouble::Settings, message));
        }
        entries.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    async fn entry(&self, path: &str) -> Result<Option<Entry>, Error> {
        let path = self.node.absolute(path)?;
        let status = self.status(&path).await?;
        let file = status.filter(|status| status["type"] == "FILE");
        let name = path.rsplit('/').next().unwrap_or_default();
        Ok(file.map(|status| entry(name, &status)))
    }

    async fn read(&self, path: &str) -> Result<Box<dyn ReadFile>, Error> {
        let path = self.node.absolute(path)?;
        let file = transfer::WebHdfsRead::open(&self.node, &path).await?;
        Ok(Box::new(file))
    }

    async fn replace(&self, path: &str) -> Result<Box<dyn WriteFile>, Error> {
        let path = self.node.absolute(path)?;
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", &path));
        if name.is_empty() {
            let message = format!(
                "cannot write {path} in {}: it names no file",
                self.node.place
            );
            return Err(Error::new(Trouble::Settings, message));
        }
        let directory = if directory.is_empty() { "/" } else { directory };
        let before = self.status(&path).await?;
        if before
            .as_ref()
            .is_some_and(|status| status["type"] != "FILE")
        {
            let message = format!(
                "cannot write {path} in {}: it is a directory",
                self.node.place
            );
            return Err(Error::new(Trouble::Settings, message));
        }
        // Creating a file makes missing directories, so a mistyped one is found here.
        for status in self.statuses(directory).await? {
            let candidate = status["pathSuffix"].as_str().unwrap_or_default();
            if temporary::is_leftover(name, candidate, None) {
                // What cannot be removed does not keep anybody from writing.
                let left = format!("{}/{candidate}", directory.trim_end_matches('/'));
                drop(
                    self.node
                        .tell(Method::DELETE, &left, "DELETE", &[], "")
                        .await,
                );
            }
        }
        let own = format!(
            "{}/{}",
            directory.trim_end_matches('/'),
            temporary::new_name(name)
        );
        // Who may read the old file, may read the new one.
        let permission = before.and_then(|status| status["permission"].as_str().map(str::to_owned));
        let node = self.node.clone();
        let file = transfer::WebHdfsWrite::begin(node, path.clone(), own, permission).await?;
        Ok(Box::new(file))
    }

    async fn remove(&self, path: &str) -> Result<(), Error> {
        let path = self.node.absolute(path)?;
        let tried = format!("remove {path} in");
        match self.status(&path).await? {
            None => Ok(()),
            Some(status) if status["type"] == "FILE" => {
                let told = self.node.tell(Method::DELETE, &path, "DELETE", &[], &tried);
                told.await.map(drop)
            }
            Some(_) => {
                let message = format!("cannot {tried} {}: it is a directory", self.node.place);
                Err(Error::new(Trouble::Settings, message))
            }
        }
    }
}

fn entry(name: &str, status: &Value) -> Entry {
    Entry {
        name: name.to_owned(),
        size: status["length"].as_u64().unwrap_or(0),
    }
}
