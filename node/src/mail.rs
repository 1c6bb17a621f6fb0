//! Mail: what is due goes from the store's outbox to the mail server, and delays nothing else.

mod outbox;
mod render;
mod smtp;

pub(crate) use outbox::Outbox;
pub(crate) use smtp::MailServer;
