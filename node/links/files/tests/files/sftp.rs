//! Files on an OpenSSH server.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};

use bytes::Bytes;
use peerflow_files::{FileSystem, Secret, Settings, Sftp, SftpSettings, Trouble, list_fitting};

use crate::sshd::{Sshd, keygen};
use crate::support::{make_pipe, names, numbered, read_all, write_all};

fn open(settings: SftpSettings) -> Sftp {
    Sftp::new(settings).unwrap()
}

async fn refused(settings: SftpSettings) -> peerflow_files::Error {
    open(settings).list(".").await.unwrap_err()
}

#[tokio::test]
async fn what_is_written_is_read_back() {
    let server = Sshd::start();
    let files = Settings::Sftp(server.link()).open().unwrap();
    for (name, length) in [("empty", 0), ("small", 5), ("large", 12_345_678)] {
        let (path, content) = (server.file(name), numbered(length));
        write_all(&*files, &path, &content, 700_000).await.unwrap();
        assert!(fs::read(&path).unwrap() == content, "{name}");
        assert!(read_all(&*files, &path).await.unwrap() == content, "{name}");
        let entry = files.entry(&path).await.unwrap().unwrap();
        assert_eq!((entry.name.as_str(), entry.size), (name, length as u64));
    }
    assert_eq!(server.names(), ["empty", "large", "small"]);
    let gone = server.file("small");
    files.remove(&gone).await.unwrap();
    files.remove(&gone).await.unwrap();
    assert_eq!(files.entry(&gone).await.unwrap(), None);
    let missing = files.read(&gone).await.unwrap_err();
    assert_eq!(missing.trouble, Trouble::NotFound);
    assert!(missing.message.contains(&gone), "{missing}");
}

#[tokio::test]
async fn servers_without_extensions_are_served_as_well() {
    // What is refused is not offered.
    let configuration = "ForceCommand internal-sftp -P posix-rename,fsync,limits,statvfs";
    let server = Sshd::with(&["ed25519"], configuration);
    let files = open(server.link());
    let path = server.file("day.csv");
    for length in [1_000_003, 70_000] {
        let content = numbered(length);
        write_all(&files, &path, &content, 300_000).await.unwrap();
        assert!(
            read_all(&files, &path).await.unwrap() == content,
            "{length}"
        );
        assert_eq!(server.names(), ["day.csv"]);
    }
}

#[tokio::test]
async fn a_listing_has_the_files_that_fit_in_order() {
    let server = Sshd::start();
    for name in ["b.csv", "a.csv", ".hidden.csv", "订单.csv"] {
        fs::write(server.file(name), name).unwrap();
    }
    fs::create_dir(server.file("d.csv")).unwrap();
    symlink("a.csv", server.file("link.csv")).unwrap();
    symlink("nowhere", server.file("dangling.csv")).unwrap();
    let files = open(server.link());
    let found = list_fitting(&files, &server.file("*.csv")).await.unwrap();
    let expected = [
        ("a.csv", 5),
        ("b.csv", 5),
        ("link.csv", 5),
        ("订单.csv", 10),
    ];
    assert_eq!(names(&found), expected);
    let missing = list_fitting(&files, &server.file("none/*"))
        .await
        .unwrap_err();
    assert_eq!(missing.trouble, Trouble::NotFound);
}

