//! Whom to believe that a server is the one that is meant.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore, crypto};

use crate::{Error, Trouble};

/// Trusts those that this machine trusts, or the public ones where it has none, and those in `ca_file`.
pub(crate) fn client(ca_file: Option<&Path>) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    if let Some(file) = ca_file {
        let failed = |why: &dyn std::fmt::Display| {
            let message = format!("cannot use the certificates in {}: {why}", file.display());
            Error::new(Trouble::Settings, message)
        };
        for certificate in CertificateDer::pem_file_iter(file).map_err(|error| failed(&error))? {
            let certificate = certificate.map_err(|error| failed(&error))?;
            roots.add(certificate).map_err(|error| failed(&error))?;
        }
    }
    // Named here, so that it does not matter which one the process has as its default.
    let provider = Arc::new(crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(Trouble::Other, format!("TLS cannot be used: {error}")))?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}
