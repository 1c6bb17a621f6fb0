//! Callers who do not belong here, and peers who are well meanwhile.

use std::net::UdpSocket;
use std::sync::Arc;

use quinn::crypto::rustls::QuicClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};

use super::rig::*;
use crate::tls::ANY_PEER;
use crate::{ClusterTls, Endpoint, Error};

#[tokio::test]
async fn a_foreign_secret_opens_nothing_in_either_direction() {
    let b = endpoint("b");
    let mut foreign = config("a");
    foreign.tls = ClusterTls::new(&other_secret(), CLUSTER, &"a".into()).unwrap();
    let foreign = Endpoint::bind(foreign).unwrap();
    let error = foreign
        .connect(&"b".into(), b.local_addr().unwrap())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Stranger { .. }), "{error:?}");
    assert!(error.to_string().contains("cluster.secret_file"), "{error}");
    metered(&b, |meters| meters.strangers == 1).await;

    let error = b
        .connect(&"a".into(), foreign.local_addr().unwrap())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Stranger { .. }), "{error:?}");
    a_good_peer_gets_through(&b).await;
}

#[tokio::test]
async fn a_caller_without_or_with_a_foreign_certificate_gets_nowhere() {
    let b = endpoint("b");
    let address = b.local_addr().unwrap();
    for (count, certificate) in [(1, None), (2, Some(()))] {
        let client = gullible_client(certificate.is_some());
        let stranger = quinn::Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
        // The handshake seems done to the caller: the other side has yet to look.
        let connection = bounded(stranger.connect_with(client, address, ANY_PEER).unwrap())
            .await
            .unwrap();
        let error = bounded(connection.closed()).await;
        assert!(crate::error::tls_failure(&error).is_some(), "{error:?}");
        metered(&b, |meters| meters.strangers == count).await;
    }
    assert_eq!(b.meters().accepted, 0);
    a_good_peer_gets_through(&b).await;
}

#[tokio::test]
async fn callers_that_say_nothing_block_nobody_and_are_turned_away() {
    const SILENT: u64 = 20;
    let b = endpoint("b");
    let address = b.local_addr().unwrap();
    let garbage = UdpSocket::bind("127.0.0.1:0").unwrap();
    for length in [0, 1, 20, 1200] {
        garbage.send_to(&vec![0xc3; length], address).unwrap();
    }
    let mut silent = quinn::Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    silent.set_default_client_config(quinn::ClientConfig::new(config("mute").tls.client()));
    let mut connections = Vec::new();
    for _ in 0..SILENT {
        let connecting = silent.connect(address, ANY_PEER).unwrap();
        connections.push(bounded(connecting).await.unwrap());
    }
    assert_eq!(b.meters().strangers, 0, "they still have time to speak");
    a_good_peer_gets_through(&b).await;
    metered(&b, |meters| meters.strangers == SILENT).await;
    for connection in connections {
        bounded(connection.closed()).await;
    }
}

#[tokio::test]
async fn what_is_no_greeting_is_refused() {
    let b = endpoint("b");
    let mut rude = quinn::Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    rude.set_default_client_config(quinn::ClientConfig::new(config("rude").tls.client()));
    let connecting = rude.connect(b.local_addr().unwrap(), ANY_PEER).unwrap();
    let connection = bounded(connecting).await.unwrap();
    let (mut send, _receive) = connection.open_bi().await.unwrap();
    send.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let closed = bounded(connection.closed()).await;
    assert!(closed.to_string().contains("no greeting"), "{closed}");
    metered(&b, |meters| meters.refused == 1).await;
    a_good_peer_gets_through(&b).await;
}

#[tokio::test]
async fn more_callers_than_there_is_room_for_are_turned_away_at_once() {
    let mut config = config("b");
    config.limits.callers = 4;
    config.limits.connect = BOUND;
    let b = Endpoint::bind(config).unwrap();
    let mut silent = quinn::Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    silent.set_default_client_config(quinn::ClientConfig::new(self::config("mute").tls.client()));
    let mut connections = Vec::new();
    for _ in 0..4 {
        let connecting = silent.connect(b.local_addr().unwrap(), ANY_PEER).unwrap();
        connections.push(bounded(connecting).await.unwrap());
    }
    let error = endpoint("late")
        .connect(&"b".into(), b.local_addr().unwrap())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    metered(&b, |meters| meters.strangers == 1).await;
    for connection in connections {
        connection.close(0_u32.into(), b"");
    }
    metered(&b, |meters| meters.strangers == 5).await;
    a_good_peer_gets_through(&b).await;
}

/// A client that believes every server, with no certificate or with one of another cluster.
fn gullible_client(with_certificate: bool) -> quinn::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Gullible(provider)));
    let mut config = if with_certificate {
        let key = rcgen::generate_simple_self_signed(vec![ANY_PEER.to_owned()]).unwrap();
        let der = rustls::pki_types::PrivatePkcs8KeyDer::from(key.signing_key.serialize_der());
        builder
            .with_client_auth_cert(vec![key.cert.der().clone()], der.into())
            .unwrap()
    } else {
        builder.with_no_client_auth()
    };
    config.alpn_protocols = vec![b"peerflow".to_vec()];
    quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(config).unwrap()))
}

#[derive(Debug)]
struct Gullible(Arc<CryptoProvider>);

impl ServerCertVerifier for Gullible {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
