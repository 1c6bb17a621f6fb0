//! Connections that wait for work. Each is lent to one caller; one that was left in the middle of something (the
//! caller went away, an error, a timeout) is dropped, which rolls back what it held.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedMutexGuard, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

use super::failure::Failure;
use super::link::Link;
use super::server::{Role, Server};
use super::value::{Row, Statement, Value};

/// How long a connection may take to be made.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long a caller waits for its turn.
const TURN_LIMIT: Duration = Duration::from_secs(10);
/// How long any one statement may take before its connection is given up.
const STATEMENT_LIMIT: Duration = Duration::from_secs(10);

/// A few connections of one role, made when they are wanted.
pub(crate) struct Pool {
    server: Arc<Server>,
    role: Role,
    permits: Semaphore,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    link: Link,
    since: Instant,
}

impl Pool {
    pub(crate) fn new(server: &Arc<Server>, role: Role, size: usize) -> Self {
        Self {
            server: Arc::clone(server),
            role,
            permits: Semaphore::new(size),
            idle: Mutex::default(),
        }
    }

    /// A connection that answers, as far as is known.
    pub(crate) async fn take(&self) -> Result<Lent<'_>, Failure> {
        let permit = match timeout(TURN_LIMIT, self.permits.acquire()).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_closed)) => return Err(Failure::Lost("it was closed".to_owned())),
            Err(_elapsed) => {
                return Err(Failure::Busy("all connections to it are busy".to_owned()));
            }
        };
        let link = self.ready().await?;
        Ok(Lent {
            link: Some(link),
            pool: self,
            _permit: permit,
            turn: None,
            dirty: false,
            open: false,
        })
    }

    async fn ready(&self) -> Result<Link, Failure> {
        loop {
            let idle = self.idle().pop();
            let Some(mut idle) = idle else {
                return self.connect().await;
            };
            let age = idle.since.elapsed();
            if age > self.server.stale_after(self.role) {
                continue;
            }
            if age < self.server.fresh_for()
                || matches!(timeout(CONNECT_LIMIT, idle.link.ping()).await, Ok(Ok(())))
            {
                return Ok(idle.link);
            }
        }
    }

    async fn connect(&self) -> Result<Link, Failure> {
        match timeout(CONNECT_LIMIT, self.server.connect(self.role)).await {
            Ok(connected) => connected,
            Err(_elapsed) => Err(Failure::Lost(format!(
                "no connection within {} s",
                CONNECT_LIMIT.as_secs()
            ))),
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Uses a waiting connection, so that the server does not close it.
    pub(crate) async fn keep_alive(&self) {
        let Ok(permit) = self.permits.try_acquire() else {
            return;
        };
        let idle = self.idle().pop();
        if let Some(mut idle) = idle
            && matches!(timeout(CONNECT_LIMIT, idle.link.ping()).await, Ok(Ok(())))
        {
            idle.since = Instant::now();
            self.idle().push(idle);
        }
        drop(permit);
    }

    /// Closes what waits; nothing is lent any more.
    pub(crate) async fn close(&self) {
        self.permits.close();
        let all = std::mem::take(&mut *self.idle());
        for idle in all {
            idle.link.close().await;
        }
    }
}

/// A connection lent to a caller.
pub(crate) struct Lent<'a> {
    link: Option<Link>,
    pool: &'a Pool,
    _permit: SemaphorePermit<'a>,
    /// The right to write, where only one may.
    turn: Option<OwnedMutexGuard<()>>,
    /// Something is under way or went wrong.
    dirty: bool,
    /// A transaction is open.
    open: bool,
}

impl Lent<'_> {
    fn link(&mut self) -> Result<&mut Link, Failure> {
        self.dirty = true;
        self.link
            .as_mut()
            .ok_or_else(|| Failure::Lost("the connection is gone".to_owned()))
    }

    fn settle<T>(
        &mut self,
        outcome: Result<Result<T, Failure>, tokio::time::error::Elapsed>,
    ) -> Result<T, Failure> {
        let result = outcome.unwrap_or_else(|_elapsed| {
            Err(Failure::Lost(format!(
                "no answer within {} s",
                STATEMENT_LIMIT.as_secs()
            )))
        });
        match &result {
            Ok(_) | Err(Failure::Busy(_) | Failure::Refused(_) | Failure::Limit(_)) => {
                self.dirty = false
            }
            Err(_) => self.link = None,
        }
        result
    }

    pub(crate) async fn execute(&mut self, statement: &Statement) -> Result<u64, Failure> {
        let link = self.link()?;
        let done = timeout(
            STATEMENT_LIMIT,
            link.execute(&statement.sql, &statement.values),
        )
        .await;
        self.settle(done)
    }

    pub(crate) async fn fetch(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Failure> {
        let sql = Arc::from(sql);
        let link = self.link()?;
        let rows = timeout(STATEMENT_LIMIT, link.fetch(&sql, values)).await;
        self.settle(rows)
    }

    async fn plain(&mut self, sql: &str) -> Result<(), Failure> {
        let link = self.link()?;
        let done = timeout(STATEMENT_LIMIT, link.plain(sql)).await;
        self.settle(done)
    }

    /// Begins a transaction that writes.
    pub(crate) async fn begin(&mut self) -> Result<(), Failure> {
        if let Some(gate) = self.pool.server.gate(self.pool.role) {
            self.turn = Some(gate.lock_owned().await);
        }
        self.open = true;
        match self.pool.server.begin() {
            Some(sql) => self.plain(sql).await,
            None => Ok(()),
        }
    }

    /// Begins a transaction whose reads all see the same moment.
    pub(crate) async fn begin_reading(&mut self) -> Result<(), Failure> {
        self.open = true;
        let sql = self.pool.server.begin_reading();
        self.plain(sql).await
    }

    pub(crate) async fn commit(&mut self) -> Result<(), Failure> {
        let done = self.plain("COMMIT").await;
        if done.is_ok() {
            self.open = false;
        }
        self.turn = None;
        done
    }

    pub(crate) async fn roll_back(&mut self) {
        if self.plain("ROLLBACK").await.is_ok() {
            self.open = false;
        } else {
            self.link = None;
        }
        self.turn = None;
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some(link) = self.link.take()
            && !self.dirty
            && !self.open
        {
            self.pool.idle().push(Idle {
                link,
                since: Instant::now(),
            });
        }
    }
}
