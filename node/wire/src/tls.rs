//! TLS from the cluster's secret: every node knows the key of the cluster's authority, signs a certificate for itself at
//! start, and believes nobody without one.

use std::fmt;
use std::sync::Arc;

use peerflow_model::NodeId;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ED25519, SerialNumber, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::client::{Resumption, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::server::{NoServerSessionStorage, ParsedCertificate, WebPkiClientVerifier};
use rustls::version::TLS13;

use crate::error::Error;
use crate::secret::ClusterSecret;

/// Bytes that a node id may have, so that a gossip digest fits one datagram.
pub(crate) const NODE_ID_BYTES: usize = 20;
/// The name that every node's certificate bears beside its own, so that a caller need not know who will answer.
pub(crate) const ANY_PEER: &str = "peer.peerflow";
/// Keeps other programs that speak QUIC apart.
const PROTOCOL: &[u8] = b"peerflow";
/// DER of a PKCS #8 Ed25519 key up to its 32 bytes of seed (RFC 8410, section 7).
const ED25519_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// What a node needs to prove that it knows the cluster's secret, and to have others prove it. Cheap to clone.
#[derive(Clone)]
pub struct ClusterTls {
    node: NodeId,
    server: Arc<QuicServerConfig>,
    client: Arc<QuicClientConfig>,
}

impl ClusterTls {
    /// Signs a certificate for `node` in the cluster of that name, with a new key.
    ///
    /// # Errors
    /// When the id is empty or longer than 20 bytes, or the operating system gives no random numbers.
    pub fn new(secret: &ClusterSecret, cluster: &str, node: &NodeId) -> Result<Self, Error> {
        let length = node.as_str().len();
        if length == 0 || length > NODE_ID_BYTES {
            return Err(Error::NodeIdLength {
                node: node.as_str().to_owned(),
                limit: NODE_ID_BYTES,
            });
        }
        let (roots, identity) = sign(secret, cluster, node)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Ok(Self {
            node: node.clone(),
            server: server(&provider, &roots, &identity)?,
            client: client(&provider, &roots, &identity)?,
        })
    }

    /// Whose certificate it is.
    pub fn node(&self) -> &NodeId {
        &self.node
    }

    pub(crate) fn server(&self) -> Arc<QuicServerConfig> {
        Arc::clone(&self.server)
    }

    pub(crate) fn client(&self) -> Arc<QuicClientConfig> {
        Arc::clone(&self.client)
    }
}

impl fmt::Debug for ClusterTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterTls")
            .field("node", &self.node)
            .finish_non_exhaustive()
    }
}

/// Whether the connection's other side has a certificate of that node. That the authority signed it, the handshake saw.
pub(crate) fn proves(connection: &quinn::Connection, node: &NodeId) -> bool {
    let Some(identity) = connection.peer_identity() else {
        return false;
    };
    let Ok(chain) = identity.downcast::<Vec<CertificateDer<'static>>>() else {
        return false;
    };
    let Some(Ok(certificate)) = chain.first().map(ParsedCertificate::try_from) else {
        return false;
    };
    ServerName::try_from(name_of(node))
        .is_ok_and(|name| verify_server_name(&certificate, &name).is_ok())
}

/// A node's certificate and its key.
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivatePkcs8KeyDer<'static>,
}

impl Identity {
    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.key.clone_key())
    }
}

/// The cluster's authority, and a certificate that it signs for the node.
fn sign(
    secret: &ClusterSecret,
    cluster: &str,
    node: &NodeId,
) -> Result<(Arc<RootCertStore>, Identity), Error> {
    let authority_key = authority_key(&secret.authority_seed(cluster))?;
    let mut roots = RootCertStore::empty();
    let root = authority()?.self_signed(&authority_key)?;
    roots.add(root.der().clone()).map_err(tls)?;
    let key = KeyPair::generate_for(&PKCS_ED25519)?;
    let issuer = Issuer::new(authority()?, authority_key);
    let mut params = leaf(node)?;
    params.serial_number = Some(serial(&key));
    let certificate = params.signed_by(&key, &issuer)?;
    let identity = Identity {
        chain: vec![certificate.der().clone()],
        key: PrivatePkcs8KeyDer::from(key.serialize_der()),
    };
    Ok((Arc::new(roots), identity))
}

fn server(
    provider: &Arc<CryptoProvider>,
    roots: &Arc<RootCertStore>,
    identity: &Identity,
) -> Result<Arc<QuicServerConfig>, Error> {
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(provider))
            .build()
            .map_err(tls)?;
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&[&TLS13])
        .map_err(tls)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(identity.chain.clone(), identity.key())
        .map_err(tls)?;
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    // Connections live long: resuming one saves nothing and would let an old certificate live on.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(QuicServerConfig::try_from(config).map_err(tls)?))
}

