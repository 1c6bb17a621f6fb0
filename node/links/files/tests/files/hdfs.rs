//! Files in HDFS, by its own protocol and by HTTP, on a real one.

use std::fs;
use std::io::{BufRead, BufReader};

use bytes::Bytes;
use peerflow_files::{
    FileSystem, Hdfs, HdfsSettings, Trouble, WebHdfs, WebHdfsSettings, WriteFile, list_fitting,
};

use crate::child;
use crate::hdfs_server::Server;
use crate::support::{names, numbered, read_all, write_all};

#[tokio::test]
async fn what_is_written_is_read_back_and_listed() {
    let Some(server) = Server::shared() else {
        return;
    };
    for (files, folder) in server.doors("written") {
        let files = &*files;
        // A block has four MiB.
        let written = [
            ("100% 订单.csv", 9_000_001),
            ("a block.csv", 4 << 20),
            ("a+b&c;d=e,f#g?h.csv", 5),
            ("a%20b'\"\\.csv", 5),
            ("empty.csv", 0),
        ];
        for (name, length) in written {
            let (path, content) = (format!("{folder}/{name}"), numbered(length));
            write_all(files, &path, &content, 700_000).await.unwrap();
            assert!(read_all(files, &path).await.unwrap() == content, "{path}");
            let entry = files.entry(&path).await.unwrap().unwrap();
            assert_eq!((entry.name.as_str(), entry.size), (name, length as u64));
        }
        server.make_folder(&format!("{folder}/d.csv"));
        let found = list_fitting(files, &format!("{folder}/*.csv")).await;
        let mut expected: Vec<_> = written
            .iter()
            .map(|(name, length)| (*name, *length as u64))
            .collect();
        expected.sort_unstable();
        assert_eq!(names(&found.unwrap()), expected);

        let relative = folder.trim_start_matches("/user/loader/");
        for path in [
            format!("{relative}/empty.csv"),
            format!("./{relative}/empty.csv"),
        ] {
            assert!(files.entry(&path).await.unwrap().is_some(), "{path}");
        }
        let path = format!("{folder}/empty.csv");
        files.remove(&path).await.unwrap();
        files.remove(&path).await.unwrap();
        assert_eq!(files.entry(&path).await.unwrap(), None);
        let missing = files.read(&path).await.unwrap_err();
        assert_eq!(missing.trouble, Trouble::NotFound, "{missing}");
        assert!(missing.message.contains(&path), "{missing}");
    }
}

