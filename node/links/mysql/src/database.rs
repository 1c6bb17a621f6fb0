//! A server that can be connected to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use mysql_async::prelude::Queryable;
use mysql_async::{
    Compression, Conn, DriverError, Error as Driver, Opts, OptsBuilder, Row, SslOpts,
};
use peerflow_rows::{Database, Dialect, Error, Session, Trouble};
use tokio::time::timeout;

use crate::cancel::Canceller;
use crate::error::{connecting, talking};
use crate::properties::{Properties, Tls};
use crate::session::{Facts, MySqlSession};
use crate::settings::Settings;

/// A connection that nobody speaks over is kept alive by the kernel.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// A database on a MySQL or MariaDB server.
#[derive(Debug)]
pub struct MySqlDatabase {
    settings: Settings,
    properties: Properties,
    /// The server has said that it speaks no TLS, and it was only preferred.
    plain: AtomicBool,
}

impl MySqlDatabase {
    /// Nothing is connected yet.
    ///
    /// # Errors
    /// When a property has a value that makes no sense.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let properties = Properties::parse(&settings.properties)?;
        if settings.host.is_empty() {
            return Err(Error::new(Trouble::Settings, "the link names no host"));
        }
        Ok(Self {
            settings,
            properties,
            plain: AtomicBool::new(false),
        })
    }

    fn place(&self) -> String {
        format!("{}:{}", self.settings.host, self.settings.port)
    }

    fn opts(&self) -> Opts {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let opts = OptsBuilder::default()
            .ip_or_hostname(self.settings.host.as_str())
            .tcp_port(self.settings.port)
            .user(some(&self.settings.user))
            .pass(some(&self.settings.password))
            .db_name(some(&self.settings.database))
            .prefer_socket(false)
            .tcp_keepalive(Some(KEEPALIVE))
            .stmt_cache_size(0)
            .client_found_rows(self.properties.found_rows)
            .ssl_opts(self.tls());
        if self.properties.compression {
            opts.compression(Compression::default()).into()
        } else {
            opts.into()
        }
    }

    fn tls(&self) -> Option<SslOpts> {
        let (verify, verify_host) = match self.properties.tls {
            Tls::Off => return None,
            Tls::Preferred if self.plain.load(Ordering::Relaxed) => return None,
            Tls::Preferred => (false, false),
            Tls::Required {
                verify,
                verify_host,
            } => (verify, verify_host),
        };
        let roots = self
            .properties
            .authority
            .iter()
            .map(|path| path.clone().into())
            .collect();
        Some(
            SslOpts::default()
                .with_root_certs(roots)
                .with_danger_accept_invalid_certs(!verify)
                .with_danger_skip_domain_validation(!verify_host),
        )
    }

    async fn open(&self) -> Result<Conn, Error> {
        let limit = self
            .properties
            .connect_timeout
            .unwrap_or(self.settings.connect_timeout);
        let opened = timeout(limit, async {
            match Conn::new(self.opts()).await {
                Err(Driver::Driver(DriverError::NoClientSslFlagFromServer))
                    if self.properties.tls == Tls::Preferred =>
                {
                    self.plain.store(true, Ordering::Relaxed);
                    Conn::new(self.opts()).await
                }
                opened => opened,
            }
        });
        match opened.await {
            Ok(opened) => opened.map_err(|error| connecting(&error, &self.place())),
            Err(_elapsed) => Err(Error::new(
                Trouble::Unreachable,
                format!(
                    "{} did not answer within {} ms; check host, port and firewall, or raise connectTimeout",
                    self.place(),
                    limit.as_millis()
                ),
            )),
        }
    }

    /// What the server is like, and what the link says of its sessions.
    async fn prepare(&self, conn: &mut Conn) -> Result<Facts, Error> {
        // Proxies that speak the protocol may know none of them.
        let row: Option<Row> = conn
            .query_first(
                "SELECT @@local_infile, @@character_set_client, @@character_set_results, @@max_allowed_packet",
            )
            .await
            .map_err(|error| talking(&error))?;
        let row = row.as_ref();
        let local_infile: Option<u8> = row.and_then(|row| row.get_opt(0)?.ok());
        let sets = [1, 2].map(|at| row.and_then(|row| row.get_opt::<String, usize>(at)?.ok()));
        let max_packet: Option<usize> = row.and_then(|row| row.get_opt(3)?.ok());
        if sets.iter().any(|set| set.as_deref() != Some("utf8mb4")) {
            conn.query_drop("SET NAMES utf8mb4")
                .await
                .map_err(|error| talking(&error))?;
        }
        if let Some(variables) = &self.properties.session_variables {
            let set = format!("SET SESSION {}", variables.replace(';', ","));
            conn.query_drop(set).await.map_err(|error| {
                let why = talking(&error).message;
                Error::new(
                    Trouble::Settings,
                    format!("the server refuses the link's sessionVariables: {why}"),
                )
            })?;
        }
        Ok(Facts {
            local_infile: local_infile == Some(1) && self.properties.local_infile,
            max_packet: max_packet.unwrap_or_default(),
            zero_dates: self.properties.zero_dates,
            tiny_is_boolean: self.properties.tiny_is_boolean,
        })
    }
}

#[async_trait]
impl Database for MySqlDatabase {
    async fn connect(&self) -> Result<Box<dyn Session>, Error> {
        let mut conn = self.open().await?;
        let facts = self.prepare(&mut conn).await?;
        let cancel = Arc::new(Canceller::new(self.opts(), self.place(), conn.id()));
        Ok(Box::new(MySqlSession::new(conn, cancel, facts)))
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &crate::MySqlDialect
    }
}