fn client(
    provider: &Arc<CryptoProvider>,
    roots: &Arc<RootCertStore>,
    identity: &Identity,
) -> Result<Arc<QuicClientConfig>, Error> {
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&[&TLS13])
        .map_err(tls)?
        .with_root_certificates(Arc::clone(roots))
        .with_client_auth_cert(identity.chain.clone(), identity.key())
        .map_err(tls)?;
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    config.resumption = Resumption::disabled();
    Ok(Arc::new(QuicClientConfig::try_from(config).map_err(tls)?))
}

fn authority_key(seed: &[u8; 32]) -> Result<KeyPair, Error> {
    let mut der = ED25519_PREFIX.to_vec();
    der.extend_from_slice(seed);
    let der = PrivatePkcs8KeyDer::from(der);
    Ok(KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_ED25519)?)
}

/// The same on every node and in every release, or nodes would not believe each other.
fn authority() -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params
        .distinguished_name
        .push(DnType::CommonName, "peerflow cluster");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.serial_number = Some(SerialNumber::from(1_u64));
    always_valid(&mut params);
    Ok(params)
}

fn leaf(node: &NodeId) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new(vec![ANY_PEER.to_owned(), name_of(node)])?;
    params
        .distinguished_name
        .push(DnType::CommonName, "peerflow node");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    always_valid(&mut params);
    Ok(params)
}

/// One of its own for each key. It begins with a fixed byte because DER leaves leading zeros out: certificates whose
/// lengths differ by chance would make handshakes that no simulation can repeat.
fn serial(key: &KeyPair) -> SerialNumber {
    let start = key.public_key_raw().iter().copied().take(16);
    SerialNumber::from(std::iter::once(0x40).chain(start).collect::<Vec<u8>>())
}

/// The secret alone decides who is a peer: a wrong clock must not, on either side.
fn always_valid(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(1970, 1, 1);
    params.not_after = date_time_ymd(9999, 12, 31);
}

/// A node's id as a DNS name. Ids are free text, so it is spelled in hexadecimal.
fn name_of(node: &NodeId) -> String {
    let id: String = node
        .as_str()
        .bytes()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("node-{id}.peerflow")
}

fn tls(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Tls(Box::new(error))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier;
    use rustls::pki_types::UnixTime;

    use super::*;

    fn secret() -> ClusterSecret {
        "correct horse battery staple etc. pp.".parse().unwrap()
    }

    fn believes(roots: Arc<RootCertStore>, identity: &Identity, name: &str, now: Duration) -> bool {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider)
            .build()
            .unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let now = UnixTime::since_unix_epoch(now);
        verifier
            .verify_server_cert(&identity.chain[0], &[], &name, &[], now)
            .is_ok()
    }

    #[test]
    fn a_wrong_clock_makes_no_stranger_of_a_peer() {
        let (_, peer) = sign(&secret(), "c", &"n1".into()).unwrap();
        let year = Duration::from_secs(365 * 24 * 60 * 60);
        for years in [0, 1, 56, 300, 8_000] {
            let (roots, _) = sign(&secret(), "c", &"n2".into()).unwrap();
            assert!(
                believes(roots, &peer, ANY_PEER, year * years),
                "{years} years"
            );
        }
    }

    #[test]
    fn a_certificate_names_its_node_and_is_believed_only_where_secret_and_cluster_agree() {
        let now = Duration::from_secs(1_760_000_000);
        let (_, peer) = sign(&secret(), "c", &"n1".into()).unwrap();
        let other: ClusterSecret = "correct horse battery staple etc. pp!".parse().unwrap();
        for (secret, cluster, node, is_believed) in [
            (&secret(), "c", "n1", true),
            (&secret(), "c", "n2", false),
            (&secret(), "d", "n1", false),
            (&other, "c", "n1", false),
        ] {
            let (roots, _) = sign(secret, cluster, &"n2".into()).unwrap();
            let name = name_of(&node.into());
            assert_eq!(
                believes(roots, &peer, &name, now),
                is_believed,
                "{cluster} {node}"
            );
        }
    }

    /// A release that made another authority would split the cluster in a rolling upgrade.
    #[test]
    fn the_authority_never_changes() {
        let key = authority_key(&secret().authority_seed("prod")).unwrap();
        let root = authority().unwrap().self_signed(&key).unwrap();
        let hash = peerflow_model::ContentHash::of(root.der());
        assert_eq!(
            hash.to_string(),
            "6ca303c813440548d0df8315c2c40ac1f039673fd71a4ac4cc41ae8d7e0cbf86"
        );
    }
}
