//! Messages in Thrift's binary protocol, taken apart and put together.

use thrift::protocol::{
    TBinaryInputProtocol, TBinaryOutputProtocol, TFieldIdentifier, TInputProtocol, TMapIdentifier,
    TMessageIdentifier, TMessageType, TOutputProtocol, TStructIdentifier, TType,
};
use thrift::{
    ApplicationError, ApplicationErrorKind, ProtocolError, ProtocolErrorKind, TConfiguration,
};

use crate::extent::LONGEST;

/// Structures within each other; the protocol's own need ten.
const DEEPEST: usize = 40;
/// Structures in a list: columns, whose number databases limit far below.
const MOST_STRUCTURES: i32 = 100_000;

/// Puts a call together.
#[derive(Debug)]
pub(crate) struct Writer {
    output: TBinaryOutputProtocol<Vec<u8>>,
}

impl Writer {
    /// The call `name` with a request that `fields` writes.
    pub(crate) fn call(
        name: &str,
        sequence: i32,
        fields: impl FnOnce(&mut Self) -> thrift::Result<()>,
    ) -> thrift::Result<Vec<u8>> {
        let mut writer = Self {
            output: TBinaryOutputProtocol::with_config(Vec::new(), true, limits(LONGEST)?),
        };
        let head = TMessageIdentifier::new(name, TMessageType::Call, sequence);
        writer.output.write_message_begin(&head)?;
        writer.output.write_struct_begin(&unnamed())?;
        writer.structure(1, fields)?;
        writer.output.write_field_stop()?;
        writer.output.write_struct_end()?;
        writer.output.write_message_end()?;
        Ok(writer.output.transport)
    }

    pub(crate) fn structure(
        &mut self,
        id: i16,
        fields: impl FnOnce(&mut Self) -> thrift::Result<()>,
    ) -> thrift::Result<()> {
        self.field(TType::Struct, id)?;
        self.output.write_struct_begin(&unnamed())?;
        fields(self)?;
        self.output.write_field_stop()?;
        self.output.write_struct_end()
    }

    pub(crate) fn text(&mut self, id: i16, value: &str) -> thrift::Result<()> {
        self.field(TType::String, id)?;
        self.output.write_string(value)
    }

    pub(crate) fn bytes(&mut self, id: i16, value: &[u8]) -> thrift::Result<()> {
        self.field(TType::String, id)?;
        self.output.write_bytes(value)
    }

    pub(crate) fn boolean(&mut self, id: i16, value: bool) -> thrift::Result<()> {
        self.field(TType::Bool, id)?;
        self.output.write_bool(value)
    }

    pub(crate) fn i16(&mut self, id: i16, value: i16) -> thrift::Result<()> {
        self.field(TType::I16, id)?;
        self.output.write_i16(value)
    }

    pub(crate) fn i32(&mut self, id: i16, value: i32) -> thrift::Result<()> {
        self.field(TType::I32, id)?;
        self.output.write_i32(value)
    }

    pub(crate) fn i64(&mut self, id: i16, value: i64) -> thrift::Result<()> {
        self.field(TType::I64, id)?;
        self.output.write_i64(value)
    }

    pub(crate) fn double(&mut self, id: i16, value: f64) -> thrift::Result<()> {
        self.field(TType::Double, id)?;
        self.output.write_double(value)
    }

    pub(crate) fn map(&mut self, id: i16, entries: &[(String, String)]) -> thrift::Result<()> {
        self.field(TType::Map, id)?;
        let count = i32::try_from(entries.len())
            .map_err(|_too_many| wrong(ProtocolErrorKind::SizeLimit, "too many settings"))?;
        let head = TMapIdentifier::new(TType::String, TType::String, count);
        self.output.write_map_begin(&head)?;
        for (name, value) in entries {
            self.output.write_string(name)?;
            self.output.write_string(value)?;
        }
        self.output.write_map_end()
    }

    fn field(&mut self, kind: TType, id: i16) -> thrift::Result<()> {
        self.output
            .write_field_begin(&TFieldIdentifier::new("", kind, id))
    }
}

