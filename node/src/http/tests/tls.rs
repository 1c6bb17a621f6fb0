//! The API over TLS, on real sockets.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;

use super::Peer;
use crate::config::{HttpConfig, TlsFiles};
use crate::http::tls::{Certificates, Look, TlsError};
use crate::http::{HttpListener, ListenError, serve};

const PATIENT: Duration = Duration::from_secs(20);

/// Puts a new certificate for `localhost` and its key into `dir`.
fn renew(dir: &Path) -> CertificateDer<'static> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    let params = CertificateParams::new(["localhost".to_owned()]).expect("parameters");
    let certificate = params.self_signed(&key).expect("a certificate");
    std::fs::write(dir.join("cert.pem"), certificate.pem()).expect("written");
    std::fs::write(dir.join("key.pem"), key.serialize_pem()).expect("written");
    certificate.der().clone()
}

fn files(dir: &Path) -> TlsFiles {
    TlsFiles {
        cert: dir.join("cert.pem"),
        key: dir.join("key.pem"),
    }
}

/// A peer that serves TLS with the certificate in `dir`, until the set is dropped.
async fn served(dir: &Path, tasks: &mut JoinSet<()>) -> (Peer, HttpAddress) {
    let config = HttpConfig {
        listen: Some("127.0.0.1:0".parse().expect("an address")),
        tls: Some(files(dir)),
        token: None,
    };
    let listener = HttpListener::bind(&config).await.expect("it binds");
    let listener = listener.expect("HTTP is on");
    let address = listener.address();
    let certificates = Arc::clone(listener.tls.as_ref().expect("TLS is on"));
    let peer = Peer::with_access(listener.access()).await;
    let router = peer.router.clone();
    tasks.spawn(serve(listener, router, CancellationToken::new()));
    let at = HttpAddress {
        address,
        certificates,
    };
    (peer, at)
}

struct HttpAddress {
    address: std::net::SocketAddr,
    certificates: Arc<Certificates>,
}

impl HttpAddress {
    async fn plain(&self) -> TcpStream {
        TcpStream::connect(self.address)
            .await
            .expect("a connection")
    }

    /// A TLS connection of whoever trusts `trusted` alone.
    async fn trusting(
        &self,
        trusted: &CertificateDer<'static>,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(trusted.clone()).expect("an anchor");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("a name");
        let connect = TlsConnector::from(Arc::new(config)).connect(name, self.plain().await);
        tokio::time::timeout(PATIENT, connect)
            .await
            .expect("a handshake in time")
    }
}

