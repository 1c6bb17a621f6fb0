//! What every command works with: how to print, and whom to ask.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use rustls::ClientConfig;

use crate::args::Global;
use crate::client::{Client, InvalidTrust, Peer, Transport, trust};
use crate::error::Error;
use crate::language::Language;
use crate::output::{Output, Terminal};

/// What every command works with.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) output: Output,
    global: Global,
}

impl Session {
    /// From the command line and the environment.
    pub(crate) fn new(global: Global) -> Self {
        let language = global
            .lang
            .unwrap_or_else(|| Language::of_locale(|name| std::env::var(name).ok()));
        let output = Output {
            format: global.output,
            language,
            terminal: Terminal::of_stdout(),
        };
        Self { output, global }
    }

    /// How long a master, or a peer that went away, is waited for.
    pub(crate) fn timeout(&self) -> Duration {
        self.global.timeout
    }

    /// A client for the peers that were named.
    ///
    /// # Errors
    /// When an address or the token cannot be one.
    pub(crate) fn client(&self) -> Result<Client, Error> {
        self.client_of(&self.global.peers)
    }

    /// A client for these peers.
    ///
    /// # Errors
    /// When an address or the token cannot be one.
    pub(crate) fn client_of(&self, peers: &[String]) -> Result<Client, Error> {
        let language = self.output.language;
        let mut parsed = Vec::new();
        for text in peers.iter().filter(|text| !text.trim().is_empty()) {
            parsed.push(
                Peer::parse(text)
                    .map_err(|invalid| Error::Usage(language.no_address(&invalid.text)))?,
            );
        }
        if parsed.is_empty() {
            return Err(Error::Usage(language.no_peer_named()));
        }
        Ok(Client::new(
            Transport::http(parsed, self.trust()?, language),
            self.global.timeout,
            self.token()?,
        ))
    }

    /// Whose certificates are trusted.
    fn trust(&self) -> Result<Arc<ClientConfig>, Error> {
        let language = self.output.language;
        let ca_file = self.global.ca_file.as_deref();
        let path = || ca_file.unwrap_or_else(|| Path::new("")).display();
        trust(ca_file).map_err(|invalid| {
            Error::Usage(match invalid {
                InvalidTrust::Unreadable(reason) => language.cannot_read(path(), reason),
                InvalidTrust::NoCertificates(reason) => language.no_certificates(path(), reason),
            })
        })
    }

    /// The bearer token: of `--token-file`, else of `PEERFLOW_TOKEN`.
    fn token(&self) -> Result<Option<HeaderValue>, Error> {
        let language = self.output.language;
        let token = match &self.global.token_file {
            Some(path) => Some(
                std::fs::read_to_string(path)
                    .map_err(|error| Error::Usage(language.cannot_read(path.display(), &error)))?,
            ),
            None => std::env::var("PEERFLOW_TOKEN").ok(),
        };
        let Some(token) = token
            .as_deref()
            .map(str::trim)
            .filter(|token| !token.is_empty())
        else {
            return Ok(None);
        };
        let mut header = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_not_visible_ascii| Error::Usage(language.bad_token()))?;
        header.set_sensitive(true);
        Ok(Some(header))
    }
}
