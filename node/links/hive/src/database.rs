//! A server that can be connected to.

use std::sync::Arc;

use async_trait::async_trait;
use peerflow_rows::{Database, Dialect, Error, Session, Trouble};

use crate::cancel::Canceller;
use crate::client::Trial;
use crate::connect::Address;
use crate::product::Product;
use crate::properties::{Authentication, Properties};
use crate::session::HiveSession;
use crate::settings::Settings;

/// A database behind HiveServer2, Spark's Thrift server or Impala.
#[derive(Debug)]
pub struct HiveDatabase {
    address: Address,
}

impl HiveDatabase {
    /// Nothing is connected yet.
    ///
    /// # Errors
    /// When a property has a value that makes no sense, or asks for what is not supported, as Kerberos.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let properties = Properties::parse(&settings)?;
        if settings.host.is_empty() {
            return Err(Error::new(Trouble::Settings, "the link names no host"));
        }
        Ok(Self {
            address: Address {
                settings,
                properties,
            },
        })
    }

    /// What to look at when a server breaks off before it said anything.
    fn advice(&self) -> &'static str {
        match self.address.properties.authentication {
            Authentication::None => {
                "; it may want a user (leave out auth=noSasl) or encryption (ssl=true)"
            }
            Authentication::Plain => "; look at the server's log",
        }
    }
}

#[async_trait]
impl Database for HiveDatabase {
    async fn connect(&self) -> Result<Box<dyn Session>, Error> {
        let properties = &self.address.properties;
        let settings = &self.address.settings;
        let mut client = self.address.connect(settings.connect_timeout).await?;
        let opened = client
            .open_session(self.address.user(), &settings.password, &properties.session)
            .await;
        let handle = opened.map_err(|trial| match trial {
            Trial::Broken(error) if error.trouble == Trouble::Lost => Error::new(
                Trouble::Unreachable,
                format!("{}{}", error.message, self.advice()),
            ),
            trial => trial.into(),
        })?;
        let product = match client.product(&handle).await {
            Ok(name) => Product::of(&name),
            Err(Trial::Refused(_)) => Product::unknown(settings.impala),
            Err(broken) => return Err(broken.into()),
        };
        let cancel = Arc::new(Canceller::new(self.address.clone()));
        Ok(Box::new(HiveSession::new(client, handle, cancel, product)))
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &crate::HiveDialect
    }
}
