//! The structures of TCLIService that are spoken here. Numbers are those of its definition.

use thrift::protocol::{TInputProtocol, TType};

use crate::error::Failure;
use crate::kinds::Type;
use crate::message::{Reader, Writer};

/// Names a session or a statement on the server, over any connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Handle {
    guid: Vec<u8>,
    secret: Vec<u8>,
}

impl Handle {
    fn read(reader: &mut Reader<'_>) -> thrift::Result<Self> {
        let mut handle = Self::default();
        reader.fields(|reader, id, kind| {
            match (id, kind) {
                (1, TType::String) => handle.guid = reader.slice()?.to_vec(),
                (2, TType::String) => handle.secret = reader.slice()?.to_vec(),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(handle)
    }

    fn write(&self, writer: &mut Writer) -> thrift::Result<()> {
        writer.structure(1, |writer| {
            writer.bytes(1, &self.guid)?;
            writer.bytes(2, &self.secret)
        })
    }

    /// As the handle of a session, in field `id`.
    pub(crate) fn write_session(&self, id: i16, writer: &mut Writer) -> thrift::Result<()> {
        writer.structure(id, |writer| self.write(writer))
    }

    /// Reads the handle of a session, which holds nothing else.
    pub(crate) fn read_session(reader: &mut Reader<'_>) -> thrift::Result<Self> {
        let mut handle = Self::default();
        reader.fields(|reader, id, kind| {
            if (id, kind) != (1, TType::Struct) {
                return Ok(false);
            }
            handle = Self::read(reader)?;
            Ok(true)
        })?;
        Ok(handle)
    }
}

/// A statement on the server.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Operation {
    handle: Handle,
    kind: i32,
    pub(crate) has_result: bool,
    pub(crate) changed: Option<f64>,
}

impl Operation {
    pub(crate) fn read(reader: &mut Reader<'_>) -> thrift::Result<Self> {
        let mut operation = Self::default();
        reader.fields(|reader, id, kind| {
            match (id, kind) {
                (1, TType::Struct) => operation.handle = Handle::read(reader)?,
                (2, TType::I32) => operation.kind = reader.input.read_i32()?,
                (3, TType::Bool) => operation.has_result = reader.input.read_bool()?,
                (4, TType::Double) => operation.changed = Some(reader.input.read_double()?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(operation)
    }

    /// In field 1, where all requests about a statement have it.
    pub(crate) fn write(&self, writer: &mut Writer) -> thrift::Result<()> {
        writer.structure(1, |writer| {
            self.handle.write(writer)?;
            writer.i32(2, self.kind)?;
            writer.boolean(3, self.has_result)?;
            match self.changed {
                Some(changed) => writer.double(4, changed),
                None => Ok(()),
            }
        })
    }
}

/// Whether a call was done: `None` where it was.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status {
    pub(crate) failure: Option<Failure>,
    /// The call is to be made again later.
    pub(crate) is_early: bool,
}

impl Status {
    pub(crate) fn read(reader: &mut Reader<'_>) -> thrift::Result<Self> {
        let (mut code, mut failure) = (0, Failure::default());
        reader.fields(|reader, id, kind| {
            match (id, kind) {
                (1, TType::I32) => code = reader.input.read_i32()?,
                (3, TType::String) => failure.state = reader.text()?,
                (4, TType::I32) => failure.code = reader.input.read_i32()?,
                (5, TType::String) => failure.words = reader.text()?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        if code == 4 && failure.words.is_empty() {
            failure.words = "the server knows this session or statement no more".to_owned();
        }
        Ok(Self {
            failure: (code > 2).then_some(failure),
            is_early: code == 2,
        })
    }
}

/// How far a statement is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum State {
    /// Or waiting to.
    #[default]
    Running,
    Finished,
    /// Cancelled, closed or out of time.
    Stopped,
    Failed,
}

impl State {
    fn of(number: i32) -> Self {
        match number {
            2 => Self::Finished,
            3 | 4 | 8 => Self::Stopped,
            5 => Self::Failed,
            _ => Self::Running,
        }
    }
}

/// The answer to the question how far a statement is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    pub(crate) state: State,
    pub(crate) failure: Failure,
    pub(crate) has_result: Option<bool>,
    pub(crate) changed: Option<i64>,
}

impl Progress {
    /// Reads one field of the answer.
    pub(crate) fn field(
        &mut self,
        reader: &mut Reader<'_>,
        id: i16,
        kind: TType,
    ) -> thrift::Result<bool> {
        match (id, kind) {
            (2, TType::I32) => self.state = State::of(reader.input.read_i32()?),
            (3, TType::String) => self.failure.state = reader.text()?,
            (4, TType::I32) => self.failure.code = reader.input.read_i32()?,
            (5, TType::String) => self.failure.words = reader.text()?,
            (9, TType::Bool) => self.has_result = Some(reader.input.read_bool()?),
            (11, TType::I64) => self.changed = Some(reader.input.read_i64()?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The columns of a result: names and types.
pub(crate) fn schema(reader: &mut Reader<'_>) -> thrift::Result<Vec<(String, Type)>> {
    let mut columns = Vec::new();
    reader.fields(|reader, id, kind| {
        if (id, kind) != (1, TType::List) {
            return Ok(false);
        }
        columns = reader.structures(column)?;
        Ok(true)
    })?;
    Ok(columns)
}

fn column(reader: &mut Reader<'_>) -> thrift::Result<(String, Type)> {
    let mut column = (String::new(), Type::default());
    reader.fields(|reader, id, kind| {
        match (id, kind) {
            (1, TType::String) => column.0 = reader.text()?,
            (2, TType::Struct) => column.1 = described(reader)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(column)
}

/// A type is a list of entries, of which the first says what it is.
fn described(reader: &mut Reader<'_>) -> thrift::Result<Type> {
    let mut entries = Vec::new();
    reader.fields(|reader, id, kind| {
        if (id, kind) != (1, TType::List) {
            return Ok(false);
        }
        entries = reader.structures(|reader| {
            let mut found = Type::default();
            reader.fields(|reader, id, kind| {
                if (id, kind) != (1, TType::Struct) {
                    return Ok(false);
                }
                found = primitive(reader)?;
                Ok(true)
            })?;
            Ok(found)
        })?;
        Ok(true)
    })?;
    Ok(entries.into_iter().next().unwrap_or_default())
}

fn primitive(reader: &mut Reader<'_>) -> thrift::Result<Type> {
    let mut found = Type::default();
    reader.fields(|reader, id, kind| {
        match (id, kind) {
            (1, TType::I32) => found.id = Some(reader.input.read_i32()?),
            (2, TType::Struct) => qualifiers(reader, &mut found)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(found)
}

fn qualifiers(reader: &mut Reader<'_>, of: &mut Type) -> thrift::Result<()> {
    reader.fields(|reader, id, kind| {
        if (id, kind) != (1, TType::Map) {
            return Ok(false);
        }
        let map = reader.input.read_map_begin()?;
        for _ in 0..map.size {
            let name = reader.text()?;
            let mut number = None;
            reader.fields(|reader, id, kind| {
                if (id, kind) != (1, TType::I32) {
                    return Ok(false);
                }
                number = Some(reader.input.read_i32()?);
                Ok(true)
            })?;
            let number = number.and_then(|number| u32::try_from(number).ok());
            match name.as_str() {
                "precision" => of.precision = number,
                "scale" => of.scale = number,
                "characterMaximumLength" => of.characters = number,
                _ => {}
            }
        }
        Ok(true)
    })
}
