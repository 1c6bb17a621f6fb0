//! Saying who the user is.

use std::sync::Arc;

use russh::MethodKind;
use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{self, PrivateKey, PrivateKeyWithHashAlg};

use super::connection::Guard;
use crate::{Error, Secret, SftpSettings, Trouble};

/// How often a server may come back with questions.
const MOST_QUESTIONS: usize = 8;

/// One login, and what it tried so far.
pub(super) struct Login<'a> {
    settings: &'a SftpSettings,
    handle: &'a mut Handle<Guard>,
    tried: Vec<String>,
    /// What the server still takes; empty until it said so.
    takes: Vec<MethodKind>,
}

/// Whether the user is in.
type In = bool;

impl<'a> Login<'a> {
    pub(super) fn new(settings: &'a SftpSettings, handle: &'a mut Handle<Guard>) -> Self {
        Self {
            settings,
            handle,
            tried: Vec::new(),
            takes: Vec::new(),
        }
    }

    /// Tries everything that the settings have, one after the other. A server may want several.
    pub(super) async fn run(mut self) -> Result<(), Error> {
        if let Some(key) = load_key(self.settings).await?
            && self.by_key(key).await?
        {
            return Ok(());
        }
        if self.settings.agent && self.by_agent().await? {
            return Ok(());
        }
        if let Some(password) = self.settings.password.clone()
            && self.by_password(&password).await?
        {
            return Ok(());
        }
        Err(self.refused())
    }

    async fn by_key(&mut self, key: PrivateKey) -> Result<In, Error> {
        let path = self.settings.key_file.clone().unwrap_or_default();
        self.tried.push(format!("the key {}", path.display()));
        let hash = match key.algorithm().is_rsa() {
            true => self.handle.best_supported_rsa_hash().await,
            false => Ok(None),
        };
        let hash = hash.map_err(|error| self.broke(&error))?.flatten();
        let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
        let user = &self.settings.user;
        let result = self.handle.authenticate_publickey(user, key).await;
        self.settle(result)
    }

