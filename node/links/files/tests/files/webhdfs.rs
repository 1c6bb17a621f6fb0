//! Files in HDFS by HTTP, against an imitation: no Debian package has a name node.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use peerflow_files::{FileSystem, Trouble, WebHdfs, WebHdfsSettings, list_fitting};
use tempfile::TempDir;

use crate::support::{all_names, names, numbered, read_all, write_all};

/// Ends with the test.
struct Imitation {
    directory: TempDir,
    server: Child,
    link: WebHdfsSettings,
}

impl Imitation {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/webhdfs.py");
        let mut server = Command::new("/usr/bin/python3")
            .arg(program)
            .arg(directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(server.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let link = WebHdfsSettings {
            endpoint: format!("http://127.0.0.1:{}", line.trim()),
            user: Some("loader".to_owned()),
            ca_file: None,
        };
        Self {
            directory,
            server,
            link,
        }
    }
}

impl Drop for Imitation {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

#[tokio::test]
async fn what_is_written_is_read_back_and_listed() {
    let server = Imitation::start();
    let files = WebHdfs::new(&server.link).unwrap();
    for (name, length) in [
        ("empty.csv", 0),
        ("small.csv", 5),
        ("100% 订单.csv", 5_000_001),
    ] {
        let (path, content) = (format!("/{name}"), numbered(length));
        write_all(&files, &path, &content, 700_000).await.unwrap();
        assert!(read_all(&files, &path).await.unwrap() == content, "{name}");
        let entry = files.entry(&path).await.unwrap().unwrap();
        assert_eq!((entry.name.as_str(), entry.size), (name, length as u64));
    }
    fs::create_dir(server.directory.path().join("d.csv")).unwrap();
    let found = list_fitting(&files, "/*.csv").await.unwrap();
    let expected = [
        ("100% 订单.csv", 5_000_001),
        ("empty.csv", 0),
        ("small.csv", 5),
    ];
    assert_eq!(names(&found), expected);

    files.remove("/small.csv").await.unwrap();
    files.remove("/small.csv").await.unwrap();
    let missing = files.read("/small.csv").await.unwrap_err();
    assert_eq!(missing.trouble, Trouble::NotFound, "{missing}");
    assert!(
        missing.message.contains("File does not exist: /small.csv"),
        "{missing}"
    );
}

#[tokio::test]
async fn a_file_stays_until_its_successor_is_whole() {
    let server = Imitation::start();
    let (files, folder) = (WebHdfs::new(&server.link).unwrap(), server.directory.path());
    fs::write(folder.join("day.csv"), "before").unwrap();
    let mut half = files.replace("/day.csv").await.unwrap();
    half.write(Bytes::from_static(b"half")).await.unwrap();
    assert_eq!(read_all(&files, "/day.csv").await.unwrap(), b"before");
    drop(half);
    write_all(&files, "/day.csv", b"after", 2).await.unwrap();
    assert_eq!(read_all(&files, "/day.csv").await.unwrap(), b"after");
    assert!(all_names(folder).contains(&"day.csv".to_owned()));
}

#[tokio::test]
async fn a_user_whom_the_server_does_not_know_is_told() {
    let server = Imitation::start();
    let link = WebHdfsSettings {
        user: Some("nobody".to_owned()),
        ..server.link.clone()
    };
    let error = WebHdfs::new(&link).unwrap().list("/").await.unwrap_err();
    assert_eq!(error.trouble, Trouble::AccessDenied, "{error}");
}
