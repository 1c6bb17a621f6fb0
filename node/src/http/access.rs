//! Who may ask: everybody on this machine, but no web page of somebody else; elsewhere whoever has the token.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use peerflow_model::ContentHash;

use super::api::Api;
use super::problem::{ApiProblem, Kind};

/// How requests prove that they may be answered. A router has one kind for all its requests, so that nothing that a
/// request says or leaves out turns it into another kind.
#[derive(Clone)]
pub(crate) enum Access {
    /// The router is called within this process and is on no socket: every request is answered.
    Inside,
    /// The socket is bound to loopback: no token, but `Host` and `Origin` must be of this machine. A page that a browser
    /// loaded from elsewhere could run scripts here otherwise, also by a name that resolves to 127.0.0.1.
    Loopback,
    /// The socket can be reached from elsewhere: `Authorization: Bearer TOKEN`, save for the health pages. `Origin` does
    /// not matter then: a browser adds no token by itself, as it would a cookie, so a page that sends the token was given
    /// it by somebody who has it. Nor may pages of other origins read an answer: nothing here allows them to.
    Token(Arc<str>),
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inside => "Inside",
            Self::Loopback => "Loopback",
            Self::Token(_) => "Token",
        })
    }
}

/// Lets pass who may ask.
pub(super) async fn guard(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    match check(&api.state.access, request.headers(), request.uri()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check(access: &Access, headers: &HeaderMap, uri: &Uri) -> Result<(), ApiProblem> {
    match access {
        Access::Inside => Ok(()),
        _ if !headers.contains_key(header::HOST) => Err(ApiProblem::invalid_request(
            "the request has no Host header; send HTTP/1.1 with the peer's address in Host",
        )),
        Access::Loopback => check_loopback(headers, uri),
        Access::Token(token) => check_token(token, headers, uri),
    }
}

fn check_loopback(headers: &HeaderMap, uri: &Uri) -> Result<(), ApiProblem> {
    let mut hosts = Vec::new();
    for host in headers.get_all(header::HOST) {
        hosts.push(
            host.to_str()
                .ok()
                .and_then(|text| text.parse::<Authority>().ok())
                .ok_or_else(foreign_host)?,
        );
    }
    hosts.extend(uri.authority().cloned());
    if hosts.len() > 2 || !hosts.iter().all(is_loopback) {
        return Err(foreign_host());
    }
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => Ok(()),
        (Some(origin), None) if hosts.iter().any(|host| is_same(origin.as_bytes(), host)) => Ok(()),
        _ => Err(ApiProblem::new(
            Kind::Forbidden,
            "a web page of another origin may not use this API; open the page from this peer itself",
        )),
    }
}

fn foreign_host() -> ApiProblem {
    ApiProblem::new(
        Kind::Forbidden,
        "the Host header must name this machine's loopback: localhost, 127.0.0.1 or [::1]",
    )
}

fn is_loopback(authority: &Authority) -> bool {
    if authority.as_str().contains('@') {
        return false;
    }
    let host = authority.host();
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn is_same(origin: &[u8], host: &Authority) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        origin
            .strip_prefix(scheme.as_bytes())
            .is_some_and(|rest| rest.eq_ignore_ascii_case(host.as_str().as_bytes()))
    })
}

fn check_token(token: &str, headers: &HeaderMap, uri: &Uri) -> Result<(), ApiProblem> {
    if matches!(uri.path(), "/healthz" | "/readyz") {
        return Ok(());
    }
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.as_bytes().split_at_checked(7))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer "))
        .map(|(_, given)| given.trim_ascii());
    match given {
        Some(given) if is_equal(given, token.as_bytes()) => Ok(()),
        Some(_) => Err(ApiProblem::new(
            Kind::Unauthorized,
            "the token is not this cluster's; `peerflow cluster token` prints it on any of its nodes",
        )),
        None => Err(ApiProblem::new(
            Kind::Unauthorized,
            "send the cluster's token as Authorization: Bearer TOKEN; `peerflow cluster token` prints it on any of its \
             nodes",
        )),
    }
}