#[tokio::test]
async fn a_file_stays_until_its_successor_is_whole() {
    let server = Sshd::start();
    let (files, path) = (open(server.link()), server.file("day.csv"));
    fs::write(&path, "before").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("day.csv", server.file("link")).unwrap();

    let mut discarded = files.replace(&path).await.unwrap();
    discarded.write(Bytes::from_static(b"half")).await.unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"before");
    discarded.discard().await.unwrap();
    assert_eq!(server.names(), ["day.csv", "link"]);

    let mut dropped = files.replace(&path).await.unwrap();
    dropped.write(Bytes::from_static(b"half")).await.unwrap();
    drop(dropped);
    // Answers come in the order of the requests, so this one comes behind the removal.
    files.entry(&path).await.unwrap();
    assert_eq!(server.names(), ["day.csv", "link"]);

    write_all(&files, &server.file("link"), b"after", 2)
        .await
        .unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"after");
    assert_eq!(server.names(), ["day.csv", "link"]);
    assert!(
        fs::symlink_metadata(server.file("link"))
            .unwrap()
            .is_symlink()
    );
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[tokio::test]
async fn what_is_no_file_is_refused_and_not_waited_for() {
    let server = Sshd::start();
    let files = open(server.link());
    make_pipe(&server.file("pipe"));
    for (path, what) in [
        (server.file("pipe"), "a pipe, a socket or a device"),
        ("/dev/null".to_owned(), "a pipe, a socket or a device"),
        (server.file(""), "a directory"),
    ] {
        let refused = files.read(&path).await.unwrap_err();
        assert_eq!(refused.trouble, Trouble::Settings, "{refused}");
        assert!(refused.message.contains(what), "{refused}");
    }
    // The connection still serves others.
    write_all(&files, &server.file("day.csv"), b"whole", 9)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_connection_that_died_is_made_anew_and_its_leftovers_go() {
    let mut server = Sshd::start();
    let (files, path) = (open(server.link()), server.file("day.csv"));
    let mut cut_off = files.replace(&path).await.unwrap();
    cut_off
        .write(Bytes::from(numbered(5_000_000)))
        .await
        .unwrap();
    server.cut();
    let mut told = None;
    for _ in 0..100 {
        if let Err(error) = cut_off.write(Bytes::from(numbered(5_000_000))).await {
            told = Some(error);
            break;
        }
    }
    let told = told.unwrap();
    assert_eq!(told.trouble, Trouble::Unreachable, "{told}");
    let end = cut_off.finish().await.unwrap_err();
    assert_eq!(end, told);

    write_all(&files, &path, b"whole", 9).await.unwrap();
    assert_eq!(read_all(&files, &path).await.unwrap(), b"whole");

    server.stop();
    let gone = files.list(".").await.unwrap_err();
    assert_eq!(gone.trouble, Trouble::Unreachable);
    assert!(gone.message.contains(&server.port.to_string()), "{gone}");
    server.restart(&["ed25519"], "");
    assert_eq!(read_all(&files, &path).await.unwrap(), b"whole");
}

#[tokio::test]
async fn what_a_killed_writer_left_is_removed_by_the_next() {
    let server = Sshd::start();
    let (files, path) = (open(server.link()), server.file("day.csv"));
    let mut living = files.replace(&path).await.unwrap();
    living.write(Bytes::from_static(b"half")).await.unwrap();
    let own = server.names().remove(0);
    // The same process number with another start: one that was killed, and whose number was given again.
    let mut parts: Vec<&str> = own.rsplitn(3, '-').collect();
    parts[1] = "1";
    parts.reverse();
    let left = parts.join("-");
    fs::write(server.file(&left), "left").unwrap();
    fs::write(server.file(".other.peerflow-1"), "mine").unwrap();

    write_all(&files, &path, b"whole", 9).await.unwrap();
    assert_eq!(
        server.names(),
        [own.as_str(), ".other.peerflow-1", "day.csv"]
    );
    living.finish().await.unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"half");
}

