//! Encryption, with the meaning that `sslmode` has: only the `verify-` modes look at who the server is.

use std::path::Path;
use std::sync::Arc;

use peerflow_rows::Error;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::settings::{Encryption, Mode, settings};

/// What encrypts a connection. Reads the files that the settings name.
pub(crate) fn connector(encryption: &Encryption) -> Result<MakeRustlsConnect, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = verifier(encryption, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| settings(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let config = match (&encryption.certificate, &encryption.key) {
        (Some(certificate), Some(key)) => {
            let private = PrivateKeyDer::from_pem_file(key)
                .map_err(|error| unreadable("sslkey", key, "a private key", error))?;
            builder
                .with_client_auth_cert(certificates("sslcert", certificate)?, private)
                .map_err(|error| settings(format!("sslcert and sslkey: {error}")))?
        }
        (None, None) => builder.with_no_client_auth(),
        _ => return Err(settings("sslcert and sslkey need each other")),
    };
    Ok(MakeRustlsConnect::new(config))
}

fn verifier(
    encryption: &Encryption,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let check = match (encryption.mode, &encryption.authorities) {
        (Mode::VerifyFull, _) => Check::Name,
        (Mode::VerifyAuthority, _) | (Mode::Require, Some(_)) => Check::Authority,
        (Mode::Disable | Mode::Prefer | Mode::Require, _) => Check::Nothing,
    };
    let mut roots = RootCertStore::empty();
    match &encryption.authorities {
        Some(path) if check != Check::Nothing => {
            for certificate in certificates("sslrootcert", path)? {
                roots.add(certificate).map_err(|error| {
                    settings(format!("sslrootcert {}: {error}", path.display()))
                })?;
            }
        }
        _ => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    let web = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| settings(error.to_string()))?;
    Ok(Arc::new(Verifier {
        web,
        check,
        provider: Arc::clone(provider),
    }))
}

fn certificates(property: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(property, path, "certificates", error))?;
    if found.is_empty() {
        return Err(settings(format!(
            "{property} {} holds no certificate in PEM form",
            path.display()
        )));
    }
    Ok(found)
}

fn unreadable(property: &str, path: &Path, what: &str, error: impl std::fmt::Display) -> Error {
    settings(format!(
        "{property} {} cannot be read as {what} in PEM form: {error}",
        path.display()
    ))
}

/// How much of the server's certificate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Nothing,
    Authority,
    Name,
}

#[derive(Debug)]
struct Verifier {
    web: Arc<WebPkiServerVerifier>,
    check: Check,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.check == Check::Nothing {
            return Ok(ServerCertVerified::assertion());
        }
        let judged =
            self.web
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match judged {
            // The name is looked at last, so whoever fails there has an authority that is trusted.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.check == Check::Authority => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
