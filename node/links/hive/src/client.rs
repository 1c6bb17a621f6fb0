//! The calls of TCLIService that are spoken here.

use std::time::Duration;

use peerflow_rows::{Error, Trouble};
use thrift::protocol::{TInputProtocol, TType};
use tokio::time::timeout;

use crate::error::{Failure, lost, senseless};
use crate::fetched::{Fetch, Fetched};
use crate::kinds::Type;
use crate::message::{Reader, Writer};
use crate::structs::{Handle, Operation, Progress, Status, schema};
use crate::wire::Wire;

/// HIVE_CLI_SERVICE_PROTOCOL_V6, the first with whole columns. Old servers refuse newer ones instead of answering with
/// their own, and Impala knows no newer; what these added is not needed.
const VERSION: i32 = 5;
/// The name of the database's product.
const PRODUCT: i32 = 17;

/// A connection over which calls are made.
#[derive(Debug)]
pub(crate) struct Client {
    /// Absent once it broke, or a call over it was given up.
    wire: Option<Wire>,
    /// Whom messages name.
    place: String,
    patience: Duration,
    sequence: i32,
}

/// Why a call gave nothing.
#[derive(Debug)]
pub(crate) enum Trial {
    /// The server refused it and is there for others.
    Refused(Failure),
    Broken(Error),
}

impl From<Trial> for Error {
    fn from(trial: Trial) -> Self {
        match trial {
            Trial::Refused(failure) => failure.error(),
            Trial::Broken(error) => error,
        }
    }
}