async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .expect("a request is sent");
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(PATIENT, stream.read(&mut answer));
    let length = read.await.expect("an answer in time").expect("an answer");
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[tokio::test]
async fn a_handshake_that_never_comes_keeps_nobody_from_being_answered() {
    let dir = tempfile::tempdir().expect("a directory");
    let trusted = renew(dir.path());
    let mut tasks = JoinSet::new();
    let (_peer, at) = served(dir.path(), &mut tasks).await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(at.plain().await);
    }
    let mut stream = at.trusting(&trusted).await.expect("a connection");
    let answer = ask(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn plain_http_on_the_tls_port_is_told_to_speak_https() {
    let dir = tempfile::tempdir().expect("a directory");
    renew(dir.path());
    let mut tasks = JoinSet::new();
    let (_peer, at) = served(dir.path(), &mut tasks).await;
    let answer = ask(&mut at.plain().await).await;
    assert!(
        answer.starts_with("HTTP/1.1 400") && answer.contains("this port speaks HTTPS"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_without_a_restart_and_a_broken_one_changes_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let old = renew(dir.path());
    let mut tasks = JoinSet::new();
    let (_peer, at) = served(dir.path(), &mut tasks).await;
    let mut kept = at.trusting(&old).await.expect("a connection");
    assert!(matches!(at.certificates.look().await, Look::Unchanged));

    std::fs::write(dir.path().join("cert.pem"), "not yet written").expect("written");
    assert!(matches!(
        at.certificates.look().await,
        Look::Kept(TlsError::NoCertificate { .. })
    ));
    assert!(matches!(at.certificates.look().await, Look::Unchanged));
    at.trusting(&old).await.expect("the old one is still shown");

    let new = renew(dir.path());
    assert!(matches!(at.certificates.look().await, Look::Replaced));
    at.trusting(&new).await.expect("the new one is shown");
    at.trusting(&old).await.expect_err("the old one is gone");
    let answer = ask(&mut kept).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn files_that_cannot_be_used_say_what_is_wrong_with_which() {
    let dir = tempfile::tempdir().expect("a directory");
    let other = tempfile::tempdir().expect("a directory");
    renew(dir.path());
    renew(other.path());
    let good = files(dir.path());
    let broken = dir.path().join("broken.pem");
    let why = async |files: TlsFiles| {
        let config = HttpConfig {
            listen: Some("127.0.0.1:0".parse().expect("an address")),
            tls: Some(files),
            token: None,
        };
        let error = HttpListener::bind(&config).await.expect_err("refused");
        assert!(matches!(error, ListenError::Tls(_)), "{error}");
        error.to_string()
    };
    let with_key = |key: &Path| TlsFiles {
        key: key.to_owned(),
        ..good.clone()
    };
    let foreign = why(with_key(&other.path().join("key.pem"))).await;
    assert!(
        foreign.contains("is not that of the first certificate"),
        "{foreign}"
    );
    let swapped = TlsFiles {
        cert: good.key.clone(),
        key: good.cert.clone(),
    };
    let swapped = why(swapped).await;
    assert!(
        swapped.contains("key.pem holds no certificate"),
        "{swapped}"
    );
    let absent = why(with_key(&dir.path().join("absent.pem"))).await;
    assert!(
        absent.contains("cannot read") && absent.contains("absent.pem"),
        "{absent}"
    );
    for (content, part) in [
        ("", "holds no private key"),
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nTUlJ\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "is encrypted",
        ),
        ("-----BEGIN PRIVATE KEY-----\nc2VjcmV0", "has no end"),
        (
            "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
            "cannot be used",
        ),
    ] {
        std::fs::write(&broken, content).expect("written");
        let error = why(with_key(&broken)).await;
        assert!(
            error.contains(part) && !error.contains("c2VjcmV0"),
            "{content}: {error}"
        );
    }
}

#[tokio::test]
async fn an_open_socket_demands_the_token_also_from_this_machine() {
    let mut config = HttpConfig {
        listen: Some("0.0.0.0:0".parse().expect("an address")),
        tls: None,
        token: None,
    };
    let error = HttpListener::bind(&config).await.expect_err("refused");
    assert!(error.to_string().contains("cluster.secret_file"), "{error}");
    config.token = Some("t0ken".to_owned().into());
    let listener = HttpListener::bind(&config).await.expect("it binds");
    let listener = listener.expect("HTTP is on");
    let port = listener.address().port();
    let peer = Peer::with_access(listener.access()).await;
    let mut tasks = JoinSet::new();
    let router = peer.router.clone();
    tasks.spawn(serve(listener, router, CancellationToken::new()));
    for (path, header, status) in [
        ("/healthz", "", "200"),
        ("/readyz", "", "200"),
        ("/metrics", "", "401"),
        ("/metrics", "Authorization: Bearer t0ken\r\n", "200"),
        ("/api/v1/front", "", "401"),
        ("/api/v1/front", "Authorization: Bearer t0kem\r\n", "401"),
        ("/api/v1/openapi.json", "", "401"),
        ("/nowhere", "", "401"),
        (
            "/api/v1/front",
            "Origin: https://pages.example\r\nAuthorization: Bearer t0ken\r\n",
            "200",
        ),
    ] {
        let mut stream = TcpStream::connect(("127.0.0.1", port))
            .await
            .expect("a connection");
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = [0; 12];
        let read = tokio::time::timeout(PATIENT, stream.read_exact(&mut answer));
        read.await.expect("an answer in time").expect("an answer");
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.ends_with(status), "{path} {header}: {answer}");
    }
}
