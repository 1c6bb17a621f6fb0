//! The seam between `<email>` and whatever sends mail.

use std::fmt;

use async_trait::async_trait;

/// A mail as a task makes it; sender and transport are the node's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingMail {
    /// Stable for the attempt, 32 hexadecimal digits: the local part of the Message-ID.
    pub id: String,
    /// Addresses as the workflow writes them; never empty.
    pub receivers: Vec<String>,
    pub subject: String,
    /// The body, HTML.
    pub html: String,
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync + fmt::Debug {
    /// Hands a mail to a mail server; returns once that has taken it. Dropping the future gives up.
    ///
    /// # Errors
    /// When mail is switched off or not configured, an address is none, or the server cannot be reached or refuses: in
    /// words for the task's log.
    async fn send(&self, message: OutgoingMail) -> Result<(), String>;
}
