//! Links to FTP and S3.

use std::process::Command;

use crate::ftpd::Ftpd;
use crate::{Given, assert_advises_once, is_used};

fn ftp(server: &Ftpd) -> Given {
    Given {
        system: "FTP",
        host: "127.0.0.1".to_owned(),
        port: Some(server.port),
        username: "loader".to_owned(),
        password: Some("hunter2"),
        properties: Vec::new(),
    }
}

#[tokio::test]
async fn a_link_to_an_ftp_server_is_used() {
    let server = Ftpd::start();
    let link = ftp(&server);
    is_used(&*link.opened(), "/day.csv").await;
    let said = link.tried().await.unwrap();
    assert_eq!(said, "connected: 1 file lies in / itself");
}

#[tokio::test]
async fn what_is_wrong_with_a_link_to_an_ftp_server_is_told_with_advice_once() {
    let server = Ftpd::start();
    let wrong_password = Given {
        password: Some("hunter22"),
        ..ftp(&server)
    };
    let error = wrong_password.tried().await.unwrap_err();
    assert_advises_once(&error);
    assert!(error.message.contains("`loader`"), "{error}");
    let nobody_there = Given {
        port: Some(1),
        ..ftp(&server)
    };
    assert_advises_once(&nobody_there.tried().await.unwrap_err());
}

/// As the tests of the file systems: where `PEERFLOW_TEST_S3` names no server, nothing is tested.
#[tokio::test]
async fn a_link_to_a_bucket_is_used() {
    let Ok(endpoint) = std::env::var("PEERFLOW_TEST_S3") else {
        return;
    };
    let made = Command::new("curl")
        .args(["-sS", "-X", "PUT", &format!("{endpoint}/doors")])
        .output();
    assert!(made.unwrap().status.success());
    let link = Given {
        system: "S3",
        host: endpoint,
        port: None,
        username: "loader".to_owned(),
        password: Some("hunter2"),
        properties: vec![("bucket", "doors".to_owned())],
    };
    is_used(&*link.opened(), "/day.csv").await;
    let said = link.tried().await.unwrap();
    assert_eq!(said, "connected: 1 file lies in / itself");
}