#[tokio::test]
async fn keys_of_all_kinds_open_the_door() {
    let server = Sshd::with(&["ed25519", "rsa", "ecdsa"], "");
    let authorized = server.path().join("authorized_keys");
    for (kind, passphrase) in [("rsa", ""), ("ecdsa", ""), ("ed25519", "open sesame")] {
        let file = server.path().join(format!("key_{kind}"));
        keygen(&file, kind, passphrase);
        fs::copy(file.with_extension("pub"), &authorized).unwrap();
        let link = SftpSettings {
            key_file: Some(file),
            key_passphrase: Some(passphrase.into()).filter(|_| !passphrase.is_empty()),
            ..server.link()
        };
        open(link.clone()).list(".").await.unwrap();
        if !passphrase.is_empty() {
            for (given, expected) in [(None, "encrypted"), (Some("wrong"), "check its passphrase")]
            {
                let error = refused(SftpSettings {
                    key_passphrase: given.map(Secret::from),
                    ..link.clone()
                })
                .await;
                assert_eq!(error.trouble, Trouble::Settings);
                assert!(error.message.contains(expected), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn every_kind_of_host_key_can_be_pinned() {
    let kinds = ["ed25519", "rsa", "ecdsa"];
    let server = Sshd::with(&kinds, "");
    for kind in kinds {
        let link = SftpSettings {
            host_key: Some(server.fingerprint(kind)),
            ..server.stranger()
        };
        open(link).list(".").await.unwrap();
    }
}

#[tokio::test]
async fn a_stranger_is_told_what_the_server_does_not_take() {
    let server = Sshd::start();
    let key = server.path().join("other");
    keygen(&key, "ed25519", "");
    let error = refused(SftpSettings {
        key_file: Some(key),
        password: Some("hunter2".into()),
        ..server.link()
    })
    .await;
    assert_eq!(error.trouble, Trouble::AccessDenied, "{error}");
    assert!(
        error.message.contains("the server takes publickey"),
        "{error}"
    );
    assert!(!error.message.contains("hunter2"), "{error}");
    let error = refused(SftpSettings {
        key_file: None,
        ..server.link()
    })
    .await;
    assert!(
        error.message.contains("no password, key file or agent"),
        "{error}"
    );
}

#[tokio::test]
async fn an_unknown_host_is_trusted_only_when_that_is_allowed() {
    let server = Sshd::start();
    let error = refused(server.stranger()).await;
    assert_eq!(error.trouble, Trouble::NotTrusted);
    assert!(
        error.message.contains(&server.fingerprint("ed25519")),
        "{error}"
    );
    assert!(!server.known_hosts().exists());

    let first = SftpSettings {
        accept_first_use: true,
        ..server.stranger()
    };
    open(first).list(".").await.unwrap();
    let known = fs::read_to_string(server.known_hosts()).unwrap();
    let (port, key) = (server.port, server.host_key("ed25519"));
    assert_eq!(known, format!("[127.0.0.1]:{port} {key}\n"));
    open(server.stranger()).list(".").await.unwrap();
}

#[tokio::test]
async fn a_host_whose_key_changed_is_refused_with_both_fingerprints() {
    let mut server = Sshd::start();
    let (port, old) = (server.port, server.host_key("ed25519"));
    let old_fingerprint = server.fingerprint("ed25519");
    fs::write(
        server.known_hosts(),
        format!("# known\n[127.0.0.1]:{port} {old}\n"),
    )
    .unwrap();
    let hashed = Command::new("ssh-keygen")
        .arg("-Hf")
        .arg(server.known_hosts())
        .output();
    assert!(hashed.unwrap().status.success());
    let pinned = server.link();
    open(server.stranger()).list(".").await.unwrap();

    for kind in ["ed25519", "ecdsa"] {
        keygen(&server.path().join(format!("host_{kind}")), kind, "");
        server.restart(&[kind], "");
        let new_fingerprint = server.fingerprint(kind);
        let known = SftpSettings {
            accept_first_use: true,
            ..server.stranger()
        };
        for link in [known, pinned.clone()] {
            let error = refused(link).await;
            assert_eq!(error.trouble, Trouble::NotTrusted, "{error}");
            assert!(error.message.contains(&old_fingerprint), "{error}");
            assert!(error.message.contains(&new_fingerprint), "{error}");
        }
    }
}

#[tokio::test]
async fn a_server_with_several_keys_is_asked_for_the_one_that_is_known() {
    let server = Sshd::with(&["ed25519", "rsa", "ecdsa"], "");
    let port = server.port;
    for kind in ["rsa", "ecdsa"] {
        let key = server.host_key(kind);
        fs::write(server.known_hosts(), format!("[127.0.0.1]:{port} {key}\n")).unwrap();
        open(server.stranger()).list(".").await.unwrap();
    }
    let key = server.host_key("ed25519");
    let revoked = format!("[127.0.0.1]:{port} {key}\n@revoked * {key}\n");
    fs::write(server.known_hosts(), revoked).unwrap();
    let error = refused(server.stranger()).await;
    assert_eq!(error.trouble, Trouble::NotTrusted);
    assert!(error.message.contains("revoked"), "{error}");
}

#[tokio::test]
async fn a_full_disk_is_named_with_what_to_do() {
    let server = Sshd::start();
    let mount = server.path().join("files");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=2m", "none"])
        .arg(&mount)
        .stderr(Stdio::null())
        .status();
    if !mounted.is_ok_and(|mounted| mounted.success()) {
        eprintln!("not run: nobody but root may mount");
        return;
    }
    let (files, path) = (open(server.link()), server.file("day.csv"));
    let told = write_all(&files, &path, &numbered(9_000_000), 100_000).await;
    // Answers come in the order of the requests, so this one comes behind the removal.
    files.entry(&path).await.unwrap();
    let left = server.names();
    assert!(
        Command::new("umount")
            .arg("-l")
            .arg(&mount)
            .status()
            .unwrap()
            .success()
    );
    let told = told.unwrap_err();
    assert_eq!(told.trouble, Trouble::Full, "{told}");
    assert!(told.message.contains("day.csv"), "{told}");
    assert_eq!(left, [""; 0]);
}

#[test]
fn settings_show_no_secret() {
    let settings = SftpSettings {
        password: Some("hunter2".into()),
        key_passphrase: Some("hunter2".into()),
        ..SftpSettings::new("host", "user")
    };
    let shown = format!("{settings:?} {:?}", open(settings.clone()));
    assert!(!shown.contains("hunter2"), "{shown}");
}
