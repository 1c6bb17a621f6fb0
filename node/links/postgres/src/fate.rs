//! What became of a transaction whose connection was lost, by its number.

use std::time::Duration;

use peerflow_rows::{Error, Fate, Trouble};
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

use crate::driver::Driver;

/// The number of the open transaction, and on which server it counts: numbers are given anew by another one, and by a
/// replica that has become the primary.
const RECEIPT: &str = "\
SELECT pg_catalog.txid_current()::text || ' ' || system_identifier::text || '/'
       || left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8)
FROM pg_catalog.pg_control_system()";

const SERVER: &str = "\
SELECT system_identifier::text || '/' || left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8)
FROM pg_catalog.pg_control_system()";

/// How long the end of a session that was told to end is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// What to ask by for the fate of the transaction that is open.
pub(crate) async fn receipt(client: &Client, driver: &Driver) -> Result<String, Error> {
    let receipt = ask(client, driver, RECEIPT).await?;
    receipt.ok_or_else(|| Error::new(Trouble::Unsupported, "the transaction has no number"))
}

/// The transaction of a receipt; its session is ended first where it is still there.
pub(crate) async fn fate(client: &Client, driver: &Driver, receipt: &str) -> Result<Fate, Error> {
    let Some((number, server)) = receipt.split_once(' ') else {
        return Ok(Fate::Unknown);
    };
    let Ok(number) = number.parse::<i64>() else {
        return Ok(Fate::Unknown);
    };
    if ask(client, driver, SERVER).await?.as_deref() != Some(server) {
        return Ok(Fate::Unknown);
    }
    let end = format!(
        "SELECT pg_catalog.pg_terminate_backend(pid)::text FROM pg_catalog.pg_stat_activity \
         WHERE backend_xid = ({number}::bigint % 4294967296)::text::xid"
    );
    ask(client, driver, &end).await?;
    let status = format!("SELECT pg_catalog.txid_status({number})");
    let until = Instant::now() + PATIENCE;
    loop {
        match ask(client, driver, &status).await?.as_deref() {
            Some("committed") => return Ok(Fate::Committed),
            Some("aborted") => return Ok(Fate::Undone),
            // Forgotten: it was long ago.
            None => return Ok(Fate::Unknown),
            Some(_) if Instant::now() < until => sleep(PAUSE).await,
            Some(status) => {
                let words = format!("the transaction is still {status}");
                return Err(Error::new(Trouble::Cancelled, words));
            }
        }
    }
}

/// The value of the first row, if there is one.
async fn ask(client: &Client, driver: &Driver, sql: &str) -> Result<Option<String>, Error> {
    let rows = client.query(sql, &[]).await;
    let rows = rows.map_err(|error| driver.explain(&error))?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    row.try_get(0).map_err(|error| {
        Error::new(
            Trouble::Unsupported,
            format!("the server's answer is not as expected: {error}"),
        )
    })
}
