//! Variables of a session that are set for a while.

use mysql_async::prelude::Queryable;
use peerflow_rows::Error;

use crate::error::talking;
use crate::names::text;
use crate::session::MySqlSession;

/// What variables held before.
#[derive(Debug)]
pub(crate) struct Before(Vec<(&'static str, String)>);

impl Before {
    /// Sets variables, each given with its new value as an expression, and keeps what they held.
    pub(crate) async fn set(
        session: &mut MySqlSession,
        variables: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let mut before = Vec::with_capacity(variables.len());
        for (name, _) in variables {
            let query = format!("SELECT @@session.{name}");
            let value: Option<String> = session
                .conn()?
                .query_first(query)
                .await
                .map_err(|e| talking(&e))?;
            before.push((*name, value.unwrap_or_default()));
        }
        let values: Vec<String> = variables
            .iter()
            .map(|(name, value)| format!("{name} = {value}"))
            .collect();
        session
            .run(&format!("SET SESSION {}", values.join(", ")))
            .await?;
        Ok(Self(before))
    }

    /// Puts them back. A connection that was lost has none to put back.
    pub(crate) async fn restore(self, session: &mut MySqlSession) {
        let values: Vec<String> = self
            .0
            .into_iter()
            .map(|(name, value)| {
                let number = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
                let value = if number { value } else { text(&value) };
                format!("{name} = {value}")
            })
            .collect();
        if session
            .run(&format!("SET SESSION {}", values.join(", ")))
            .await
            .is_err()
        {
            // What follows would run under other rules than its user's.
            session.cut();
        }
    }
}
