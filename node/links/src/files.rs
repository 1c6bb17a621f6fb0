//! Links to files: from what is kept to the settings of each kind of place.

mod hadoop;

use std::path::PathBuf;

use peerflow_files::{FtpEncryption, FtpSettings, S3Settings, Secret, Settings, SftpSettings};
use peerflow_model::{LinkKind, LinkSettings};

use crate::error::{Fault, LinkPart};
use crate::secrets::Secrets;
use crate::system::FileSystemKind;

/// Properties that mean something for a kind, secret ones among them.
pub(crate) fn known_properties(kind: FileSystemKind) -> &'static [&'static str] {
    match kind {
        FileSystemKind::Local => &[],
        FileSystemKind::Hdfs => &["conf-dir", "ca-file"],
        FileSystemKind::Sftp => &[
            "key-file",
            "key-passphrase",
            "agent",
            "known-hosts",
            "host-key",
            "accept-first-use",
        ],
        FileSystemKind::WebHdfs => &["tls", "ca-file"],
        FileSystemKind::S3 => &[
            "bucket",
            "endpoint",
            "region",
            "secret-access-key",
            "ca-file",
        ],
        FileSystemKind::Ftp => &["encryption", "ca-file"],
    }
}

/// A property's name as it is kept: `keyFile`, `key_file` and `KEY-FILE` are `key-file`.
pub(crate) fn property_name(written: &str) -> String {
    let mut name = String::with_capacity(written.len() + 4);
    let mut lower_before = false;
    for character in written.trim().chars() {
        if character.is_ascii_uppercase() && lower_before {
            name.push('-');
        }
        lower_before = character.is_ascii_lowercase();
        name.push(if character == '_' {
            '-'
        } else {
            character.to_ascii_lowercase()
        });
    }
    name
}

/// The name that a property of a link is kept under, however it was written.
pub fn kept_name(kind: LinkKind, written: &str) -> String {
    match kind {
        LinkKind::Database => written.to_owned(),
        LinkKind::File => property_name(written),
    }
}

/// What the leaf of its kind needs to know.
pub(crate) fn settings(
    kind: FileSystemKind,
    link: &LinkSettings,
    secrets: &Secrets,
) -> Result<Settings, Fault> {
    let given = Given { link, secrets };
    match kind {
        FileSystemKind::Local => Ok(Settings::Local),
        FileSystemKind::Sftp => given.sftp().map(Settings::Sftp),
        FileSystemKind::Ftp => given.ftp().map(Settings::Ftp),
        FileSystemKind::S3 => given.s3().map(Settings::S3),
        FileSystemKind::WebHdfs => given.webhdfs().map(Settings::WebHdfs),
        FileSystemKind::Hdfs => given.hdfs(),
    }
}

struct Given<'l> {
    link: &'l LinkSettings,
    secrets: &'l Secrets,
}

