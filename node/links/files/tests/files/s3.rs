//! Files in a bucket. Needs a server, which Debian does not have: `pip install 'moto[server]'`, `moto_server -p 5000`, and
//! `PEERFLOW_TEST_S3=http://127.0.0.1:5000`. Without it nothing is tested here.

use bytes::Bytes;
use peerflow_files::{FileSystem, S3, S3Settings, Trouble, list_fitting};

use crate::support::{names, numbered, read_all, write_all};

/// A link to a bucket, which is made here.
async fn link(bucket: &str) -> Option<S3Settings> {
    let endpoint = std::env::var("PEERFLOW_TEST_S3").ok()?;
    let made = std::process::Command::new("curl")
        .args(["-sS", "-X", "PUT", &format!("{endpoint}/{bucket}")])
        .output();
    assert!(made.unwrap().status.success());
    Some(S3Settings {
        endpoint: Some(endpoint),
        bucket: bucket.to_owned(),
        region: None,
        access_key_id: "loader".to_owned(),
        secret_access_key: "hunter2".into(),
        ca_file: None,
    })
}

#[tokio::test]
async fn what_is_written_is_read_back_and_listed() {
    let Some(link) = link("written").await else {
        return;
    };
    let files = S3::new(&link).unwrap();
    for (name, length) in [
        ("empty.csv", 0),
        ("small.csv", 5),
        ("large.csv", 40_000_001),
    ] {
        let (path, content) = (format!("/in/{name}"), numbered(length));
        write_all(&files, &path, &content, 700_000).await.unwrap();
        assert!(read_all(&files, &path).await.unwrap() == content, "{name}");
        let entry = files.entry(&path).await.unwrap().unwrap();
        assert_eq!((entry.name.as_str(), entry.size), (name, length as u64));
    }
    write_all(&files, "/in/deeper/other.csv", b"x", 9)
        .await
        .unwrap();
    let found = list_fitting(&files, "/in/*.csv").await.unwrap();
    let expected = [
        ("empty.csv", 0),
        ("large.csv", 40_000_001),
        ("small.csv", 5),
    ];
    assert_eq!(names(&found), expected);
    files.remove("/in/small.csv").await.unwrap();
    files.remove("/in/small.csv").await.unwrap();
    assert_eq!(files.entry("/in/small.csv").await.unwrap(), None);
    let missing = files.read("/in/small.csv").await.unwrap_err();
    assert_eq!(missing.trouble, Trouble::NotFound, "{missing}");
}

#[tokio::test]
async fn a_file_stays_until_its_successor_is_whole() {
    let Some(link) = link("replaced").await else {
        return;
    };
    let files = S3::new(&link).unwrap();
    write_all(&files, "day.csv", b"before", 9).await.unwrap();
    let mut half = files.replace("day.csv").await.unwrap();
    half.write(Bytes::from(numbered(40_000_000))).await.unwrap();
    assert_eq!(read_all(&files, "day.csv").await.unwrap(), b"before");
    half.discard().await.unwrap();
    assert_eq!(read_all(&files, "day.csv").await.unwrap(), b"before");
    write_all(&files, "day.csv", b"after", 9).await.unwrap();
    assert_eq!(read_all(&files, "day.csv").await.unwrap(), b"after");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_and_no_secret_is() {
    let link = S3Settings {
        endpoint: Some("http://127.0.0.1:1".to_owned()),
        bucket: "none".to_owned(),
        region: None,
        access_key_id: "loader".to_owned(),
        secret_access_key: "hunter2".into(),
        ca_file: None,
    };
    let files = S3::new(&link).unwrap();
    let error = files.list("/").await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unreachable, "{error}");
    assert!(error.message.contains("http://127.0.0.1:1"), "{error}");
    let shown = format!("{error} {error:?} {files:?} {link:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}
