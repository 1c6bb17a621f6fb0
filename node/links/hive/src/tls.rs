//! Encryption. The server's certificate is always looked at.

use std::io;
use std::path::Path;
use std::sync::Arc;

use peerflow_rows::{Error, Trouble};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What encrypts a connection; `authorities` is a file in PEM form, without which the usual ones are trusted.
pub(crate) fn connector(authorities: Option<&Path>) -> Result<TlsConnector, Error> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(path) => {
            for certificate in certificates(path)? {
                roots
                    .add(certificate)
                    .map_err(|error| unreadable(path, &error.to_string()))?;
            }
        }
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(Trouble::Settings, error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Encrypts `stream` to `host`.
pub(crate) async fn encrypt(
    connector: &TlsConnector,
    host: &str,
    stream: TcpStream,
) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    connector.connect(name, stream).await
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(path, &error.to_string()))?;
    if found.is_empty() {
        return Err(unreadable(path, "there is none in it"));
    }
    Ok(found)
}

fn unreadable(path: &Path, why: &str) -> Error {
    Error::new(
        Trouble::Settings,
        format!(
            "sslTrustStore {} cannot be read as certificates in PEM form: {why}; a trust store of Java becomes one by \
             `keytool -exportcert -rfc`",
            path.display()
        ),
    )
}
