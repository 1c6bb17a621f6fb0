//! Files in HDFS by HTTP, against an imitation, which needs no Java; `hdfs.rs` tries a real one.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
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
        Self::with(None)
    }

    fn with(word: Option<&str>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/webhdfs.py");
        let mut server = Command::new("/usr/bin/python3")
            .arg(program)
            .arg(directory.path())
            .args(word)
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

#[tokio::test]
async fn a_gateway_that_cannot_rename_over_a_file_has_it_removed_but_not_for_one_that_is_lost() {
    let server = Imitation::with(Some("plain"));
    let (files, folder) = (WebHdfs::new(&server.link).unwrap(), server.directory.path());
    write_all(&files, "/day.csv", b"before", 9).await.unwrap();
    write_all(&files, "/day.csv", b"after", 9).await.unwrap();
    assert_eq!(all_names(folder), ["day.csv"]);
    assert_eq!(fs::read(folder.join("day.csv")).unwrap(), b"after");

    let mut file = files.replace("/day.csv").await.unwrap();
    file.write(Bytes::from_static(b"lost")).await.unwrap();
    let temporary = loop {
        // The request that brings it is on its way.
        tokio::task::yield_now().await;
        let names = all_names(folder);
        if let Some(found) = names.into_iter().find(|name| name.starts_with('.')) {
            break found;
        }
    };
    fs::remove_file(folder.join(temporary)).unwrap();
    let error = file.finish().await.unwrap_err();
    assert_eq!(error.trouble, Trouble::NotFound, "{error}");
    assert_eq!(fs::read(folder.join("day.csv")).unwrap(), b"after");
}

#[tokio::test]
async fn a_web_server_of_another_kind_is_not_taken_for_a_place_without_files() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        for stream in listener.incoming().take(2) {
            let mut stream = stream.unwrap();
            let read = stream.read(&mut [0; 4096]).unwrap();
            assert!(read > 0);
            let page = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>";
            stream.write_all(page.as_bytes()).unwrap();
        }
    });
    let files = WebHdfs::new(&WebHdfsSettings {
        endpoint: format!("http://127.0.0.1:{port}"),
        user: Some("loader".to_owned()),
        ca_file: None,
    });
    let files = files.unwrap();
    for error in [files.entry("/x").await.err(), files.list("/").await.err()] {
        let error = error.unwrap();
        assert_eq!(error.trouble, Trouble::Settings, "{error}");
        assert!(error.message.contains("not WebHDFS"), "{error}");
    }
    server.join().unwrap();
}
