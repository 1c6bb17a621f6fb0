//! `util …`.

use http::Method;

use super::ask_done;
use crate::args::UtilCommand;
use crate::client::query;
use crate::error::{Error, Exit};
use crate::session::Session;

pub(super) async fn util(session: &Session, command: UtilCommand) -> Result<Exit, Error> {
    match command {
        UtilCommand::ResetAll => {
            ask_done(session, Method::POST, "/coordinators/reset".to_owned()).await
        }
        UtilCommand::DelDir { dir } => {
            ask_done(
                session,
                Method::DELETE,
                format!("/directories{}", query(&[("path", Some(dir))])),
            )
            .await
        }
    }
}
