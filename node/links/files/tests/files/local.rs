//! This machine's own files.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use bytes::Bytes;
use peerflow_files::{FileSystem, Local, Trouble, list_fitting};

use crate::child::playing;
use crate::support::{all_names, make_pipe, names, numbered, read_all, write_all};

fn at(directory: &Path, name: &str) -> String {
    directory.join(name).to_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_written_is_read_back() {
    let directory = tempfile::tempdir().unwrap();
    for (name, length) in [("empty", 0), ("small", 5), ("large", 3_000_001)] {
        let (path, content) = (at(directory.path(), name), numbered(length));
        write_all(&Local, &path, &content, 100_000).await.unwrap();
        assert!(read_all(&Local, &path).await.unwrap() == content, "{name}");
        let entry = Local.entry(&path).await.unwrap().unwrap();
        assert_eq!((entry.name.as_str(), entry.size), (name, length as u64));
    }
}

#[tokio::test]
async fn a_listing_has_the_files_that_fit_in_order() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["b.csv", "a.csv", ".hidden.csv", "c.txt"] {
        fs::write(directory.path().join(name), name).unwrap();
    }
    fs::create_dir(directory.path().join("d.csv")).unwrap();
    symlink("a.csv", directory.path().join("link.csv")).unwrap();
    symlink("nowhere", directory.path().join("dangling.csv")).unwrap();
    let found = list_fitting(&Local, &at(directory.path(), "*.csv")).await;
    let found = found.unwrap();
    assert_eq!(names(&found), [("a.csv", 5), ("b.csv", 5), ("link.csv", 5)]);

    let missing = at(directory.path(), "none/*");
    let refused = list_fitting(&Local, &missing).await.unwrap_err();
    assert_eq!(refused.trouble, Trouble::NotFound);
    assert!(refused.message.contains("/none on this node"), "{refused}");
}

#[tokio::test]
async fn a_file_stays_until_its_successor_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = at(directory.path(), "day.csv");
    fs::write(&path, "before").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();

    let mut dropped = Local.replace(&path).await.unwrap();
    dropped.write(Bytes::from_static(b"half")).await.unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"before");
    drop(dropped);
    assert_eq!(all_names(directory.path()), ["day.csv"]);

    let mut discarded = Local.replace(&path).await.unwrap();
    discarded.write(Bytes::from_static(b"half")).await.unwrap();
    discarded.discard().await.unwrap();
    assert_eq!(all_names(directory.path()), ["day.csv"]);
    assert_eq!(fs::read(&path).unwrap(), b"before");

    write_all(&Local, &path, b"after", 2).await.unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"after");
    assert_eq!(all_names(directory.path()), ["day.csv"]);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[tokio::test]
async fn a_link_stays_and_what_it_leads_to_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("real")).unwrap();
    symlink("real/file", directory.path().join("link")).unwrap();
    for content in ["first", "second"] {
        let path = at(directory.path(), "link");
        write_all(&Local, &path, content.as_bytes(), 9)
            .await
            .unwrap();
        let real = fs::read_to_string(directory.path().join("real/file"));
        assert_eq!(real.unwrap(), content);
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    }
    assert_eq!(all_names(&directory.path().join("real")), ["file"]);
}

#[tokio::test]
async fn devices_and_directories_are_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path().to_str().unwrap();
    for path in [directory, "/dev/null"] {
        let refused = Local.replace(path).await.unwrap_err();
        assert_eq!(refused.trouble, Trouble::Settings, "{refused}");
        assert!(refused.message.contains(path), "{refused}");
    }
    let refused = Local.read(directory).await.unwrap_err();
    assert!(refused.message.contains("is a directory"), "{refused}");
}

#[tokio::test]
async fn what_is_no_file_is_refused_and_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = at(directory.path(), "pipe");
    make_pipe(&pipe);
    symlink("pipe", directory.path().join("leads-to-it")).unwrap();
    let socket = at(directory.path(), "socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let linked = at(directory.path(), "leads-to-it");
    for (path, what) in [
        (pipe.as_str(), "a pipe; "),
        (&linked, "a pipe; "),
        (&socket, "a socket; "),
        ("/dev/null", "a device; "),
        ("/", "a directory; "),
    ] {
        let refused = Local.read(path).await.unwrap_err();
        assert_eq!(refused.trouble, Trouble::Settings, "{refused}");
        let said = &refused.message;
        assert!(said.contains(path) && said.contains(what), "{refused}");
        assert!(
            refused.has_advice && said.contains("name a file"),
            "{refused}"
        );
    }
    // A leftover of a killed writer may be anything.
    let path = at(directory.path(), "day.csv");
    let held = Local.replace(&path).await.unwrap();
    let own = all_names(directory.path());
    let own = own
        .iter()
        .find(|name| name.starts_with(".day.csv"))
        .unwrap();
    let mut parts: Vec<&str> = own.rsplitn(3, '-').collect();
    parts[1] = "1";
    parts.reverse();
    make_pipe(&at(directory.path(), &parts.join("-")));
    write_all(&Local, &path, b"whole", 9).await.unwrap();
    drop(held);
    assert_eq!(fs::read(&path).unwrap(), b"whole");
}

#[tokio::test]
async fn removing_a_file_that_is_gone_is_well() {
    let directory = tempfile::tempdir().unwrap();
    let path = at(directory.path(), "file");
    fs::write(&path, "x").unwrap();
    Local.remove(&path).await.unwrap();
    assert_eq!(Local.entry(&path).await.unwrap(), None);
    Local.remove(&path).await.unwrap();
    let missing = Local.read(&path).await.unwrap_err();
    assert_eq!(missing.trouble, Trouble::NotFound);
}

#[tokio::test]
async fn the_next_writer_removes_what_a_killed_one_left_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("day.csv");
    let mut child = playing("hold", &path, r#"exec "$@""#).spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    assert!(out.lines().any(|line| line.unwrap() == "writing"));
    let held = all_names(directory.path());
    assert_eq!(held.len(), 1, "{held:?}");

    // While it lives, others leave its file alone.
    let path = path.to_str().unwrap();
    write_all(&Local, path, b"mine", 9).await.unwrap();
    assert_eq!(all_names(directory.path()), [&held[0], "day.csv"]);

    child.kill().unwrap();
    child.wait().unwrap();
    write_all(&Local, path, b"again", 9).await.unwrap();
    assert_eq!(all_names(directory.path()), ["day.csv"]);
}

#[tokio::test]
async fn a_full_disk_is_named_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("day.csv");
    let mut shells = vec![r#"trap "" XFSZ; ulimit -f 512; exec "$@""#.to_owned()];
    let unshare = std::process::Command::new("unshare")
        .args(["-rm", "true"])
        .output();
    if unshare.is_ok_and(|tried| tried.status.success()) {
        let mount = format!(
            "mount -t tmpfs -o size=2m none {}",
            directory.path().display()
        );
        shells.push(format!(
            r#"exec unshare -rm sh -c '{mount} && exec "$@"' sh "$@""#
        ));
    }
    for shell in shells {
        let done = playing("fill", &path, &shell).output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout);
        let told = said.lines().find(|line| line.starts_with("Full"));
        let told = told.unwrap_or_else(|| panic!("{said}"));
        assert!(told.contains("day.csv on this node"), "{told}");
        assert!(told.contains("write"), "{told}");
        assert_eq!(all_names(directory.path()), [""; 0]);
    }
}
