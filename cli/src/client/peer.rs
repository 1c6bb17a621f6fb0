//! Addresses of peers as people write them.

use http::Uri;

/// A peer's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    /// Whether it is spoken to by TLS.
    pub(crate) https: bool,
    /// As `host:port`.
    pub(crate) authority: String,
}

/// An address that cannot be one of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidPeer {
    /// What was written; `***` stands for what may be a password.
    pub(crate) text: String,
}

/// Port of the API where none is written.
const DEFAULT_PORT: u16 = 8090;

impl Peer {
    /// Reads `https://host:port`, `http://host:port`, `host:port` or `host`; a trailing slash is forgiven, a path is not.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidPeer> {
        let trimmed = text.trim();
        let wrong = || InvalidPeer {
            text: match trimmed.rsplit_once('@') {
                Some((_, host)) => format!("***@{host}"),
                None => trimmed.to_owned(),
            },
        };
        let (https, rest) = match trimmed.strip_prefix("https://") {
            Some(rest) => (true, rest),
            None => (false, trimmed.strip_prefix("http://").unwrap_or(trimmed)),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let uri: Uri = format!("http://{rest}")
            .parse()
            .map_err(|_invalid| wrong())?;
        let authority = uri.authority().ok_or_else(wrong)?;
        if uri
            .path_and_query()
            .is_some_and(|path| path.as_str() != "/")
            || authority.as_str().contains('@')
            || authority.host().is_empty()
            || (authority.port_u16().is_none() && authority.as_str() != authority.host())
        {
            return Err(wrong());
        }
        let port = authority.port_u16().unwrap_or(DEFAULT_PORT);
        Ok(Self {
            https,
            authority: format!("{}:{port}", authority.host()),
        })
    }

    /// Its URL, without a path.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.https { "https" } else { "http" };
        format!("{scheme}://{}", self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_leave_out_scheme_and_port() {
        for (text, expected) in [
            ("http://127.0.0.1:8090", "127.0.0.1:8090"),
            ("127.0.0.1:9000/", "127.0.0.1:9000"),
            (" etl-3 ", "etl-3:8090"),
            ("http://[::1]:81", "[::1]:81"),
            ("[::1]", "[::1]:8090"),
        ] {
            let expected = Peer {
                https: false,
                authority: expected.to_owned(),
            };
            assert_eq!(Peer::parse(text), Ok(expected));
        }
        let secured = Peer::parse("https://etl-3/").expect("an address");
        assert_eq!(secured.url(), "https://etl-3:8090");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "http://",
            "a b",
            "host:port",
            "host:99999",
            "http://host/api",
            "user@host",
            "ftp://host",
        ] {
            assert!(Peer::parse(text).is_err(), "{text:?} was taken");
        }
        let error = Peer::parse("http://user:s3cret@host").expect_err("it was taken");
        assert!(!error.text.contains("s3cret"), "{}", error.text);
    }
}
