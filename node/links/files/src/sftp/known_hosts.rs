//! The host keys that people trust, as OpenSSH keeps them.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use ring::hmac;
use russh::keys::PublicKey;
use russh::keys::ssh_key::known_hosts::{Entry, HostPatterns, Marker};
use tokio::sync::Mutex;

use crate::{Error, FileSystem, Local, Trouble, fits};

/// Of one host.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownKeys {
    pub trusted: Vec<KnownKey>,
    pub revoked: Vec<PublicKey>,
}

/// A key, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct KnownKey {
    pub key: PublicKey,
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
}

/// The user's own file, where no other is named.
pub(super) fn usual_file() -> Option<PathBuf> {
    env::home_dir().map(|home| home.join(".ssh/known_hosts"))
}

/// How a server is named in these files.
pub(super) fn host_name(host: &str, port: u16) -> String {
    let host = host.to_lowercase();
    match port {
        22 => host,
        _ => format!("[{host}]:{port}"),
    }
}

/// Adds what `file` says of the host that is named so; nothing when there is no such file.
pub(super) fn add_from(file: &Path, name: &str, keys: &mut KnownKeys) -> Result<(), Error> {
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            let tried = format!("cannot read the known-hosts file {}", file.display());
            return Err(Error::from((tried, error)));
        }
    };
    for (number, line) in String::from_utf8_lossy(&text).lines().enumerate() {
        let line = line.trim().replace('\t', " ");
        // Comments, and key types that are not understood here.
        let Ok(entry) = line.parse::<Entry>() else {
            continue;
        };
        if !matches(entry.host_patterns(), name) {
            continue;
        }
        match entry.marker() {
            Some(Marker::Revoked) => keys.revoked.push(entry.public_key().clone()),
            // Only plain host keys are asked for, so nothing that an authority signed comes.
            Some(Marker::CertAuthority) => {}
            None => keys.trusted.push(KnownKey {
                key: entry.public_key().clone(),
                file: file.to_owned(),
                line: number + 1,
            }),
        }
    }
    Ok(())
}

fn matches(patterns: &HostPatterns, name: &str) -> bool {
    match patterns {
        HostPatterns::HashedName { salt, hash } => {
            let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, salt);
            hmac::verify(&key, name.as_bytes(), hash).is_ok()
        }
        HostPatterns::Patterns(patterns) => {
            let mut fitting = false;
            for pattern in patterns {
                let pattern = pattern.to_lowercase();
                match pattern.strip_prefix('!') {
                    Some(excluded) if fits(excluded, name) => return false,
                    Some(_) => {}
                    None => fitting |= fits(&pattern, name),
                }
            }
            fitting
        }
    }
}

/// Writes down the key of a host that had none. The file is replaced at once, and one writer after the other.
pub(super) async fn learn(file: &Path, name: &str, key: &PublicKey) -> Result<(), Error> {
    static ONE_WRITER: Mutex<()> = Mutex::const_new(());
    let failed = |why: String| {
        Error::new(
            Trouble::NotTrusted,
            format!(
                "the host key of {name} cannot be written to {}, so it would not be known the next time: {why}",
                file.display()
            ),
        )
    };
    let key = PublicKey::from(key.key_data().clone());
    let line = key
        .to_openssh()
        .map_err(|error| failed(error.to_string()))?;
    let _writer = ONE_WRITER.lock().await;
    let (existing, place) = (file.to_owned(), file.to_owned());
    let before = tokio::task::spawn_blocking(move || read_or_make(&existing))
        .await
        .map_err(|error| failed(error.to_string()))?
        .map_err(|error| failed(error.to_string()))?;
    let mut content = before;
    if !content.is_empty() && content.last() != Some(&b'\n') {
        content.push(b'\n');
    }
    content.extend_from_slice(format!("{name} {line}\n").as_bytes());
    let place = place.to_string_lossy();
    let mut written = Local.replace(&place).await?;
    written.write(content.into()).await?;
    written.finish().await
}

/// What is in the file; makes the directory that it shall lie in.
fn read_or_make(file: &Path) -> io::Result<Vec<u8>> {
    use std::os::unix::fs::DirBuilderExt;
    match fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let parent = file.parent().filter(|it| !it.as_os_str().is_empty());
            if let Some(parent) = parent {
                let mut builder = fs::DirBuilder::new();
                builder.recursive(true).mode(0o700).create(parent)?;
            }
            Ok(Vec::new())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const OTHER: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILIG2T/B0l0gaqj3puu510tu9N1OkQ4znY3LYuEm5zCF";

    fn known(text: &str, host: &str, port: u16) -> (Vec<usize>, usize) {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        let mut keys = KnownKeys::default();
        add_from(file.path(), &host_name(host, port), &mut keys).unwrap();
        let lines = keys.trusted.iter().map(|known| known.line);
        (lines.collect(), keys.revoked.len())
    }

    #[test]
    fn hosts_are_found_by_name_port_pattern_and_hash() {
        let text = format!(
            "# a comment\n\
             files.example {KEY} someone\n\
             [files.example]:2222 {KEY}\n\
             *.example,!bad.example {OTHER}\n\
             |1|O33ESRMWPVkMYIwJ1Uw+n877jTo=|nuuC5vEqXlEZ/8BXQR7m619W6Ak= {OTHER}\n\
             @revoked *.example {OTHER}\n\
             @cert-authority *.example {KEY}\n\
             files.example sk-unheard-of AAAA\n"
        );
        assert_eq!(known(&text, "Files.Example", 22), (vec![2, 4], 1));
        assert_eq!(known(&text, "files.example", 2222), (vec![3], 0));
        assert_eq!(known(&text, "bad.example", 22), (vec![], 1));
        assert_eq!(known(&text, "example.com", 22), (vec![5], 0));
    }

    #[tokio::test]
    async fn what_is_learnt_is_known_and_the_rest_stays() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("ssh/known_hosts");
        let keys: [PublicKey; 2] = [KEY.parse().unwrap(), OTHER.parse().unwrap()];
        learn(&file, "one", &keys[0]).await.unwrap();
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.trim_end()).unwrap();
        learn(&file, "[two]:2222", &keys[1]).await.unwrap();
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(text, format!("one {KEY}\n[two]:2222 {OTHER}\n"));
    }
}
