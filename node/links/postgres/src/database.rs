//! Opening sessions.

use std::sync::Arc;

use async_trait::async_trait;
use peerflow_rows::{Database, Dialect, Error, Session, Trouble};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use crate::dialect::PostgresDialect;
use crate::driver::Driver;
use crate::error;
use crate::names::literal;
use crate::session::{PostgresCancel, PostgresSession};
use crate::settings::{Mode, Settings};
use crate::tls;

/// The first word that a peer has been silent for this long gets it asked whether it is still there.
const KEEPALIVE_IDLE: std::time::Duration = std::time::Duration::from_secs(30);
const KEEPALIVE_INTERVAL: std::time::Duration = std::time::Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;

/// A database of a PostgreSQL server.
#[derive(Clone, Debug)]
pub struct PostgresDatabase {
    settings: Settings,
}

impl PostgresDatabase {
    /// One that is as the settings say. Nothing is looked at before a session is opened.
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    fn config(&self, mode: Mode) -> Result<Config, Error> {
        let settings = &self.settings;
        let (user, password) = settings.credentials();
        let mut config = Config::new();
        config
            .host(&settings.host)
            .port(settings.port)
            .user(user)
            .application_name(settings.property("ApplicationName").unwrap_or("peerflow"))
            .connect_timeout(settings.time_to_connect()?)
            .keepalives(settings.keepalive())
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_INTERVAL)
            .keepalives_retries(KEEPALIVE_RETRIES)
            .ssl_mode(match mode {
                // Nobody listens between the ends of a socket on one machine.
                _ if self.is_local_socket() => SslMode::Disable,
                Mode::Disable => SslMode::Disable,
                Mode::Prefer => SslMode::Prefer,
                Mode::Require | Mode::VerifyAuthority | Mode::VerifyFull => SslMode::Require,
            });
        if !settings.database.is_empty() {
            config.dbname(&settings.database);
        }
        if !password.is_empty() {
            config.password(password);
        }
        if let Some(options) = settings.property("options") {
            config.options(options);
        }
        Ok(config)
    }

    fn is_local_socket(&self) -> bool {
        self.settings.host.starts_with('/')
    }

    fn place(&self) -> String {
        let Settings { host, port, .. } = &self.settings;
        match self.is_local_socket() {
            true => format!("{host}/.s.PGSQL.{port}"),
            false if host.contains(':') => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        }
    }

    /// Values come in the form that is understood here; what a query means (its zone, its order of day and month) stays as
    /// server, user and link have it.
    fn preparation(&self) -> String {
        let mut sql = "SET DateStyle = 'ISO'; SET bytea_output = 'hex'; SET extra_float_digits = 3"
            .to_owned();
        if let Some(schema) = self.settings.property("currentSchema") {
            sql.push_str(&format!(
                "; SELECT pg_catalog.set_config('search_path', {}, false)",
                literal(schema)
            ));
        }
        sql
    }
}

/// Since release 14 the server can see by itself that a client is gone, so that a dead node's statement does not run on.
/// Some platforms cannot, and refuse: a session is good without it.
const NOTICE_GONE_CLIENTS: &str = "SELECT pg_catalog.set_config(name, '5s', false) \
     FROM pg_catalog.pg_settings WHERE name = 'client_connection_check_interval'";

#[async_trait]
impl Database for PostgresDatabase {
    async fn connect(&self) -> Result<Box<dyn Session>, Error> {
        let encryption = self.settings.encryption()?;
        let tls = tls::connector(&encryption)?;
        let config = self.config(encryption.mode)?;
        let limit = self.settings.time_to_connect()?;
        let place = self.place();
        let user = config.get_user().unwrap_or_default();

        let opening = async {
            let (client, connection) = config.connect(tls.clone()).await?;
            let driver = Driver::start(connection);
            client.batch_execute(&self.preparation()).await?;
            if let Err(refused) = client.batch_execute(NOTICE_GONE_CLIENTS).await
                && refused.as_db_error().is_none()
            {
                return Err(refused);
            }
            Ok((client, driver))
        };
        let (client, driver) = match tokio::time::timeout(limit, Box::pin(opening)).await {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => return Err(error::connecting(&error, &place, user)),
            Err(_elapsed) => {
                let seconds = limit.as_secs_f32();
                let words = format!("cannot connect to {place}: no answer within {seconds} s");
                return Err(Error::new(Trouble::Unreachable, words));
            }
        };
        let canceller = Arc::new(PostgresCancel::new(client.cancel_token(), tls));
        Ok(Box::new(PostgresSession::new(client, driver, canceller)))
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &PostgresDialect
    }
}