    async fn by_agent(&mut self) -> Result<In, Error> {
        let asked = async {
            let mut agent = AgentClient::connect_env().await?;
            let keys = agent.request_identities().await?;
            Ok::<_, keys::Error>((agent, keys))
        };
        let (mut agent, keys) = match asked.await {
            Ok(answered) => answered,
            Err(error) => {
                self.tried
                    .push(format!("the agent, which failed ({error})"));
                return Ok(false);
            }
        };
        self.tried
            .push(format!("the agent's {} key(s)", keys.len()));
        for identity in keys {
            let AgentIdentity::PublicKey { key, .. } = identity else {
                continue;
            };
            let hash = match key.algorithm().is_rsa() {
                true => self.handle.best_supported_rsa_hash().await,
                false => Ok(None),
            };
            let hash = hash.map_err(|error| self.broke(&error))?.flatten();
            let user = &self.settings.user;
            let tried = self
                .handle
                .authenticate_publickey_with(user, key, hash, &mut agent);
            // An agent may decline one key and sign with the next.
            let Ok(result) = tried.await else { continue };
            if self.settle(Ok(result))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn by_password(&mut self, password: &Secret) -> Result<In, Error> {
        self.tried.push("the password".to_owned());
        let user = &self.settings.user;
        if self.may_take(MethodKind::Password) {
            let tried = self.handle.authenticate_password(user, password.reveal());
            let result = tried.await;
            if self.settle(result)? {
                return Ok(true);
            }
        }
        // A server that still takes passwords has just refused this one; asking again only counts as one more failure.
        let wrong = self.takes.contains(&MethodKind::Password);
        if !wrong && self.may_take(MethodKind::KeyboardInteractive) {
            return self.by_answers(password).await;
        }
        Ok(false)
    }

    /// Answers what is asked without showing it with the password, and everything else with nothing.
    async fn by_answers(&mut self, password: &Secret) -> Result<In, Error> {
        let user = &self.settings.user;
        let started = self
            .handle
            .authenticate_keyboard_interactive_start(user, None);
        let mut answer = started.await.map_err(|error| self.broke(&error))?;
        for _ in 0..MOST_QUESTIONS {
            let prompts = match answer {
                KeyboardInteractiveAuthResponse::Success => return Ok(true),
                KeyboardInteractiveAuthResponse::Failure {
                    remaining_methods, ..
                } => {
                    self.takes = remaining_methods.to_vec();
                    return Ok(false);
                }
                KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => prompts,
            };
            let words = prompts.iter().map(|prompt| match prompt.echo {
                true => String::new(),
                false => password.reveal().to_owned(),
            });
            let told = self
                .handle
                .authenticate_keyboard_interactive_respond(words.collect());
            answer = told.await.map_err(|error| self.broke(&error))?;
        }
        Ok(false)
    }

    /// Whether there is any use in trying. A server that said nothing yet may take everything.
    fn may_take(&self, kind: MethodKind) -> bool {
        self.takes.is_empty() || self.takes.contains(&kind)
    }

    fn settle(&mut self, result: Result<AuthResult, russh::Error>) -> Result<In, Error> {
        match result {
            Ok(AuthResult::Success) => Ok(true),
            Ok(AuthResult::Failure {
                remaining_methods, ..
            }) => {
                self.takes = remaining_methods.to_vec();
                if self.takes.is_empty() && self.handle.is_closed() {
                    // Servers hang up after some tries.
                    return Err(self.refused());
                }
                Ok(false)
            }
            Err(error) => Err(self.broke(&error)),
        }
    }

    fn broke(&self, error: &russh::Error) -> Error {
        let server = server(self.settings);
        let message = format!("the connection to {server} broke off during the login: {error}");
        Error::new(Trouble::Unreachable, message)
    }

    fn refused(&self) -> Error {
        let (server, user) = (server(self.settings), &self.settings.user);
        let tried = match self.tried.is_empty() {
            true => "the link has no password, key file or agent to try".to_owned(),
            false => format!("tried {}", self.tried.join(", ")),
        };
        let takes: Vec<String> = self.takes.iter().map(String::from).collect();
        let takes = match takes.is_empty() {
            true => String::new(),
            false => format!("; the server takes {}", takes.join(", ")),
        };
        let message = format!(
            "{server} does not let the user `{user}` in: {tried}{takes}; check the user, and that the server knows the \
             key or the password"
        );
        Error::advising(Trouble::AccessDenied, message)
    }
}

/// For people: where the server is.
pub(super) fn server(settings: &SftpSettings) -> String {
    let SftpSettings { host, port, .. } = settings;
    format!("the SFTP server {host}:{port}")
}

async fn load_key(settings: &SftpSettings) -> Result<Option<PrivateKey>, Error> {
    let Some(path) = settings.key_file.clone() else {
        return Ok(None);
    };
    let (file, passphrase) = (path.clone(), settings.key_passphrase.clone());
    // Opening a key with a passphrase takes long on purpose.
    let loaded = tokio::task::spawn_blocking(move || {
        keys::load_secret_key(file, passphrase.as_ref().map(Secret::reveal))
    });
    let message = |why: String| format!("cannot use the private key {}: {why}", path.display());
    let failed = |why| Error::new(Trouble::Settings, message(why));
    let advising = |why| Error::advising(Trouble::Settings, message(why));
    let loaded = loaded.await.map_err(|error| failed(error.to_string()))?;
    loaded
        .map(Some)
        .map_err(|error| match (error, &settings.key_passphrase) {
            (keys::Error::KeyIsEncrypted, None) => {
                advising("it is encrypted; give the link its passphrase".to_owned())
            }
            (keys::Error::IO(error), _) => failed(error.to_string()),
            (error, None) => advising(format!(
                "{error}; it has to be a private key that OpenSSH can use"
            )),
            (error, Some(_)) => advising(format!("{error}; check its passphrase")),
        })
}