#[tokio::test]
async fn a_listing_of_several_pages_is_whole() {
    let Some(server) = Server::shared() else {
        return;
    };
    for (files, folder) in server.doors("pages") {
        // A page has ten.
        for number in 0..25 {
            server.make_folder(&format!("{folder}/directory-{number:02}"));
        }
        let mut expected = Vec::new();
        for number in 0..21 {
            let name = format!("file-{number:02}");
            write_all(&*files, &format!("{folder}/{name}"), b"x", 1)
                .await
                .unwrap();
            expected.push(name);
        }
        let found = files.list(&folder).await.unwrap();
        let found: Vec<String> = found.into_iter().map(|entry| entry.name).collect();
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn a_file_stays_until_its_successor_is_whole() {
    let Some(server) = Server::shared() else {
        return;
    };
    for (files, folder) in server.doors("replaced") {
        let (files, path) = (&*files, format!("{folder}/day.csv"));
        write_all(files, &path, b"before", 9).await.unwrap();
        server.administer("PUT", &path, "op=SETPERMISSION&permission=660");
        let mut half = files.replace(&path).await.unwrap();
        half.write(Bytes::from(numbered(6_000_000))).await.unwrap();
        assert_eq!(read_all(files, &path).await.unwrap(), b"before");
        assert_eq!(names(&files.list(&folder).await.unwrap()).len(), 2);
        half.discard().await.unwrap();
        assert_eq!(read_all(files, &path).await.unwrap(), b"before");
        assert!(!server.has(&folder, "."));
        write_all(files, &path, b"after", 2).await.unwrap();
        assert_eq!(read_all(files, &path).await.unwrap(), b"after");
        assert!(!server.has(&folder, "."));
        // Who might read it, still may.
        let status = server.administer("GET", &path, "op=GETFILESTATUS");
        assert!(status.contains("\"permission\":\"660\""), "{status}");
        assert!(status.contains("\"owner\":\"loader\""), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_soon_after_its_beginning_leaves_nothing() {
    let Some(server) = Server::shared() else {
        return;
    };
    for (files, folder) in server.doors("given-up") {
        for moment in 0..25 {
            let half = half_of(&*files, &format!("{folder}/day.csv")).await;
            for _ in 0..moment * 40 {
                tokio::task::yield_now().await;
            }
            half.discard().await.unwrap();
        }
        let left = server.administer("GET", &folder, "op=LISTSTATUS");
        assert!(!left.contains("FILE\""), "{left}");
    }
}

#[tokio::test]
async fn what_cannot_be_put_in_its_place_is_taken_away() {
    let Some(server) = Server::shared() else {
        return;
    };
    for (files, folder) in server.doors("misplaced") {
        let path = format!("{folder}/day.csv");
        let half = half_of(&*files, &path).await;
        server.make_folder(&path);
        let error = half.finish().await.unwrap_err();
        assert!(error.message.contains("director"), "{error}");
        let left = server.administer("GET", &folder, "op=LISTSTATUS");
        assert!(!left.contains("FILE\""), "{left}");
        assert!(left.contains("\"pathSuffix\":\"day.csv\""), "{left}");
    }
}

#[tokio::test]
async fn one_protocol_reads_what_the_other_wrote() {
    let Some(server) = Server::shared() else {
        return;
    };
    let [(hdfs, folder), (webhdfs, _)] = server.doors("both");
    let content = numbered(10_000_000);
    for (writer, reader) in [(&*hdfs, &*webhdfs), (&*webhdfs, &*hdfs)] {
        let path = format!("{folder}/a+b%20 数.csv");
        write_all(writer, &path, &content, 1_000_000).await.unwrap();
        assert!(read_all(reader, &path).await.unwrap() == content);
        reader.remove(&path).await.unwrap();
        assert_eq!(writer.entry(&path).await.unwrap(), None);
    }
}

#[tokio::test]
async fn what_may_not_be_or_cannot_be_is_told_in_the_servers_words() {
    let Some(server) = Server::shared() else {
        return;
    };
    for (files, folder) in server.doors("refused") {
        let (files, path) = (&*files, format!("{folder}/day.csv"));
        write_all(files, &path, b"before", 9).await.unwrap();

        let others = format!("/refused-{}", folder.rsplit('-').next().unwrap());
        server.administer("PUT", &others, "op=MKDIRS&permission=755");
        for length in [10, 3_000_000] {
            let (elsewhere, content) = (format!("{others}/x"), numbered(length));
            let forbidden = write_all(files, &elsewhere, &content, 99_999).await;
            let forbidden = forbidden.unwrap_err();
            assert_eq!(forbidden.trouble, Trouble::Forbidden, "{forbidden}");
            assert!(
                forbidden
                    .message
                    .contains("Permission denied: user=loader, access=WRITE"),
                "{forbidden}"
            );
            assert!(!forbidden.message.contains('\n'), "{forbidden}");
        }
        server.administer("PUT", &path, "op=SETPERMISSION&permission=000");
        let forbidden = read_all(files, &path).await.unwrap_err();
        assert_eq!(forbidden.trouble, Trouble::Forbidden, "{forbidden}");
        assert!(forbidden.message.contains("access=READ"), "{forbidden}");

        // A directory that is missing is not made.
        let missing = format!("{folder}/nowhere/x");
        let error = write_all(files, &missing, b"x", 1).await.unwrap_err();
        assert_eq!(error.trouble, Trouble::NotFound, "{error}");
        assert!(!server.has(&folder, "nowhere"));
        let error = files
            .list(&format!("{folder}/nowhere"))
            .await
            .err()
            .unwrap();
        assert_eq!(error.trouble, Trouble::NotFound, "{error}");

        for error in [
            files.list(&path).await.err(),
            files.replace(&folder).await.err(),
            files.remove(&folder).await.err(),
            files.read(&folder).await.err(),
            files.entry(&format!("{path}/below")).await.err(),
            files.replace("/").await.err(),
        ] {
            let error = error.unwrap();
            assert_eq!(error.trouble, Trouble::Settings, "{error}");
        }
        assert_eq!(files.entry(&folder).await.unwrap(), None);
    }
}

#[tokio::test]
async fn no_room_is_told_and_the_old_file_stays() {
    let Some(server) = Server::shared() else {
        return;
    };
    for (files, folder) in server.doors("full") {
        let (files, path) = (&*files, format!("{folder}/day.csv"));
        write_all(files, &path, b"before", 9).await.unwrap();
        // Room for one block and no more.
        let quota = "op=SETQUOTA&namespacequota=9223372036854775807&storagespacequota=5000000";
        server.administer("PUT", &folder, quota);
        let mut file = files.replace(&path).await.unwrap();
        let mut written = Ok(());
        for piece in numbered(9_000_000).chunks(99_999) {
            written = file.write(Bytes::copy_from_slice(piece)).await;
            if written.is_err() {
                break;
            }
        }
        let full = match written {
            Ok(()) => file.finish().await.unwrap_err(),
            Err(full) => {
                file.discard().await.unwrap();
                full
            }
        };
        assert_eq!(full.trouble, Trouble::Full, "{full}");
        assert!(full.message.contains("quota"), "{full}");
        assert!(!full.message.contains('\n'), "{full}");
        assert_eq!(read_all(files, &path).await.unwrap(), b"before");
        assert!(!server.has(&folder, "."), "{folder}");
    }
}

#[tokio::test]
async fn another_servers_port_is_not_taken_for_a_place_without_files() {
    let Some(server) = Server::shared() else {
        return;
    };
    // The name node's other port answers both with words of its own.
    let crossed = WebHdfs::new(&WebHdfsSettings {
        endpoint: format!("http://{}", server.name_node),
        ..server.webhdfs()
    });
    let crossed = crossed.unwrap();
    for error in [
        crossed.entry("/user/loader/x").await.err(),
        crossed.list("/user/loader").await.err(),
    ] {
        let error = error.unwrap();
        assert_eq!(error.trouble, Trouble::Settings, "{error}");
        assert!(error.message.contains("9870"), "{error}");
    }
    let http = server.http.trim_start_matches("http://").to_owned();
    let crossed = Hdfs::new(HdfsSettings {
        name_nodes: vec![http],
        ..server.hdfs()
    });
    let error = crossed.unwrap().entry("/user/loader/x").await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unreachable, "{error}");
    assert!(error.message.contains("8020"), "{error}");
}

#[tokio::test]
async fn where_nobody_listens_is_told_by_its_address() {
    let nowhere = |names: &[&str]| {
        let settings = HdfsSettings {
            name_nodes: names.iter().map(|name| (*name).to_owned()).collect(),
            user: Some("loader".to_owned()),
            conf_dir: None,
        };
        Hdfs::new(settings).unwrap()
    };
    let error = nowhere(&["127.0.0.1:1", "localhost:2"]).entry("/x").await;
    let error = error.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unreachable, "{error}");
    for told in ["127.0.0.1:1: ", "localhost:2: ", "efused"] {
        assert!(error.message.contains(told), "{error}");
    }
    // No cluster's settings know this name: it is a host.
    let error = nowhere(&["name-node.invalid"]).entry("/x").await;
    let error = error.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unreachable, "{error}");
    for told in ["name-node.invalid:8020: ", "conf-dir"] {
        assert!(error.message.contains(told), "{error}");
    }
}

#[tokio::test]
async fn one_name_node_of_several_is_enough() {
    let Some(server) = Server::shared() else {
        return;
    };
    let folder = "/user/loader/several";
    server.make_folder(folder);
    let listed = HdfsSettings {
        name_nodes: vec!["127.0.0.1:1".to_owned(), server.name_node.clone()],
        ..server.hdfs()
    };
    // The same as a name service, as clusters' own settings tell of it.
    let conf = tempfile::tempdir().unwrap();
    let properties = [
        ("dfs.nameservices", "night"),
        ("dfs.ha.namenodes.night", "one,two"),
        ("dfs.namenode.rpc-address.night.one", "127.0.0.1:1"),
        ("dfs.namenode.rpc-address.night.two", &server.name_node),
    ];
    let properties: String = properties
        .iter()
        .map(|(name, value)| {
            format!("<property><name>{name}</name><value>{value}</value></property>")
        })
        .collect();
    let site = format!("<configuration>{properties}</configuration>");
    fs::write(conf.path().join("hdfs-site.xml"), site).unwrap();
    let service = HdfsSettings {
        name_nodes: vec!["night".to_owned()],
        conf_dir: Some(conf.path().to_owned()),
        ..server.hdfs()
    };
    for settings in [listed, service.clone()] {
        let files = Hdfs::new(settings).unwrap();
        let path = format!("{folder}/x.csv");
        write_all(&files, &path, b"x", 1).await.unwrap();
        assert_eq!(read_all(&files, &path).await.unwrap(), b"x");
    }
    let elsewhere = HdfsSettings {
        conf_dir: Some(conf.path().join("missing")),
        ..service
    };
    let error = Hdfs::new(elsewhere).unwrap().list("/").await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Settings, "{error}");
    assert!(error.message.contains("conf-dir"), "{error}");
}

#[tokio::test]
async fn what_a_killed_writer_left_the_next_one_removes() {
    let Some(server) = Server::shared() else {
        return;
    };
    let urls = [format!("hdfs://{}", server.name_node), server.http.clone()];
    for ((files, folder), url) in server.doors("killed").into_iter().zip(urls) {
        let path = format!("{folder}/day.csv");
        write_all(&*files, &path, b"before", 9).await.unwrap();
        let mut writer = child::playing("hold", format!("{url}{path}").as_ref(), "exec \"$@\"")
            .spawn()
            .unwrap();
        let said = BufReader::new(writer.stdout.take().unwrap());
        assert!(said.lines().any(|line| line.unwrap() == "writing"));
        // Over HTTP a file begins some time after its first piece is sent.
        while !server.has(&folder, ".day.csv.") {
            tokio::task::yield_now().await;
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        assert_eq!(read_all(&*files, &path).await.unwrap(), b"before");
        write_all(&*files, &path, b"after", 9).await.unwrap();
        assert_eq!(read_all(&*files, &path).await.unwrap(), b"after");
        assert!(!server.has(&folder, "."));
    }
}

#[tokio::test]
async fn a_cluster_that_takes_no_writes_is_told_and_nothing_changes() {
    let Some(server) = Server::own() else {
        return;
    };
    let doors = server.doors("safe");
    let mut halves = Vec::new();
    for (files, folder) in &doors {
        let path = format!("{folder}/day.csv");
        write_all(&**files, &path, b"before", 9).await.unwrap();
        halves.push(half_of(&**files, &path).await);
    }
    server.dfsadmin(&["-safemode", "enter"]);
    for ((files, folder), half) in doors.iter().zip(halves) {
        let path = format!("{folder}/day.csv");
        for error in [
            half.finish().await.unwrap_err(),
            write_all(&**files, &path, b"after", 9).await.unwrap_err(),
            files.remove(&path).await.unwrap_err(),
        ] {
            assert_eq!(error.trouble, Trouble::Unreachable, "{error}");
            assert!(
                error.message.contains("is in safe mode; try again"),
                "{error}"
            );
        }
        assert_eq!(read_all(&**files, &path).await.unwrap(), b"before");
    }
    server.dfsadmin(&["-safemode", "leave"]);

    // Nobody is left who has the files.
    let mut halves = Vec::new();
    for (files, folder) in &doors {
        halves.push(half_of(&**files, &format!("{folder}/day.csv")).await);
    }
    server.stop_data_node();
    for ((files, folder), half) in doors.iter().zip(halves) {
        let path = format!("{folder}/day.csv");
        for error in [
            half.finish().await.unwrap_err(),
            write_all(&**files, &path, b"after", 9).await.unwrap_err(),
            read_all(&**files, &path).await.unwrap_err(),
        ] {
            assert_eq!(error.trouble, Trouble::Unreachable, "{error}");
            assert!(error.message.contains("data node"), "{error}");
            assert!(!error.message.contains('\n'), "{error}");
        }
        assert_eq!(files.entry(&path).await.unwrap().unwrap().size, 6);
    }
}

async fn half_of(files: &dyn FileSystem, path: &str) -> Box<dyn WriteFile> {
    let mut half = files.replace(path).await.unwrap();
    half.write(Bytes::from_static(b"half")).await.unwrap();
    half
}
