//! `util …`.

use http::Method;

use super::ask_done;
use crate::args::UtilCommand;
use crate::client::segment;
use crate::error::{Error, Exit};
use crate::session::Session;

pub(super) async fn util(session: &Session, command: UtilCommand) -> Result<Exit, Error> {
    match command {
        UtilCommand::ResetAll => ask_done(session, Method::POST, "/reset-all".to_owned()).await,
        UtilCommand::DelDir { dir } => {
            let path = format!("/directories/{}", segment(dir.trim_matches('/')));
            ask_done(session, Method::DELETE, path).await
        }
    }
}