impl Client {
    pub(crate) fn new(wire: Wire, place: String, patience: Duration) -> Self {
        Self {
            wire: Some(wire),
            place,
            patience,
            sequence: 0,
        }
    }

    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.wire.is_none()
    }

    /// Closes the connection; the server stops what runs for it and closes its session.
    pub(crate) fn cut(&mut self) {
        self.wire = None;
    }

    pub(crate) async fn open_session(
        &mut self,
        user: &str,
        password: &str,
        session: &[(String, String)],
    ) -> Result<Handle, Trial> {
        const CALL: &str = "OpenSession";
        let write = |writer: &mut Writer| {
            writer.i32(1, VERSION)?;
            if !user.is_empty() {
                writer.text(2, user)?;
                writer.text(3, password)?;
            }
            writer.map(4, session)
        };
        let (mut version, mut handle) = (0, None);
        self.call(CALL, write, |reader, id, kind| {
            match (id, kind) {
                (2, TType::I32) => version = reader.input.read_i32()?,
                (3, TType::Struct) => handle = Some(Handle::read_session(reader)?),
                _ => return Ok(false),
            }
            Ok(true)
        })
        .await?;
        if version < VERSION {
            return Err(Trial::Broken(Error::new(
                Trouble::Unsupported,
                format!(
                    "{} speaks an older protocol than Hive 0.13 and Impala 1.2; that is not supported",
                    self.place
                ),
            )));
        }
        handle.ok_or_else(|| self.nothing(CALL))
    }

    pub(crate) async fn close_session(&mut self, session: &Handle) -> Result<(), Trial> {
        self.call(
            "CloseSession",
            |writer| session.write_session(1, writer),
            |_, _, _| Ok(false),
        )
        .await
        .map(drop)
    }

    /// What the server calls itself: `Apache Hive`, `Spark SQL`, `Impala`.
    pub(crate) async fn product(&mut self, session: &Handle) -> Result<String, Trial> {
        let mut product = String::new();
        let write = |writer: &mut Writer| {
            session.write_session(1, writer)?;
            writer.i32(2, PRODUCT)
        };
        self.call("GetInfo", write, |reader, id, kind| {
            if (id, kind) != (2, TType::Struct) {
                return Ok(false);
            }
            reader.fields(|reader, id, kind| {
                if (id, kind) != (1, TType::String) {
                    return Ok(false);
                }
                product = reader.text()?;
                Ok(true)
            })?;
            Ok(true)
        })
        .await?;
        Ok(product)
    }

    /// Starts a statement; it may be done by then.
    pub(crate) async fn execute(
        &mut self,
        session: &Handle,
        statement: &str,
    ) -> Result<Operation, Trial> {
        const CALL: &str = "ExecuteStatement";
        let write = |writer: &mut Writer| {
            session.write_session(1, writer)?;
            writer.text(2, statement)?;
            writer.boolean(4, true)
        };
        let mut operation = None;
        self.call(CALL, write, |reader, id, kind| {
            if (id, kind) != (2, TType::Struct) {
                return Ok(false);
            }
            operation = Some(Operation::read(reader)?);
            Ok(true)
        })
        .await?;
        operation.ok_or_else(|| self.nothing(CALL))
    }

    pub(crate) async fn progress(&mut self, operation: &Operation) -> Result<Progress, Trial> {
        let mut progress = Progress::default();
        self.call(
            "GetOperationStatus",
            |writer| operation.write(writer),
            |reader, id, kind| progress.field(reader, id, kind),
        )
        .await?;
        Ok(progress)
    }

    pub(crate) async fn cancel(&mut self, operation: &Operation) -> Result<(), Trial> {
        self.about("CancelOperation", operation).await
    }

    pub(crate) async fn close(&mut self, operation: &Operation) -> Result<(), Trial> {
        self.about("CloseOperation", operation).await
    }

    async fn about(&mut self, call: &str, operation: &Operation) -> Result<(), Trial> {
        let write = |writer: &mut Writer| operation.write(writer);
        self.call(call, write, |_, _, _| Ok(false)).await.map(drop)
    }

    /// The columns of a statement's result.
    pub(crate) async fn columns(
        &mut self,
        operation: &Operation,
    ) -> Result<Vec<(String, Type)>, Trial> {
        let mut columns = Vec::new();
        self.call(
            "GetResultSetMetadata",
            |writer| operation.write(writer),
            |reader, id, kind| {
                if (id, kind) != (2, TType::Struct) {
                    return Ok(false);
                }
                columns = schema(reader)?;
                Ok(true)
            },
        )
        .await?;
        Ok(columns)
    }

    pub(crate) async fn fetch(
        &mut self,
        operation: &Operation,
        what: Fetch,
        most: usize,
    ) -> Result<Fetched, Trial> {
        let write = |writer: &mut Writer| {
            operation.write(writer)?;
            writer.i32(2, 0)?;
            writer.i64(3, i64::try_from(most).unwrap_or(i64::MAX))?;
            match what {
                Fetch::Rows => Ok(()),
                Fetch::Log => writer.i16(4, 1),
            }
        };
        let mut has_more = false;
        let (message, status) = self
            .call("FetchResults", write, |reader, id, kind| {
                if (id, kind) != (2, TType::Bool) {
                    return Ok(false);
                }
                has_more = reader.input.read_bool()?;
                Ok(true)
            })
            .await?;
        Ok(Fetched {
            message,
            sequence: self.sequence,
            has_more,
            is_early: status.is_early,
        })
    }

    /// Makes a call. `field` reads the answer's fields other than its status, as far as it knows them; it gives the answer
    /// itself. Given up in the middle, the connection is closed: an answer would be under way.
    async fn call(
        &mut self,
        call: &str,
        write: impl FnOnce(&mut Writer) -> thrift::Result<()>,
        mut field: impl FnMut(&mut Reader<'_>, i16, TType) -> thrift::Result<bool>,
    ) -> Result<(Vec<u8>, Status), Trial> {
        self.sequence = self.sequence.wrapping_add(1);
        let message = Writer::call(call, self.sequence, write)
            .map_err(|error| Trial::Broken(senseless(&self.place, call, &error)))?;
        let broken = |why: &dyn std::fmt::Display| Trial::Broken(lost(&self.place, why));
        let mut wire = self.wire.take().ok_or_else(|| broken(&"it broke before"))?;
        let answer = match timeout(self.patience, wire.exchange(&message)).await {
            Ok(answer) => answer.map_err(|error| broken(&reason(&error)))?,
            Err(_elapsed) => {
                let seconds = self.patience.as_secs();
                return Err(broken(&format!("no answer to {call} within {seconds} s")));
            }
        };
        let mut status = Status::default();
        let read = Reader::answer(&answer, self.sequence, |reader| {
            reader.fields(|reader, id, kind| {
                if (id, kind) == (1, TType::Struct) {
                    status = Status::read(reader)?;
                    return Ok(true);
                }
                field(reader, id, kind)
            })
        });
        match read {
            // The server speaks on, though it did not understand this.
            Ok(()) | Err(thrift::Error::Application(_)) => self.wire = Some(wire),
            Err(_) => {}
        }
        read.map_err(|error| Trial::Broken(senseless(&self.place, call, &error)))?;
        match status.failure.take() {
            Some(failure) => Err(Trial::Refused(failure)),
            None => Ok((answer, status)),
        }
    }

    fn nothing(&self, call: &str) -> Trial {
        Trial::Broken(Error::new(
            Trouble::Lost,
            format!("{} gave nothing in answer to {call}", self.place),
        ))
    }
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "the server closed it".to_owned(),
        _ => error.to_string(),
    }
}
