//! TLS of the HTTP API: a certificate and its key in files, read again when they change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use peerflow_model::ContentHash;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig};
use tokio::io::AsyncReadExt;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::config::TlsFiles;

/// Between two looks at the files.
const EVERY: Duration = Duration::from_secs(5);

/// The most that either file may hold.
const MOST_BYTES: u64 = 1024 * 1024;

/// Why there is no TLS with these files.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read {path}: {source}")]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{path} is larger than 1MiB; name a file with nothing but the certificates or the key")]
    TooLarge { path: PathBuf },
    #[error("{path} is no PEM file: {reason}")]
    Pem { path: PathBuf, reason: String },
    #[error(
        "{path} holds no certificate; http.tls_cert wants the node's certificate and those between it and its authority, as PEM"
    )]
    NoCertificate { path: PathBuf },
    #[error("{path} holds no private key; http.tls_key wants one as PEM: PKCS#8, RSA or EC")]
    NoKey { path: PathBuf },
    #[error("the key in {path} is encrypted; decrypt it: openssl pkey -in {path} -out FILE")]
    EncryptedKey { path: PathBuf },
    #[error("the key in {key} is not that of the first certificate in {cert}")]
    Mismatch { cert: PathBuf, key: PathBuf },
    #[error("{cert} and {key} cannot be used: {source}")]
    Unusable {
        cert: PathBuf,
        key: PathBuf,
        #[source]
        source: rustls::Error,
    },
}

/// The certificate that is shown to callers now.
#[derive(Debug)]
pub(super) struct Certificates {
    files: TlsFiles,
    current: RwLock<Arc<CertifiedKey>>,
    /// Hash of what the last look found, also where that was of no use: each finding is told once.
    seen: Mutex<ContentHash>,
}

/// What a look at the files came to.
#[derive(Debug)]
pub(super) enum Look {
    Unchanged,
    Replaced,
    /// The new files are of no use, so the old certificate stays.
    Kept(TlsError),
}

impl Certificates {
    /// Reads the files.
    pub(super) async fn load(files: &TlsFiles) -> Result<Arc<Self>, TlsError> {
        let (content, seen) = read(files).await;
        let key = certified(files, &content?)?;
        Ok(Arc::new(Self {
            files: files.clone(),
            current: RwLock::new(Arc::new(key)),
            seen: Mutex::new(seen),
        }))
    }

    /// What makes a TLS connection of a plain one, with the certificate of that moment.
    pub(super) fn acceptor(self: &Arc<Self>) -> TlsAcceptor {
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring supports TLS 1.2 and 1.3");
        let resolver: Arc<dyn ResolvesServerCert> = Arc::clone(self) as _;
        let mut config = config.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }

    /// Looks at the files again, and takes what is new and of use.
    pub(super) async fn look(&self) -> Look {
        let (content, found) = read(&self.files).await;
        let before = std::mem::replace(&mut *lock(&self.seen), found);
        if before == found {
            return Look::Unchanged;
        }
        match content.and_then(|content| certified(&self.files, &content)) {
            Ok(key) => {
                let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
                *current = Arc::new(key);
                Look::Replaced
            }
            Err(error) => Look::Kept(error),
        }
    }

    /// Looks again and again, so that a renewed certificate needs no restart.
    pub(super) async fn watch(&self, stopping: &CancellationToken) {
        let forever = async {
            loop {
                tokio::time::sleep(EVERY).await;
                match self.look().await {
                    Look::Unchanged => {}
                    Look::Replaced => tracing::info!(
                        file = %self.files.cert.display(),
                        "the HTTP API shows a new certificate"
                    ),
                    Look::Kept(error) => tracing::warn!(
                        %error,
                        "the new certificate of the HTTP API is of no use; the old one stays"
                    ),
                }
            }
        };
        stopping.run_until_cancelled(forever).await;
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&current))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Both files, and the hash of what was found.
async fn read(files: &TlsFiles) -> (Result<[Vec<u8>; 2], TlsError>, ContentHash) {
    let both = async { Ok([read_file(&files.cert).await?, read_file(&files.key).await?]) };
    let both = both.await;
    let hash = match &both {
        Ok([cert, key]) => {
            let hashes = [ContentHash::of(cert).0, ContentHash::of(key).0];
            ContentHash::of(hashes.as_flattened())
        }
        Err(error) => ContentHash::of(TlsError::to_string(error).as_bytes()),
    };
    (both, hash)
}

async fn read_file(path: &Path) -> Result<Vec<u8>, TlsError> {
    let content = async {
        let mut content = Vec::new();
        let file = tokio::fs::File::open(path).await?;
        file.take(MOST_BYTES + 1).read_to_end(&mut content).await?;
        Ok(content)
    };
    let content = content.await.map_err(|source| TlsError::Read {
        path: path.to_owned(),
        source,
    })?;
    if content.len() as u64 > MOST_BYTES {
        return Err(TlsError::TooLarge {
            path: path.to_owned(),
        });
    }
    Ok(content)
}

fn certified(files: &TlsFiles, [cert, key]: &[Vec<u8>; 2]) -> Result<CertifiedKey, TlsError> {
    let chain: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_slice_iter(cert).collect();
    let chain = chain.map_err(|error| not_pem(&files.cert, &error))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate {
            path: files.cert.clone(),
        });
    }
    let key = private_key(&files.key, key)?;
    CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|source| match source {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::Mismatch {
            cert: files.cert.clone(),
            key: files.key.clone(),
        },
        source => TlsError::Unusable {
            cert: files.cert.clone(),
            key: files.key.clone(),
            source,
        },
    })
}

fn private_key(path: &Path, content: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(content).map_err(|error| {
        let text = String::from_utf8_lossy(content);
        if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
            TlsError::EncryptedKey {
                path: path.to_owned(),
            }
        } else if matches!(error, pem::Error::NoItemsFound) {
            TlsError::NoKey {
                path: path.to_owned(),
            }
        } else {
            not_pem(path, &error)
        }
    })
}

/// Says what is wrong without a byte of the file, which may hold a key.
fn not_pem(path: &Path, error: &pem::Error) -> TlsError {
    let reason = match error {
        pem::Error::MissingSectionEnd { .. } => "a section has no end; is the file cut?",
        pem::Error::IllegalSectionStart { .. } => "a line that begins a section is broken",
        pem::Error::Base64Decode(_) => "a section is no base64",
        _ => "it is not understood",
    };
    TlsError::Pem {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}
