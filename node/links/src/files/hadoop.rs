//! Links to HDFS: by its own protocol, or by HTTP.

use peerflow_files::{HdfsSettings, Settings, WebHdfsSettings};

use super::{Given, port_of, with_port};
use crate::error::{Fault, LinkPart};

/// Name nodes listen here for HTTP, and here with TLS.
const WEBHDFS_PORT: u16 = 9870;
const WEBHDFS_TLS_PORT: u16 = 9871;
/// Where Hadoop speaks HTTP: name nodes of release 3, of release 2, and HttpFS.
const HTTP_PORTS: [u16; 3] = [WEBHDFS_PORT, 50070, 14000];
/// The same with TLS.
const TLS_PORTS: [u16; 2] = [WEBHDFS_TLS_PORT, 50470];

impl Given<'_> {
    /// By HTTP when the host begins so, or the port is one where Hadoop speaks it; by its own protocol else.
    pub(super) fn hdfs(&self) -> Result<Settings, Fault> {
        let host = self.host()?;
        let (scheme, names) = parts(&host);
        let port = self.link.port.or_else(|| port_of(names));
        let http = match scheme.as_str() {
            "hdfs" => false,
            "" => port.is_some_and(|port| HTTP_PORTS.contains(&port) || TLS_PORTS.contains(&port)),
            _ => true,
        };
        if http {
            return self.webhdfs().map(Settings::WebHdfs);
        }
        let names: Vec<&str> = names
            .split(',')
            .map(|name| parts(name.trim()).1)
            .filter(|name| !name.is_empty())
            .collect();
        if names.is_empty() || names.iter().any(|name| name.contains('/')) {
            return Err(wrong_host());
        }
        let name_nodes = match (names.as_slice(), self.link.port) {
            // Of a host or of a name service: the node that uses it knows.
            ([alone], None) if !alone.contains(':') => vec![(*alone).to_owned()],
            (names, port) => names
                .iter()
                .map(|name| with_port(name, port.unwrap_or(HdfsSettings::PORT)))
                .collect(),
        };
        Ok(Settings::Hdfs(HdfsSettings {
            name_nodes,
            user: self.user("").ok(),
            conf_dir: self.path("conf-dir")?,
        }))
    }

    pub(super) fn webhdfs(&self) -> Result<WebHdfsSettings, Fault> {
        let host = self.host()?;
        let (scheme, bare) = parts(&host);
        let port = self.link.port.or_else(|| port_of(bare));
        let usual_tls = port.is_some_and(|port| TLS_PORTS.contains(&port));
        let (scheme, usual_port) = match scheme.as_str() {
            "http" | "https" => (scheme.as_str(), None),
            "swebhdfs" => ("https", Some(WEBHDFS_TLS_PORT)),
            "webhdfs" => ("http", Some(WEBHDFS_PORT)),
            "" if self.flag("tls")?.unwrap_or(usual_tls) => ("https", Some(WEBHDFS_TLS_PORT)),
            "" => ("http", Some(WEBHDFS_PORT)),
            _ => return Err(wrong_host()),
        };
        let place = match self.link.port.or(usual_port) {
            Some(port) => with_port(bare, port),
            None => bare.to_owned(),
        };
        Ok(WebHdfsSettings {
            endpoint: format!("{scheme}://{place}"),
            user: self.user("").ok(),
            ca_file: self.path("ca-file")?,
        })
    }
}

/// What stands before `://`, in lower case, and what behind it.
fn parts(host: &str) -> (String, &str) {
    let (scheme, behind) = host.split_once("://").unwrap_or(("", host));
    (scheme.to_ascii_lowercase(), behind.trim_end_matches('/'))
}

fn wrong_host() -> Fault {
    Fault::new(
        LinkPart::Host,
        "the host is not understood: write hdfs://name-node:8020, the name of a name service, or http://name-node:9870 \
         for WebHDFS; a path belongs into the step",
    )
}

#[cfg(test)]
mod tests;
