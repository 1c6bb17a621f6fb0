use std::collections::BTreeMap;

use peerflow_files::{HdfsSettings, Settings};
use peerflow_model::LinkSettings;

use crate::error::{Fault, LinkPart};
use crate::files::settings;
use crate::secrets::Secrets;
use crate::system::FileSystemKind;

fn opened(
    kind: FileSystemKind,
    host: &str,
    port: Option<u16>,
    properties: &[(&str, &str)],
) -> Result<Settings, Fault> {
    let properties = properties
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let link = LinkSettings {
        system: kind.word().to_owned(),
        jdbc_url: String::new(),
        username: "loader".to_owned(),
        host: host.to_owned(),
        port,
        description: String::new(),
        properties: BTreeMap::from_iter(properties),
    };
    settings(kind, &link, &Secrets::new())
}

#[test]
fn hdfs_speaks_its_own_protocol_to_hosts_and_name_services() {
    let cases: [(&str, Option<u16>, &[&str]); 9] = [
        ("hdfs://nn:8020/", None, &["nn:8020"]),
        ("HDFS://nn:9000", None, &["nn:9000"]),
        ("nn", Some(9000), &["nn:9000"]),
        ("nn:9000", None, &["nn:9000"]),
        ("hdfs://night", None, &["night"]),
        ("night", None, &["night"]),
        ("nn1,nn2:9000", None, &["nn1:8020", "nn2:9000"]),
        (
            "hdfs://nn1,hdfs://nn2",
            Some(9000),
            &["nn1:9000", "nn2:9000"],
        ),
        ("::1", None, &["[::1]:8020"]),
    ];
    for (host, port, expected) in cases {
        let found = opened(FileSystemKind::Hdfs, host, port, &[]).unwrap();
        let expected = HdfsSettings {
            name_nodes: expected.iter().map(|name| (*name).to_owned()).collect(),
            user: Some("loader".to_owned()),
            conf_dir: None,
        };
        assert_eq!(found, Settings::Hdfs(expected), "{host}");
    }
    let conf = [("conf-dir", "/etc/hadoop/conf")];
    let Ok(Settings::Hdfs(found)) = opened(FileSystemKind::Hdfs, "night", None, &conf) else {
        panic!("its own protocol");
    };
    assert_eq!(found.conf_dir.unwrap().to_str(), Some("/etc/hadoop/conf"));
}

#[test]
fn http_is_spoken_where_scheme_or_port_says_so() {
    let both = [FileSystemKind::Hdfs, FileSystemKind::WebHdfs];
    for kind in both {
        for (host, port, expected) in [
            ("nn", Some(9870), "http://nn:9870"),
            ("nn:50070", None, "http://nn:50070"),
            ("nn", Some(14000), "http://nn:14000"),
            ("nn", Some(9871), "https://nn:9871"),
            ("webhdfs://nn", None, "http://nn:9870"),
            ("swebhdfs://nn/", None, "https://nn:9871"),
            ("webhdfs://nn:1234", None, "http://nn:1234"),
            ("http://nn", Some(1234), "http://nn:1234"),
            (
                "https://gate.example/hadoop",
                None,
                "https://gate.example/hadoop",
            ),
        ] {
            let Ok(Settings::WebHdfs(found)) = opened(kind, host, port, &[]) else {
                panic!("{host} by HTTP");
            };
            assert_eq!(found.endpoint, expected, "{host}");
        }
    }
    for (tls, expected) in [("true", "https://nn:9871"), ("false", "http://nn:9870")] {
        let found = opened(FileSystemKind::WebHdfs, "nn", None, &[("tls", tls)]);
        let Ok(Settings::WebHdfs(found)) = found else {
            panic!("by HTTP");
        };
        assert_eq!(found.endpoint, expected);
    }
}

#[test]
fn a_host_that_is_none_is_refused() {
    for host in ["hdfs://nn:8020/data", "ftp://nn", "hdfs://", ","] {
        let Err(fault) = opened(FileSystemKind::Hdfs, host, None, &[]) else {
            panic!("{host} is taken");
        };
        assert_eq!(fault.part, LinkPart::Host, "{host}");
    }
}
