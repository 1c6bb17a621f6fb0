//! A connection to an FTP server.

use std::sync::Arc;
use std::time::Duration;

use suppaftp::tokio::{AsyncRustlsConnector, AsyncRustlsFtpStream};
use suppaftp::tokio_rustls::TlsConnector;
use suppaftp::types::FileType;
use suppaftp::{FtpError, Mode};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::{Error, FtpEncryption, FtpSettings, Trouble, tls};

/// For the connection itself.
const CONNECT: Duration = Duration::from_secs(10);
/// For one answer, or one piece of a file.
const ANSWER: Duration = Duration::from_secs(60);

/// For people: where the server is.
pub(super) fn server(settings: &FtpSettings) -> String {
    format!("the FTP server {}:{}", settings.host, settings.port)
}

/// Connects, encrypts where that is set, and says who the user is.
pub(super) async fn open(settings: &FtpSettings) -> Result<AsyncRustlsFtpStream, Error> {
    let server = server(settings);
    let unreachable = |why: &dyn std::fmt::Display| {
        let message =
            format!("cannot reach {server}: {why}; check host and port, and that it runs");
        Error::advising(Trouble::Unreachable, message)
    };
    let address = (settings.host.as_str(), settings.port);
    let connected = timeout(CONNECT, TcpStream::connect(address)).await;
    let stream = match connected {
        Ok(connected) => connected.map_err(|error| unreachable(&error))?,
        Err(_late) => return Err(unreachable(&"it does not answer within 10 s")),
    };
    let of_version_6 = stream.peer_addr().is_ok_and(|peer| peer.is_ipv6());
    let greeted = AsyncRustlsFtpStream::connect_with_stream(stream);
    let mut ftp = within(greeted, &server, "talk to").await?;
    if settings.encryption == FtpEncryption::Explicit {
        let config = tls::client(settings.ca_file.as_deref())?;
        let connector = AsyncRustlsConnector::from(TlsConnector::from(Arc::new(config)));
        let secured = ftp.into_secure(connector, &settings.host);
        ftp = within(secured, &server, "encrypt the connection to").await?;
    }
    let password = settings.password.as_ref().map_or("", |it| it.reveal());
    let login = ftp.login(settings.user.as_str(), password);
    match timeout(ANSWER, login).await {
        Ok(Err(FtpError::UnexpectedResponse(said))) => {
            let (user, said) = (&settings.user, words(&said.body));
            let message = format!(
                "{server} does not let the user `{user}` in: {said}; check the user and the password"
            );
            return Err(Error::advising(Trouble::AccessDenied, message));
        }
        other => {
            within(
                async { other.unwrap_or_else(|_late| Err(late())) },
                &server,
                "log in at",
            )
            .await?
        }
    }
    // The servers behind a translated address announce one that nobody else can reach; theirs is known already.
    ftp.set_passive_nat_workaround(true);
    if of_version_6 {
        ftp.set_mode(Mode::ExtendedPassive);
    }
    within(ftp.transfer_type(FileType::Binary), &server, "set up").await?;
    Ok(ftp)
}

/// What `work` gives, if it does in time; `tried` goes before the server's name in the message.
pub(super) async fn within<T>(
    work: impl Future<Output = Result<T, FtpError>>,
    server: &str,
    tried: &str,
) -> Result<T, Error> {
    let done = timeout(ANSWER, work).await;
    done.unwrap_or_else(|_late| Err(late()))
        .map_err(|error| trouble(error, server, tried))
}

fn late() -> FtpError {
    FtpError::ConnectionError(std::io::Error::new(
        std::io::ErrorKind::TimedOut,
        "it does not answer",
    ))
}

/// The reply's number; nothing when it is no reply.
pub(super) fn code(error: &FtpError) -> Option<u32> {
    match error {
        FtpError::UnexpectedResponse(said) => words(&said.body).get(..3)?.parse().ok(),
        _ => None,
    }
}

/// What the server said means, with what was tried.
pub(super) fn trouble(error: FtpError, server: &str, tried: &str) -> Error {
    let (trouble, why) = match &error {
        FtpError::UnexpectedResponse(said) => {
            let said = words(&said.body);
            let trouble = match code(&error) {
                Some(421 | 425 | 426) => Trouble::Unreachable,
                Some(530 | 532) => Trouble::AccessDenied,
                Some(452 | 552) => Trouble::Full,
                Some(500 | 502 | 504) => Trouble::Unsupported,
                Some(450 | 550 | 553) => refusal(&said),
                _ => Trouble::Other,
            };
            (trouble, said)
        }
        FtpError::ConnectionError(error) => (Trouble::Unreachable, error.to_string()),
        FtpError::SecureError(why) => (Trouble::NotTrusted, why.clone()),
        other => (Trouble::Other, other.to_string()),
    };
    Error::new(trouble, format!("cannot {tried} {server}: {why}"))
}

/// The same number is said of files that are missing, and of those that may not be touched; only the words differ.
fn refusal(said: &str) -> Trouble {
    let said = said.to_lowercase();
    let said_so = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if said_so(&["no space", "disk full", "quota"]) {
        Trouble::Full
    } else if said_so(&["permission", "denied", "not allowed", "privilege"]) {
        Trouble::Forbidden
    } else if said_so(&[
        "no such",
        "not found",
        "not exist",
        "cannot find",
        "failed to open",
    ]) {
        Trouble::NotFound
    } else {
        Trouble::Other
    }
}

fn words(said: &[u8]) -> String {
    String::from_utf8_lossy(said)
        .trim()
        .replace(['\r', '\n'], " ")
}
