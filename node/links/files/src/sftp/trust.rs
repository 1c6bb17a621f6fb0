//! Whether a server is the one that is meant.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use russh::Preferred;
use russh::keys::{Algorithm, HashAlg, PublicKey};

use super::known_hosts::{self, KnownKeys};
use crate::{Error, SftpSettings, Trouble};

/// Whom the whole machine knows.
const OF_ALL_USERS: &str = "/etc/ssh/ssh_known_hosts";

/// The keys that are trusted, read anew for each connection.
#[derive(Clone, Debug)]
pub(super) struct Trust {
    /// As the known-hosts files say it.
    name: String,
    port: u16,
    host: String,
    means: Means,
}

#[derive(Clone, Debug)]
enum Means {
    Pinned(String),
    Known {
        keys: KnownKeys,
        /// Where new ones are written to.
        file: PathBuf,
        accept_first_use: bool,
    },
}

/// What to do with a server.
#[derive(Debug)]
pub(super) enum Judgement {
    Trusted,
    /// A host that had no key yet, and may be trusted the first time.
    First {
        file: PathBuf,
    },
    /// It has another key than the pinned one. Servers have several; the pinned one may be of another kind.
    PerhapsAnother(Error),
    Refused(Error),
}

impl Trust {
    pub(super) fn of(settings: &SftpSettings) -> Result<Self, Error> {
        let name = known_hosts::host_name(&settings.host, settings.port);
        let means = match &settings.host_key {
            Some(fingerprint) => Means::Pinned(checked(fingerprint)?),
            None => {
                let own = settings.known_hosts.clone();
                let file = own.or_else(known_hosts::usual_file).ok_or_else(|| {
                    let message = "no known-hosts file is set, and the user has no home directory \
                                   with one; set the file, or the host key's fingerprint";
                    Error::advising(Trouble::Settings, message)
                })?;
                let mut keys = KnownKeys::default();
                known_hosts::add_from(&file, &name, &mut keys)?;
                if settings.known_hosts.is_none() {
                    known_hosts::add_from(Path::new(OF_ALL_USERS), &name, &mut keys)?;
                }
                Means::Known {
                    keys,
                    file,
                    accept_first_use: settings.accept_first_use,
                }
            }
        };
        Ok(Self {
            name,
            port: settings.port,
            host: settings.host.clone(),
            means,
        })
    }

    /// The kinds of key to ask the server for: those that are known first, and none of those that it showed already.
    pub(super) fn preferred(&self, shown: &[Algorithm]) -> Preferred {
        let mut kinds = Preferred::DEFAULT.key.to_vec();
        kinds.retain(|kind| !shown.iter().any(|seen| family(seen) == family(kind)));
        if let Means::Known { keys, .. } = &self.means {
            kinds.sort_by_key(|kind| {
                let known =
                    |it: &known_hosts::KnownKey| family(&it.key.algorithm()) == family(kind);
                !keys.trusted.iter().any(known)
            });
        }
        Preferred {
            key: Cow::Owned(kinds),
            ..Preferred::DEFAULT
        }
    }

    pub(super) fn judge(&self, key: &PublicKey) -> Judgement {
        let shown = fingerprint(key);
        match &self.means {
            Means::Pinned(pinned) if *pinned == shown => Judgement::Trusted,
            Means::Pinned(pinned) => Judgement::PerhapsAnother(self.changed(
                key,
                &format!("the link expects {pinned}"),
                "set the link's host key to the new fingerprint",
            )),
            Means::Known {
                keys,
                file,
                accept_first_use,
            } => {
                if keys
                    .revoked
                    .iter()
                    .any(|it| it.key_data() == key.key_data())
                {
                    return Judgement::Refused(self.revoked(key, file));
                }
                let same = |it: &known_hosts::KnownKey| it.key.key_data() == key.key_data();
                if keys.trusted.iter().any(same) {
                    return Judgement::Trusted;
                }
                let kind = family(&key.algorithm());
                let of_kind = keys
                    .trusted
                    .iter()
                    .find(|it| family(&it.key.algorithm()) == kind);
                match of_kind.or_else(|| keys.trusted.first()) {
                    Some(known) => Judgement::Refused(self.changed(
                        key,
                        &format!(
                            "line {} of {} knows {} {}",
                            known.line,
                            known.file.display(),
                            known.key.algorithm(),
                            fingerprint(&known.key)
                        ),
                        &format!(
                            "remove the old key with `ssh-keygen -R '{}' -f {}` and add the new one",
                            self.name,
                            known.file.display()
                        ),
                    )),
                    None if *accept_first_use => Judgement::First { file: file.clone() },
                    None => Judgement::Refused(self.unknown(key, file)),
                }
            }
        }
    }

    /// What the known-hosts files call the server.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn changed(&self, key: &PublicKey, expected: &str, then: &str) -> Error {
        let (host, shown, kind) = (&self.name, fingerprint(key), key.algorithm());
        Error::advising(
            Trouble::NotTrusted,
            format!(
                "the host key of {host} is not the one that is trusted: it shows {kind} {shown}, but {expected}; either the \
                 server was set up anew, or somebody stands between; ask who runs it, and only then {then}"
            ),
        )
    }

    fn revoked(&self, key: &PublicKey, file: &Path) -> Error {
        let (host, shown, file) = (&self.name, fingerprint(key), file.display());
        Error::advising(
            Trouble::NotTrusted,
            format!(
                "the host key of {host}, {shown}, is marked as revoked in {file}: somebody else may have it; ask who runs \
                 the server for a new one"
            ),
        )
    }

    fn unknown(&self, key: &PublicKey, file: &Path) -> Error {
        let (host, shown, kind) = (&self.name, fingerprint(key), key.algorithm());
        let (name, port, file) = (&self.host, self.port, file.display());
        Error::advising(
            Trouble::NotTrusted,
            format!(
                "nothing is known of the server {host}, which shows the host key {kind} {shown}; compare that with what \
                 `ssh-keygen -l` says on the server, then set it as the link's host key, or add the key with \
                 `ssh-keyscan -p {port} {name} >> {file}`, or allow the link to accept the first use"
            ),
        )
    }
}

/// `SHA256:…`, as `ssh-keygen -l` shows it.
pub(super) fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

fn checked(fingerprint: &str) -> Result<String, Error> {
    let fingerprint = fingerprint.trim().trim_end_matches('=');
    let digest = fingerprint.strip_prefix("SHA256:");
    if digest.is_some_and(|digest| digest.len() == 43) {
        return Ok(fingerprint.to_owned());
    }
    let message = format!(
        "`{fingerprint}` is no fingerprint of a host key; it is `SHA256:` and 43 characters, as `ssh-keygen -lf \
         /etc/ssh/ssh_host_ed25519_key.pub` says on the server"
    );
    Err(Error::advising(Trouble::Settings, message))
}

/// The kind of key, whatever hash its signatures use.
fn family(kind: &Algorithm) -> Algorithm {
    match kind {
        Algorithm::Rsa { .. } => Algorithm::Rsa { hash: None },
        other => other.clone(),
    }
}
