//! A real HDFS, which Debian does not have: `PEERFLOW_TEST_HDFS=$(scripts/services hdfs DIR)`, which needs Java. Without it
//! nothing is tested here.

use std::process::Command;
use std::sync::Arc;

use peerflow_files::{FileSystem, HdfsSettings, Settings, WebHdfsSettings};
use tempfile::TempDir;

const SERVICES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../scripts/services");

/// A name node and a data node.
pub(crate) struct Server {
    /// `host:port` of the name node.
    pub name_node: String,
    /// `http://host:port` of the same.
    pub http: String,
    /// Where it is, if it is a test's own; that ends with the test.
    directory: Option<TempDir>,
}

impl Server {
    /// The one that tests share.
    pub(crate) fn shared() -> Option<Self> {
        let Ok(urls) = std::env::var("PEERFLOW_TEST_HDFS") else {
            println!("skipped: PEERFLOW_TEST_HDFS names no HDFS");
            return None;
        };
        Some(Self::at(&urls, None))
    }

    /// One of a test's own, for what would be in the way of others.
    pub(crate) fn own() -> Option<Self> {
        Self::shared()?;
        let directory = tempfile::tempdir().unwrap();
        let started = Command::new(SERVICES)
            .arg("hdfs")
            .arg(directory.path())
            .output()
            .unwrap();
        assert!(started.status.success(), "{started:?}");
        let urls = String::from_utf8(started.stdout).unwrap();
        Some(Self::at(&urls, Some(directory)))
    }

    fn at(urls: &str, directory: Option<TempDir>) -> Self {
        let (hdfs, http) = urls
            .trim()
            .split_once(' ')
            .expect("PEERFLOW_TEST_HDFS is hdfs://host:port http://host:port");
        Self {
            name_node: hdfs.trim_start_matches("hdfs://").to_owned(),
            http: http.to_owned(),
            directory,
        }
    }

    pub(crate) fn hdfs(&self) -> HdfsSettings {
        HdfsSettings {
            name_nodes: vec![self.name_node.clone()],
            user: Some("loader".to_owned()),
            conf_dir: None,
        }
    }

    pub(crate) fn webhdfs(&self) -> WebHdfsSettings {
        WebHdfsSettings {
            endpoint: self.http.clone(),
            user: Some("loader".to_owned()),
            ca_file: None,
        }
    }

    /// Its own protocol and HTTP, each with a folder of its own for this test.
    pub(crate) fn doors(&self, test: &str) -> [(Arc<dyn FileSystem>, String); 2] {
        let doors = [
            Settings::Hdfs(self.hdfs()),
            Settings::WebHdfs(self.webhdfs()),
        ];
        let mut names = ["hdfs", "webhdfs"].into_iter();
        doors.map(|door| {
            let folder = format!("/user/loader/{test}-{}", names.next().unwrap());
            self.make_folder(&folder);
            (door.open().unwrap(), folder)
        })
    }

    /// A folder of the user that the links name, empty.
    pub(crate) fn make_folder(&self, path: &str) {
        self.administer("DELETE", path, "op=DELETE&recursive=true");
        self.administer("PUT", path, "op=MKDIRS");
        self.administer("PUT", path, "op=SETOWNER&owner=loader");
    }

    /// Orders by the one who may everything; what is answered.
    pub(crate) fn administer(&self, method: &str, path: &str, query: &str) -> String {
        let user = Command::new("id").arg("-un").output().unwrap().stdout;
        let user = String::from_utf8(user).unwrap();
        let url = format!(
            "{}/webhdfs/v1{path}?user.name={}&{query}",
            self.http,
            user.trim()
        );
        let told = Command::new("curl")
            .args(["-sS", "--fail-with-body", "-X", method, &url])
            .output()
            .unwrap();
        let answer = String::from_utf8_lossy(&told.stdout).into_owned();
        assert!(told.status.success(), "{url}: {answer}");
        answer
    }

    /// Whether anything of that name's beginning lies in a folder.
    pub(crate) fn has(&self, folder: &str, beginning: &str) -> bool {
        self.administer("GET", folder, "op=LISTSTATUS")
            .contains(&format!("\"pathSuffix\":\"{beginning}"))
    }

    /// `dfsadmin` of a test's own.
    pub(crate) fn dfsadmin(&self, arguments: &[&str]) {
        let program = self.directory.as_ref().unwrap().path().join("dfsadmin");
        let told = Command::new(program).args(arguments).output().unwrap();
        assert!(told.status.success(), "{told:?}");
    }

    /// Ends the data node of a test's own.
    pub(crate) fn stop_data_node(&self) {
        let directory = self.directory.as_ref().unwrap().path().join("datanode");
        let stopped = Command::new(SERVICES).arg("stop").arg(directory).status();
        assert!(stopped.unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(directory) = &self.directory {
            let mut stop = Command::new(SERVICES);
            let stopped = stop.arg("stop").arg(directory.path()).status();
            assert!(stopped.unwrap().success());
        }
    }
}
