//! Links to files as users give them, through the one door, to real servers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod files;
#[path = "../../files/tests/files/ftpd.rs"]
#[expect(dead_code, reason = "the tests of the file systems need more of it")]
mod ftpd;
mod sftp;
#[path = "../../files/tests/files/sshd.rs"]
#[expect(dead_code, reason = "the tests of the file systems need more of it")]
mod sshd;
mod sshd_of_passwords;
#[path = "../../files/tests/files/support.rs"]
#[expect(dead_code, reason = "the tests of the file systems need more of it")]
mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use peerflow_files::FileSystem;
use peerflow_links::{LinkError, NewLink, PASSWORD, Secrets, Vault, open_files, test_files};
use peerflow_model::{LinkKind, LinkSettings};
use support::{numbered, read_all, write_all};

/// A link to files, as a user gives it.
struct Given {
    system: &'static str,
    host: String,
    port: Option<u16>,
    username: String,
    password: Option<&'static str>,
    properties: Vec<(&'static str, String)>,
}

impl Given {
    /// The file system that it leads to, on the way that every link takes: checked, sealed, kept, opened.
    fn opened(&self) -> Arc<dyn FileSystem> {
        let mut secrets = Secrets::new();
        if let Some(password) = self.password {
            secrets.set(PASSWORD, password.to_owned());
        }
        let properties = self.properties.iter();
        let properties: BTreeMap<String, String> = properties
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        let new = NewLink {
            kind: LinkKind::File,
            name: "inbox".to_owned(),
            settings: LinkSettings {
                system: self.system.to_owned(),
                host: self.host.clone(),
                port: self.port,
                username: self.username.clone(),
                properties,
                ..LinkSettings::default()
            },
            secrets,
        };
        let vault = Vault::of_cluster(&[7; 32]);
        let draft = new.check().unwrap();
        let record = draft.seal(&vault, Timestamp::UNIX_EPOCH).unwrap();
        let secrets = vault.open(record.kind, &record.name, &record.sealed);
        open_files(&record, &secrets.unwrap()).unwrap()
    }

    /// What a trial of it says.
    async fn tried(&self) -> Result<String, LinkError> {
        test_files("inbox", &*self.opened()).await
    }
}

/// Writes a file, finds it and reads it back.
async fn is_used(files: &dyn FileSystem, path: &str) {
    let content = numbered(700_001);
    write_all(files, path, &content, 100_000).await.unwrap();
    let entry = files.entry(path).await.unwrap().unwrap();
    assert_eq!(entry.size, content.len() as u64);
    assert!(read_all(files, path).await.unwrap() == content);
}

/// Says what to do once, and never a password.
fn assert_advises_once(error: &LinkError) {
    let text = error.to_string();
    assert!(text.starts_with("file link `inbox`: "), "{text}");
    assert_eq!(text.matches("check").count(), 1, "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}
