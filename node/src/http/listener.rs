//! The socket of the HTTP API: bound, with its certificate, and knowing whom it may answer.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::Access;
use super::tls::{Certificates, TlsError};
use crate::config::HttpConfig;

/// Why the API is on no socket.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error(
        "cannot listen on {address} for HTTP: {source}; choose another http.listen (--http) or stop what is there"
    )]
    Bind {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("cannot serve HTTPS: {0}")]
    Tls(#[from] TlsError),
    #[error(
        "{0} can be reached from elsewhere, so callers must bear the cluster's token, and there is no secret that it \
         follows from: name one in cluster.secret_file"
    )]
    NoToken(SocketAddr),
}

/// A bound socket that nobody answers yet.
#[derive(Debug)]
pub(crate) struct HttpListener {
    pub(super) socket: TcpListener,
    pub(super) tls: Option<Arc<Certificates>>,
    address: SocketAddr,
    access: Access,
}

impl HttpListener {
    /// Reads the certificate and binds the socket; `None` where HTTP is off.
    pub(crate) async fn bind(config: &HttpConfig) -> Result<Option<Self>, ListenError> {
        let Some(address) = config.listen else {
            return Ok(None);
        };
        let tls = match &config.tls {
            Some(files) => Some(Certificates::load(files).await?),
            None => None,
        };
        let failed = |source| ListenError::Bind { address, source };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        // A socket on every address is on no loopback one: what comes from this machine needs the token there too.
        let access = match &config.token {
            _ if address.ip().to_canonical().is_loopback() => Access::Loopback,
            Some(token) => Access::Token(token.reveal().into()),
            None => return Err(ListenError::NoToken(address)),
        };
        Ok(Some(Self {
            socket,
            tls,
            address,
            access,
        }))
    }

    /// What it is bound to.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How requests that come through it prove that they may be answered.
    pub(crate) fn access(&self) -> Access {
        self.access.clone()
    }
}
