//! Making connections.

use std::fmt;
use std::io;
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};
use peerflow_rows::{Error, Trouble};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::client::Client;
use crate::properties::{Authentication, Properties};
use crate::settings::Settings;
use crate::tls::{connector, encrypt};
use crate::wire::{Refusal, Stream, Wire};

/// A connection that nobody speaks over is asked for life after so many seconds, and then every few.
const IDLE: u32 = 30;
/// What Java's client says of a user who has no name or no password.
const ANONYMOUS: &str = "anonymous";

/// Where a server is, and how it is spoken to.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) settings: Settings,
    pub(crate) properties: Properties,
}

/// Values of the session's variables may be secret.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.place()).finish()
    }
}

impl Address {
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.settings.host, self.settings.port)
    }

    /// Who connects, as the server is told.
    pub(crate) fn user(&self) -> &str {
        or_anonymous(&self.settings.user)
    }

    /// A connection on which no session is open yet, made within the link's limit or `within`, whichever is shorter.
    pub(crate) async fn connect(&self, within: Duration) -> Result<Client, Error> {
        let tls = match self.properties.encrypted {
            true => Some(connector(self.properties.authorities.as_deref())?),
            false => None,
        };
        let limit = self.settings.connect_timeout.min(within);
        let place = self.place();
        let wire = timeout(limit, self.wire(tls.as_ref()))
            .await
            .map_err(|_elapsed| {
                unreachable(format!(
                    "{place} did not answer within {} ms; check host, port and firewall, auth=noSasl if the server has it, and ssl",
                    limit.as_millis()
                ))
            })??;
        Ok(Client::new(wire, place, self.properties.patience))
    }

    async fn wire(&self, tls: Option<&TlsConnector>) -> Result<Wire, Error> {
        let (host, place) = (self.settings.host.as_str(), self.place());
        let tcp = TcpStream::connect((host, self.settings.port))
            .await
            .and_then(|tcp| stay_awake(&tcp).map(|()| tcp))
            .map_err(|error| unreachable(format!("cannot reach {place}: {error}")))?;
        let stream: Box<dyn Stream> = match tls {
            Some(tls) => {
                let encrypted = encrypt(tls, host, tcp).await.map_err(|error| {
                    unreachable(format!(
                        "TLS with {place} failed: {error}; check ssl, sslTrustStore and the server's certificate"
                    ))
                })?;
                Box::new(encrypted)
            }
            None => Box::new(tcp),
        };
        if self.properties.authentication == Authentication::None {
            return Ok(Wire::plain(stream));
        }
        let password = or_anonymous(&self.settings.password);
        match Wire::sasl(stream, self.user(), password).await {
            Ok(Ok(wire)) => Ok(wire),
            Ok(Err(Refusal(words))) => Err(Error::new(
                Trouble::AccessDenied,
                format!(
                    "{place} refuses user {}: {}",
                    self.user(),
                    self.without_password(&words)
                ),
            )),
            Err(error) => Err(unreachable(format!(
                "{place} does not take a user and a password: {error}; set auth=noSasl if the server has it, and ssl=true \
                 if it is encrypted. Kerberos is not supported"
            ))),
        }
    }

    /// A server's words may quote what it was told.
    fn without_password(&self, words: &str) -> String {
        match self.settings.password.as_str() {
            "" => words.to_owned(),
            password => words.replace(password, "…"),
        }
    }
}

fn or_anonymous(text: &str) -> &str {
    if text.is_empty() { ANONYMOUS } else { text }
}

/// Small messages go out at once, and a dead server is noticed.
fn stay_awake(tcp: &TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    setsockopt(tcp, sockopt::KeepAlive, &true)?;
    #[cfg(target_os = "linux")]
    {
        setsockopt(tcp, sockopt::TcpKeepIdle, &IDLE)?;
        setsockopt(tcp, sockopt::TcpKeepInterval, &(IDLE / 3))?;
    }
    Ok(())
}

fn unreachable(what: String) -> Error {
    Error::new(Trouble::Unreachable, what)
}