impl Given<'_> {
    fn sftp(&self) -> Result<SftpSettings, Fault> {
        let user = self.user("the user who logs in")?;
        let mut settings = SftpSettings::new(self.host()?, user);
        settings.port = self.link.port.unwrap_or(SftpSettings::PORT);
        settings.password = self.password();
        settings.key_file = self.path("key-file")?;
        settings.key_passphrase = self.secrets.reveal("key-passphrase").map(Secret::from);
        let alone = settings.password.is_none() && settings.key_file.is_none();
        settings.agent = self.flag("agent")?.unwrap_or(alone);
        settings.host_key = self.property("host-key").map(str::to_owned);
        settings.known_hosts = match self.path("known-hosts")? {
            Some(path) => Some(path),
            None => std::env::home_dir().map(|home| home.join(".ssh/known_hosts")),
        };
        settings.accept_first_use = self.flag("accept-first-use")?.unwrap_or(false);
        Ok(settings)
    }

    fn ftp(&self) -> Result<FtpSettings, Fault> {
        let encryption = match self
            .property("encryption")
            .map(str::to_ascii_lowercase)
            .as_deref()
        {
            None | Some("none") => FtpEncryption::None,
            Some("explicit" | "tls") => FtpEncryption::Explicit,
            Some(_) => return Err(wrong("encryption", "none or explicit")),
        };
        Ok(FtpSettings {
            host: self.host()?,
            port: self.link.port.unwrap_or(FtpSettings::PORT),
            user: self.user("the user who logs in, or anonymous")?,
            password: self.password(),
            encryption,
            ca_file: self.path("ca-file")?,
        })
    }

    fn s3(&self) -> Result<S3Settings, Fault> {
        let Some(bucket) = self.property("bucket") else {
            return Err(Fault::new(
                property("bucket"),
                "the bucket is missing: write <property name=\"bucket\">its name</property>",
            ));
        };
        let secret = self
            .secrets
            .reveal("secret-access-key")
            .or_else(|| self.secrets.password());
        let Some(secret) = secret else {
            return Err(Fault::new(
                LinkPart::Password,
                "the secret access key is missing: give it as the password",
            ));
        };
        let endpoint = match self.property("endpoint") {
            Some(endpoint) => Some(endpoint.to_owned()),
            None if self.link.host.trim().is_empty() => None,
            None => Some(self.endpoint("https", 443)?),
        };
        Ok(S3Settings {
            endpoint,
            bucket: bucket.to_owned(),
            region: self.property("region").map(str::to_owned),
            access_key_id: self.user("the access key's id")?,
            secret_access_key: Secret::from(secret),
            ca_file: self.path("ca-file")?,
        })
    }

    /// The host as a URL; one that is a URL already stays as it is.
    fn endpoint(&self, scheme: &str, usual_port: u16) -> Result<String, Fault> {
        let host = self.host()?;
        let (scheme, bare) = host.split_once("://").unwrap_or((scheme, &host));
        let bare = bare.trim_end_matches('/');
        let has_scheme = host.contains("://");
        match self.link.port {
            None if has_scheme => Ok(format!("{scheme}://{bare}")),
            port => Ok(format!(
                "{scheme}://{}",
                with_port(bare, port.unwrap_or(usual_port))
            )),
        }
    }

    fn host(&self) -> Result<String, Fault> {
        let host = self.link.host.trim();
        if host.is_empty() {
            return Err(Fault::new(
                LinkPart::Host,
                "the host is missing: write host=\"name or address\"",
            ));
        }
        if host.contains(['@', ' ']) {
            return Err(Fault::new(
                LinkPart::Host,
                "what stands as the host is none: user and password are given apart, as username and password",
            ));
        }
        Ok(host.to_owned())
    }

    fn user(&self, meaning: &str) -> Result<String, Fault> {
        if self.link.username.is_empty() {
            let message = format!("the username is missing: write {meaning}");
            return Err(Fault::new(LinkPart::Username, message));
        }
        Ok(self.link.username.clone())
    }

    fn password(&self) -> Option<Secret> {
        self.secrets.password().map(Secret::from)
    }

    fn property(&self, name: &str) -> Option<&str> {
        let value = self.link.properties.get(name)?.trim();
        Some(value).filter(|value| !value.is_empty())
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, Fault> {
        match self.property(name).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(None),
            Some("true" | "yes" | "1") => Ok(Some(true)),
            Some("false" | "no" | "0") => Ok(Some(false)),
            Some(_) => Err(wrong(name, "true or false")),
        }
    }

    /// A path on the nodes: absolute, or below the home of whoever runs them.
    fn path(&self, name: &str) -> Result<Option<PathBuf>, Fault> {
        let Some(written) = self.property(name) else {
            return Ok(None);
        };
        if let Some(below) = written.strip_prefix("~/") {
            let home = std::env::home_dir();
            let home =
                home.ok_or_else(|| wrong(name, "an absolute path: this node's user has no home"))?;
            return Ok(Some(home.join(below)));
        }
        if !written.starts_with('/') {
            return Err(wrong(name, "an absolute path, or one that begins with ~/"));
        }
        Ok(Some(PathBuf::from(written)))
    }
}

/// The port that stands behind the host itself.
fn port_of(host: &str) -> Option<u16> {
    let (before, port) = host.rsplit_once(':')?;
    let alone = !before.contains(':') || before.ends_with(']');
    port.parse().ok().filter(|_| alone)
}

fn with_port(host: &str, port: u16) -> String {
    if port_of(host).is_some() {
        host.to_owned()
    } else if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

fn property(name: &str) -> LinkPart {
    LinkPart::Property(name.to_owned())
}

fn wrong(name: &str, expected: &str) -> Fault {
    Fault::new(
        property(name),
        format!("the value of property {name} is not understood: write {expected}"),
    )
}