/// Takes an answer apart. Fields that nobody asks for are skipped.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) input: TBinaryInputProtocol<&'a [u8]>,
}

impl<'a> Reader<'a> {
    /// The answer to call `sequence`, whose result `result` reads.
    pub(crate) fn answer<T>(
        message: &'a [u8],
        sequence: i32,
        mut result: impl FnMut(&mut Self) -> thrift::Result<T>,
    ) -> thrift::Result<T> {
        let mut reader = Self {
            input: TBinaryInputProtocol::with_config(message, true, limits(message.len())?),
        };
        let head = reader.input.read_message_begin()?;
        if head.message_type == TMessageType::Exception {
            let told = thrift::Error::read_application_error_from_in_protocol(&mut reader.input)?;
            return Err(thrift::Error::Application(told));
        }
        if head.sequence_number != sequence || head.message_type != TMessageType::Reply {
            return Err(wrong(
                ProtocolErrorKind::InvalidData,
                "it answers another call",
            ));
        }
        let mut found = None;
        reader.fields(|reader, id, kind| {
            if (id, kind) == (0, TType::Struct) {
                found = Some(result(reader)?);
            }
            Ok(found.is_some())
        })?;
        found.ok_or_else(|| {
            thrift::Error::Application(ApplicationError::new(
                ApplicationErrorKind::MissingResult,
                "the answer is empty",
            ))
        })
    }

    /// Hands the fields of a structure to `each`, which says whether it has read the value.
    pub(crate) fn fields(
        &mut self,
        mut each: impl FnMut(&mut Self, i16, TType) -> thrift::Result<bool>,
    ) -> thrift::Result<()> {
        self.input.read_struct_begin()?;
        loop {
            let field = self.input.read_field_begin()?;
            if field.field_type == TType::Stop {
                return self.input.read_struct_end();
            }
            let id = field.id.unwrap_or_default();
            if !each(self, id, field.field_type)? {
                self.input.skip(field.field_type)?;
            }
        }
    }

    /// Reads the elements of a list of structures.
    pub(crate) fn structures<T>(
        &mut self,
        mut each: impl FnMut(&mut Self) -> thrift::Result<T>,
    ) -> thrift::Result<Vec<T>> {
        let list = self.input.read_list_begin()?;
        if list.element_type != TType::Struct && list.size > 0 {
            return Err(wrong(ProtocolErrorKind::InvalidData, "a list of others"));
        }
        if list.size > MOST_STRUCTURES {
            return Err(wrong(ProtocolErrorKind::SizeLimit, "too many columns"));
        }
        (0..list.size).map(|_| each(self)).collect()
    }

    /// The next bytes as they are.
    pub(crate) fn take(&mut self, count: usize) -> thrift::Result<&'a [u8]> {
        let rest = self.input.transport;
        let (taken, rest) = rest
            .split_at_checked(count)
            .ok_or_else(|| wrong(ProtocolErrorKind::SizeLimit, "it ends too early"))?;
        self.input.transport = rest;
        Ok(taken)
    }

    /// A text or bytes, without copying them.
    pub(crate) fn slice(&mut self) -> thrift::Result<&'a [u8]> {
        let length = usize::try_from(self.input.read_i32()?)
            .map_err(|_negative| wrong(ProtocolErrorKind::NegativeSize, "a length below zero"))?;
        self.take(length)
    }

    /// Text; what is no UTF-8 is replaced, for it is only shown.
    pub(crate) fn text(&mut self) -> thrift::Result<String> {
        Ok(String::from_utf8_lossy(self.slice()?).into_owned())
    }
}

fn limits(message: usize) -> thrift::Result<TConfiguration> {
    TConfiguration::builder()
        .max_message_size(Some(LONGEST))
        .max_frame_size(Some(LONGEST))
        .max_string_size(Some(message))
        .max_container_size(Some(message))
        .max_recursion_depth(Some(DEEPEST))
        .build()
}

fn unnamed() -> TStructIdentifier {
    TStructIdentifier::new("")
}

pub(crate) fn wrong(kind: ProtocolErrorKind, what: &str) -> thrift::Error {
    thrift::Error::Protocol(ProtocolError::new(kind, what))
}
