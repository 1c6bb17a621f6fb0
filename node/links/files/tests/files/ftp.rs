//! Files on an FTP server.

use std::fs;
use std::process::{Command, Stdio};

use bytes::Bytes;
use peerflow_files::{FileSystem, Ftp, FtpEncryption, FtpSettings, Trouble, list_fitting};

use crate::ftpd::Ftpd;
use crate::support::{all_names, names, numbered, read_all, write_all};

#[tokio::test]
async fn what_is_written_is_read_back_and_listed() {
    let server = Ftpd::start();
    let files = server.open();
    for (name, length) in [
        ("empty.csv", 0),
        ("small.csv", 5),
        ("large 订单.csv", 5_000_001),
    ] {
        let (path, content) = (format!("/{name}"), numbered(length));
        write_all(&files, &path, &content, 700_000).await.unwrap();
        assert!(read_all(&files, &path).await.unwrap() == content, "{name}");
        let entry = files.entry(&path).await.unwrap().unwrap();
        assert_eq!((entry.name.as_str(), entry.size), (name, length as u64));
    }
    fs::create_dir(server.directory.path().join("d.csv")).unwrap();
    let found = list_fitting(&files, "*.csv").await.unwrap();
    let expected = [
        ("empty.csv", 0),
        ("large 订单.csv", 5_000_001),
        ("small.csv", 5),
    ];
    assert_eq!(names(&found), expected);

    files.remove("/small.csv").await.unwrap();
    files.remove("/small.csv").await.unwrap();
    assert_eq!(files.entry("/small.csv").await.unwrap(), None);
    let missing = files.read("/small.csv").await.unwrap_err();
    assert_eq!(missing.trouble, Trouble::NotFound, "{missing}");
    let missing = list_fitting(&files, "/none/*").await.unwrap_err();
    assert_eq!(missing.trouble, Trouble::NotFound, "{missing}");
}

#[tokio::test]
async fn a_file_stays_until_its_successor_is_whole() {
    let server = Ftpd::start();
    let (files, folder) = (server.open(), server.directory.path());
    fs::write(folder.join("day.csv"), "before").unwrap();
    let mut discarded = files.replace("day.csv").await.unwrap();
    discarded.write(Bytes::from_static(b"half")).await.unwrap();
    assert_eq!(fs::read(folder.join("day.csv")).unwrap(), b"before");
    discarded.discard().await.unwrap();
    assert_eq!(all_names(folder), ["day.csv"]);

    write_all(&files, "day.csv", b"after", 2).await.unwrap();
    assert_eq!(fs::read(folder.join("day.csv")).unwrap(), b"after");
    assert_eq!(all_names(folder), ["day.csv"]);
}

#[tokio::test]
async fn a_wrong_password_is_told_without_it() {
    let server = Ftpd::start();
    let link = FtpSettings {
        password: Some("hunter3".into()),
        ..server.link()
    };
    let files = Ftp::new(link).unwrap();
    let error = files.list(".").await.unwrap_err();
    assert_eq!(error.trouble, Trouble::AccessDenied, "{error}");
    assert!(error.message.contains("`loader`"), "{error}");
    let shown = format!("{error} {error:?} {files:?}");
    assert!(!shown.contains("hunter3"), "{shown}");
}

#[tokio::test]
async fn a_path_is_no_command() {
    let server = Ftpd::start();
    let error = server.open().read("a\r\nDELE b").await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Settings);
}

#[tokio::test]
async fn an_encrypted_server_is_trusted_by_its_certificate() {
    let directory = tempfile::tempdir().unwrap();
    let (both, certificate) = (
        directory.path().join("both"),
        directory.path().join("certificate"),
    );
    let made = Command::new("openssl")
        .args(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(' '),
        )
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(&both)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status();
    assert!(made.unwrap().success());
    let all = [fs::read(&both).unwrap(), fs::read(&certificate).unwrap()].concat();
    fs::write(&both, all).unwrap();

    let server = Ftpd::with(Some(&both));
    let link = FtpSettings {
        encryption: FtpEncryption::Explicit,
        ca_file: Some(certificate),
        ..server.link()
    };
    let (files, content) = (Ftp::new(link.clone()).unwrap(), numbered(1_000_000));
    write_all(&files, "/day.csv", &content, 300_000)
        .await
        .unwrap();
    assert!(read_all(&files, "/day.csv").await.unwrap() == content);

    let stranger = FtpSettings {
        ca_file: None,
        ..link
    };
    let error = Ftp::new(stranger).unwrap().list(".").await.unwrap_err();
    assert_eq!(error.trouble, Trouble::NotTrusted, "{error}");
}
