//! What peers say to each other, and how: frames, TLS from the cluster secret, QUIC connections.
