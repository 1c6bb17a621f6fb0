//! The mail server.

use std::time::Duration;

use async_trait::async_trait;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use peerflow_actions::Mailer;
use tokio::time::timeout;

use crate::config::{EmailConfig, MailTls};

/// How long sending one mail may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the server may take until a conversation with it is open: connected, greeted, signed in.
const OPEN_PATIENCE: Duration = Duration::from_secs(15);

/// One mail as it is sent.
#[derive(Debug)]
pub(crate) struct Letter {
    /// Local part of the Message-ID.
    pub(crate) id: String,
    pub(crate) receivers: Vec<String>,
    pub(crate) subject: String,
    pub(crate) html: String,
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    #[error("mail is switched off (email.is_enabled = false)")]
    SwitchedOff,
    #[error("the mail names no receiver with a proper address: {0}")]
    NoReceiver(String),
    #[error("the mail cannot be written: {0}")]
    Message(#[from] lettre::error::Error),
    #[error("the mail server {server} refuses: {reason}")]
    Refused { server: String, reason: String },
    #[error("the mail server {server} cannot be used: {reason}")]
    Failed { server: String, reason: String },
    #[error("the mail server {server} does not answer within {} s", OPEN_PATIENCE.as_secs())]
    Silent { server: String },
    #[error("the mail server {server} has not taken the mail within {} s", PATIENCE.as_secs())]
    Slow { server: String },
}

impl SendError {
    /// Whether another try can hardly help.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::SwitchedOff | Self::NoReceiver(_) | Self::Message(_) => true,
            Self::Refused { .. }
            | Self::Failed { .. }
            | Self::Silent { .. }
            | Self::Slow { .. } => false,
        }
    }
}

/// The mail server, as configured.
#[derive(Debug)]
pub(crate) struct MailServer {
    /// `None` while mail is switched off.
    transport: Option<AsyncSmtpTransport<Tokio1Executor>>,
    name: String,
    from: Option<Mailbox>,
}

impl MailServer {
    /// Connects only when a mail is sent.
    ///
    /// # Errors
    /// When the sender's address or the server's name cannot be used, in words.
    pub(crate) fn new(config: &EmailConfig) -> Result<Self, String> {
        let name = format!("{}:{}", config.hostname, config.port);
        if !config.is_enabled {
            return Ok(Self {
                transport: None,
                name,
                from: None,
            });
        }
        let address: Address = config.account.parse().map_err(|error| {
            format!(
                "email.account: {:?} is no mail address: {error}",
                config.account
            )
        })?;
        let nickname = Some(config.nickname.clone()).filter(|nickname| !nickname.is_empty());
        let tls_parameters = || {
            TlsParameters::new(config.hostname.clone()).map_err(|error| {
                format!(
                    "email.hostname: cannot prepare TLS to {}: {error}",
                    config.hostname
                )
            })
        };
        let tls = match config.tls {
            MailTls::None => Tls::None,
            MailTls::StartTls => Tls::Required(tls_parameters()?),
            MailTls::Tls => Tls::Wrapper(tls_parameters()?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.hostname)
            .port(config.port)
            .tls(tls)
            .timeout(Some(OPEN_PATIENCE));
        if config.auth {
            let password = config.password.reveal().to_owned();
            builder = builder.credentials(Credentials::new(config.account.clone(), password));
        }
        Ok(Self {
            transport: Some(builder.build()),
            name,
            from: Some(Mailbox::new(nickname, address)),
        })
    }

    /// Sends one mail to all its receivers whose addresses are proper.
    pub(crate) async fn send(&self, letter: &Letter) -> Result<(), SendError> {
        let (Some(transport), Some(from)) = (&self.transport, &self.from) else {
            return Err(SendError::SwitchedOff);
        };
        let message = message(from, letter)?;
        // The transport's own limit is for the connection alone: a server that never speaks would hold the mail for as
        // long as a large one may take. The conversation that is opened here is kept for the mail.
        match timeout(OPEN_PATIENCE, transport.test_connection()).await {
            Ok(Ok(_answered)) => {}
            Ok(Err(error)) => return Err(self.refused(&error)),
            Err(_elapsed) => {
                return Err(SendError::Silent {
                    server: self.name.clone(),
                });
            }
        }
        match timeout(PATIENCE, transport.send(message)).await {
            Ok(Ok(_accepted)) => Ok(()),
            Ok(Err(error)) => Err(self.refused(&error)),
            Err(_elapsed) => Err(SendError::Slow {
                server: self.name.clone(),
            }),
        }
    }

    /// What the server, or the way to it, objected.
    fn refused(&self, error: &lettre::transport::smtp::Error) -> SendError {
        let (server, reason) = (self.name.clone(), with_causes(error));
        if error.is_permanent() {
            SendError::Refused { server, reason }
        } else {
            SendError::Failed { server, reason }
        }
    }
}

fn message(from: &Mailbox, letter: &Letter) -> Result<Message, SendError> {
    let mut builder = Message::builder()
        .from(from.clone())
        .subject(&letter.subject)
        .message_id(Some(format!("<{}@{}>", letter.id, from.email.domain())))
        .header(ContentType::TEXT_HTML);
    let mut wrong = Vec::new();
    let mut receivers = 0;
    for receiver in &letter.receivers {
        match receiver.trim().parse::<Mailbox>() {
            Ok(mailbox) => {
                builder = builder.to(mailbox);
                receivers += 1;
            }
            Err(_no_address) => wrong.push(receiver.as_str()),
        }
    }
    if receivers == 0 {
        return Err(SendError::NoReceiver(wrong.join(", ")));
    }
    if !wrong.is_empty() {
        tracing::warn!(
            mail = letter.id,
            wrong = wrong.join(", "),
            "left out receivers that are no mail addresses"
        );
    }
    Ok(builder.body(letter.html.clone())?)
}

/// The error with what caused it: lettre's own text says only the kind.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[async_trait]
impl Mailer for MailServer {
    async fn send(&self, message: peerflow_actions::OutgoingMail) -> Result<(), String> {
        let letter = Letter {
            id: message.id,
            receivers: message.receivers,
            subject: message.subject,
            html: message.html,
        };
        Self::send(self, &letter)
            .await
            .map_err(|error| error.to_string())
    }
}