/// Compares hashes, every byte of them, so that the time taken tells nothing of the token.
fn is_equal(given: &[u8], token: &[u8]) -> bool {
    let (given, token) = (ContentHash::of(given).0, ContentHash::of(token).0);
    let difference = given
        .iter()
        .zip(token)
        .fold(0, |sum, (one, other)| sum | (one ^ other));
    std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn ask(access: &Access, uri: &str, headers: &[(&str, &str)]) -> Result<(), u16> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().expect("a header");
            map.append(name, value.parse().expect("a value"));
        }
        check(access, &map, &uri.parse().expect("a uri")).map_err(|problem| problem.problem.status)
    }

    #[test]
    fn on_loopback_only_hosts_of_this_machine_are_answered() {
        for host in [
            "localhost",
            "LOCALHOST:8090",
            "127.0.0.1:8090",
            "127.9.9.9",
            "[::1]:8090",
            "[::1]",
        ] {
            assert_eq!(
                ask(&Access::Loopback, "/x", &[("host", host)]),
                Ok(()),
                "{host}"
            );
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example:8090",
            "localhost.evil.example",
            "10.0.0.1",
            "[::2]",
            "me@localhost",
            "localhost@evil.example",
            "",
            "a b",
        ] {
            assert_eq!(
                ask(&Access::Loopback, "/x", &[("host", host)]),
                Err(403),
                "{host}"
            );
        }
        assert_eq!(
            ask(
                &Access::Loopback,
                "http://evil.example/x",
                &[("host", "localhost")]
            ),
            Err(403)
        );
        assert_eq!(
            ask(
                &Access::Loopback,
                "/x",
                &[("host", "localhost"), ("host", "evil.example")]
            ),
            Err(403)
        );
    }

    #[test]
    fn a_call_from_within_the_process_is_known_by_its_router_alone() {
        assert_eq!(ask(&Access::Inside, "/x", &[]), Ok(()));
        assert_eq!(ask(&Access::Inside, "/x", &[("host", "localhost")]), Ok(()));
        let token = Access::Token("t".into());
        for uri in ["/x", "http://localhost/x", "/healthz"] {
            assert_eq!(ask(&Access::Loopback, uri, &[]), Err(400), "{uri}");
            assert_eq!(ask(&token, uri, &[]), Err(400), "{uri}");
            let authorized = [("authorization", "Bearer t")];
            assert_eq!(ask(&token, uri, &authorized), Err(400), "{uri}");
        }
    }

    #[test]
    fn a_foreign_origin_is_refused() {
        let with = |host, origin| {
            ask(
                &Access::Loopback,
                "/x",
                &[("host", host), ("origin", origin)],
            )
        };
        assert_eq!(with("localhost:8090", "http://localhost:8090"), Ok(()));
        assert_eq!(with("localhost:8090", "http://localhost:9999"), Err(403));
        assert_eq!(with("localhost:8090", "http://evil.example"), Err(403));
        assert_eq!(with("localhost:8090", "null"), Err(403));
        assert_eq!(with("evil.example", "http://evil.example"), Err(403));
        assert_eq!(
            ask(
                &Access::Loopback,
                "/x",
                &[("origin", "http://evil.example")]
            ),
            Err(400)
        );
    }

    #[test]
    fn elsewhere_a_token_is_needed_save_for_the_health_pages() {
        let access = Access::Token("s3cret".into());
        let host = ("host", "etl-1:8090");
        assert_eq!(ask(&access, "/api/v1/front", &[host]), Err(401));
        assert_eq!(
            ask(
                &access,
                "/api/v1/front",
                &[host, ("authorization", "Bearer s3cret")]
            ),
            Ok(())
        );
        assert_eq!(
            ask(
                &access,
                "/api/v1/front",
                &[host, ("authorization", "bearer s3cret")]
            ),
            Ok(())
        );
        assert_eq!(
            ask(
                &access,
                "/api/v1/front",
                &[host, ("authorization", "Bearer s3cre")]
            ),
            Err(401)
        );
        assert_eq!(
            ask(
                &access,
                "/api/v1/front",
                &[host, ("authorization", "Basic s3cret")]
            ),
            Err(401)
        );
        assert_eq!(ask(&access, "/healthz", &[host]), Ok(()));
    }
}
