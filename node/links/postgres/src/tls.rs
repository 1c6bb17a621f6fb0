//! Encryption, with the meaning that `sslmode` has: only the `verify-` modes look at who the server is.

use std::path::Path;
use std::sync::Arc;

use peerflow_rows::Error;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
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
    let mut trusted = Vec::new();
    match &encryption.authorities {
        Some(path) if check != Check::Nothing => {
            trusted = certificates("sslrootcert", path)?;
            for certificate in trusted.iter().cloned() {
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
        trusted,
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
    /// Certificates that the link names. A server's own may be one of them, as when it has signed itself.
    trusted: Vec<CertificateDer<'static>>,
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
        if self.trusted.iter().any(|trusted| trusted == end_entity) {
            if self.check == Check::Name {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Whether a server that shows `own` is accepted as `db`, by a link that trusts `trusted`.
    fn accepts(mode: Mode, trusted: &rcgen::Certificate, own: &rcgen::Certificate) -> bool {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), trusted.pem()).unwrap();
        let encryption = Encryption {
            mode,
            authorities: Some(file.path().to_owned()),
            certificate: None,
            key: None,
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = verifier(&encryption, &provider).unwrap();
        let name = ServerName::try_from("db").unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000));
        verifier
            .verify_server_cert(own.der(), &[], &name, &[], now)
            .is_ok()
    }

    #[test]
    fn each_mode_checks_what_its_name_says() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = parameters.self_signed(&key).unwrap();
        let issuer = rcgen::Issuer::new(parameters, key);
        let signed = |name: &str| {
            let key = rcgen::KeyPair::generate().unwrap();
            let parameters = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
            parameters.signed_by(&key, &issuer).unwrap()
        };
        let alone = |name: &str| {
            rcgen::generate_simple_self_signed(vec![name.to_owned()])
                .unwrap()
                .cert
        };
        let (right, other) = (signed("db"), signed("other"));
        assert!(accepts(Mode::VerifyFull, &authority, &right));
        assert!(!accepts(Mode::VerifyFull, &authority, &other));
        assert!(accepts(Mode::VerifyAuthority, &authority, &other));
        assert!(!accepts(Mode::VerifyAuthority, &authority, &alone("db")));
        // A file of authorities makes `require` look at them, as everywhere; `prefer` never does.
        assert!(!accepts(Mode::Require, &authority, &alone("db")));
        assert!(accepts(Mode::Prefer, &authority, &alone("db")));
        let (right, other) = (alone("db"), alone("other"));
        assert!(accepts(Mode::VerifyFull, &right, &right));
        assert!(!accepts(Mode::VerifyFull, &other, &other));
        assert!(accepts(Mode::VerifyAuthority, &other, &other));
    }
}
