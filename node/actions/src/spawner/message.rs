//! What a node and its spawner say to each other.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::boot_time::BootTime;
use super::codec::{Damaged, Reader, Writer};

/// From the node.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Request {
    /// Starts a process. The write ends of its standard output and standard error travel with the message.
    Start(Start),
    /// TERM to its tree, KILL after its grace.
    Kill { id: u64 },
    /// Tasks bound by the grant are killed at this instant; `None` lifts the bound.
    Grant { until: Option<BootTime> },
}

/// A process to start.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Start {
    /// The node's number for it, never used twice in a life of the node.
    pub(crate) id: u64,
    /// Absolute path of the program.
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    /// Where it runs.
    pub(crate) directory: PathBuf,
    /// Where an empty directory lies to be used again, or is to be put afterwards. With it the spawner makes the directory
    /// and takes it away; without it the directory is there.
    pub(crate) spare: Option<PathBuf>,
    /// Files to be written before it starts, for the owner only, and removed afterwards; only with `spare`.
    pub(crate) files: Vec<(PathBuf, Vec<u8>)>,
    /// Added to the environment that the spawner inherited from the node.
    pub(crate) environment: Vec<(OsString, OsString)>,
    pub(crate) timeout: Option<Duration>,
    /// Between TERM and KILL.
    pub(crate) grace: Duration,
    /// Killed when the grant is over.
    pub(crate) bound: bool,
}

/// From the spawner.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Report {
    /// It holds the lock, and this many survivors of an earlier life were killed.
    Ready { survivors: u64 },
    /// It cannot begin.
    Refused { message: String },
    /// The process runs.
    Started { id: u64, pid: i32 },
    /// The process could not be started.
    NotStarted { id: u64, why: NotStarted },
    /// The process and all it left behind are gone.
    Ended { id: u64, end: End },
}

/// Why a process was not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotStarted {
    /// The system's error number.
    System(i32),
    /// Its directory could not be made, or a file in it not written: the system's error number.
    Directory(i32),
    /// The grant it is bound by is over.
    GrantOver,
    /// An argument or a variable holds a NUL byte.
    Nul,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) exit: Exit,
    pub(crate) cause: Cause,
    /// Processes it had left running, which were killed.
    pub(crate) leftovers: u64,
    /// Processes that even KILL did not end in time (stuck in the kernel).
    pub(crate) unkillable: u64,
    /// Its directory was left empty and is put aside as `spare`; its files are removed.
    pub(crate) spared: bool,
}

/// How the main process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Code(i32),
    Signal(i32),
    /// It was still stuck in the kernel when the spawner gave up on it.
    Stuck,
}

/// Who ended a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It came to its end.
    Itself,
    /// The node asked for it.
    Asked,
    TimedOut,
    GrantOver,
}

impl Request {
    /// The frame; `None` when it is too long to be executed anyway.
    pub(crate) fn encode(&self) -> Option<Vec<u8>> {
        match self {
            Self::Start(start) => start.encode(),
            Self::Kill { id } => {
                let mut writer = Writer::new(1);
                writer.number(*id);
                writer.finish()
            }
            Self::Grant { until } => {
                let mut writer = Writer::new(2);
                writer.optional(until.map(BootTime::as_nanoseconds));
                writer.finish()
            }
        }
    }

    pub(crate) fn decode(body: &[u8]) -> Result<Self, Damaged> {
        let mut reader = Reader::new(body);
        let request = match reader.byte()? {
            0 => Self::Start(Start::decode(&mut reader)?),
            1 => Self::Kill {
                id: reader.number()?,
            },
            2 => Self::Grant {
                until: reader.optional()?.map(BootTime::from_nanoseconds),
            },
            _ => return Err(Damaged),
        };
        reader.end()?;
        Ok(request)
    }
}

impl Start {
    fn encode(&self) -> Option<Vec<u8>> {
        let mut writer = Writer::new(0);
        writer.number(self.id);
        writer.text(self.program.as_os_str());
        writer.number(self.arguments.len() as u64);
        self.arguments
            .iter()
            .for_each(|argument| writer.text(argument));
        writer.text(self.directory.as_os_str());
        writer.flag(self.spare.is_some());
        writer.text(
            self.spare
                .as_deref()
                .unwrap_or_else(|| Path::new(""))
                .as_os_str(),
        );
        writer.number(self.files.len() as u64);
        for (path, content) in &self.files {
            writer.text(path.as_os_str());
            writer.bytes(content);
        }
        writer.number(self.environment.len() as u64);
        for (name, value) in &self.environment {
            writer.text(name);
            writer.text(value);
        }
        writer.flag(self.timeout.is_some());
        writer.duration(self.timeout.unwrap_or_default());
        writer.duration(self.grace);
        writer.flag(self.bound);
        writer.finish()
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Damaged> {
        let id = reader.number()?;
        let program = reader.text()?.into();
        let mut arguments = Vec::new();
        for _ in 0..reader.number()? {
            arguments.push(reader.text()?);
        }
        let directory = reader.text()?.into();
        let has_spare = reader.flag()?;
        let spare: PathBuf = reader.text()?.into();
        let mut files = Vec::new();
        for _ in 0..reader.number()? {
            files.push((reader.text()?.into(), reader.bytes()?));
        }
        let mut environment = Vec::new();
        for _ in 0..reader.number()? {
            environment.push((reader.text()?, reader.text()?));
        }
        let limited = reader.flag()?;
        let timeout = reader.duration()?;
        let grace = reader.duration()?;
        let bound = reader.flag()?;
        let timeout = limited.then_some(timeout);
        Ok(Self {
            id,
            program,
            arguments,
            directory,
            spare: has_spare.then_some(spare),
            files,
            environment,
            timeout,
            grace,
            bound,
        })
    }
}

impl Report {
    /// The frame.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let writer = match self {
            Self::Ready { survivors } => {
                let mut writer = Writer::new(0);
                writer.number(*survivors);
                writer
            }
            Self::Refused { message } => {
                let mut writer = Writer::new(1);
                writer.text(message.as_ref());
                writer
            }
            Self::Started { id, pid } => {
                let mut writer = Writer::new(2);
                writer.number(*id);
                writer.signed(*pid);
                writer
            }
            Self::NotStarted { id, why } => {
                let mut writer = Writer::new(3);
                writer.number(*id);
                let (kind, number) = match why {
                    NotStarted::System(number) => (0, *number),
                    NotStarted::Directory(number) => (1, *number),
                    NotStarted::GrantOver => (2, 0),
                    NotStarted::Nul => (3, 0),
                };
                writer.signed(kind);
                writer.signed(number);
                writer
            }
            Self::Ended { id, end } => end.encode(*id),
        };
        writer.finish().expect("a report is short")
    }

    pub(crate) fn decode(body: &[u8]) -> Result<Self, Damaged> {
        let mut reader = Reader::new(body);
        let report = match reader.byte()? {
            0 => Self::Ready {
                survivors: reader.number()?,
            },
            1 => {
                let message = reader.text()?.to_string_lossy().into_owned();
                Self::Refused { message }
            }
            2 => Self::Started {
                id: reader.number()?,
                pid: reader.signed()?,
            },
            3 => {
                let id = reader.number()?;
                let why = match (reader.signed()?, reader.signed()?) {
                    (0, number) => NotStarted::System(number),
                    (1, number) => NotStarted::Directory(number),
                    (2, _) => NotStarted::GrantOver,
                    (3, _) => NotStarted::Nul,
                    _ => return Err(Damaged),
                };
                Self::NotStarted { id, why }
            }
            4 => Self::Ended {
                id: reader.number()?,
                end: End::decode(&mut reader)?,
            },
            _ => return Err(Damaged),
        };
        reader.end()?;
        Ok(report)
    }
}

impl End {
    fn encode(self, id: u64) -> Writer {
        let mut writer = Writer::new(4);
        writer.number(id);
        let (kind, value) = match self.exit {
            Exit::Code(code) => (0, code),
            Exit::Signal(signal) => (1, signal),
            Exit::Stuck => (2, 0),
        };
        writer.signed(kind);
        writer.signed(value);
        writer.signed(match self.cause {
            Cause::Itself => 0,
            Cause::Asked => 1,
            Cause::TimedOut => 2,
            Cause::GrantOver => 3,
        });
        writer.number(self.leftovers);
        writer.number(self.unkillable);
        writer.flag(self.spared);
        writer
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Damaged> {
        let exit = match (reader.signed()?, reader.signed()?) {
            (0, code) => Exit::Code(code),
            (1, signal) => Exit::Signal(signal),
            (2, _) => Exit::Stuck,
            _ => return Err(Damaged),
        };
        let cause = match reader.signed()? {
            0 => Cause::Itself,
            1 => Cause::Asked,
            2 => Cause::TimedOut,
            3 => Cause::GrantOver,
            _ => return Err(Damaged),
        };
        Ok(Self {
            exit,
            cause,
            leftovers: reader.number()?,
            unkillable: reader.number()?,
            spared: reader.flag()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spawner::codec::next_body;

    fn start() -> Request {
        Request::Start(Start {
            id: 7,
            program: "/bin/bash".into(),
            arguments: vec!["-c".into(), "echo '值'\n".into()],
            directory: "/tmp/工作".into(),
            spare: Some("/tmp/.spare.1".into()),
            files: vec![("/tmp/工作.program".into(), b"echo\0".to_vec())],
            environment: vec![("PEERFLOW_PARAM_日期".into(), "a=b\n\"c\"".into())],
            timeout: Some(Duration::from_millis(1_500)),
            grace: Duration::from_secs(10),
            bound: true,
        })
    }

    #[test]
    fn requests_come_back_as_they_were_even_in_pieces() {
        let requests = [
            start(),
            Request::Kill { id: 9 },
            Request::Grant {
                until: Some(BootTime::now()),
            },
        ];
        let bytes: Vec<u8> = requests
            .iter()
            .flat_map(|it| it.encode().unwrap())
            .collect();
        let (mut received, mut decoded) = (Vec::new(), Vec::new());
        for byte in bytes {
            received.push(byte);
            while let Some(body) = next_body(&mut received).unwrap() {
                decoded.push(Request::decode(&body).unwrap());
            }
        }
        assert_eq!(decoded, requests);
    }

    #[test]
    fn reports_come_back_as_they_were() {
        let end = End {
            exit: Exit::Signal(9),
            cause: Cause::TimedOut,
            leftovers: 3,
            unkillable: 1,
            spared: true,
        };
        for report in [
            Report::Ready { survivors: 2 },
            Report::Refused {
                message: "数据".into(),
            },
            Report::Started {
                id: 1,
                pid: 4_000_000,
            },
            Report::NotStarted {
                id: 1,
                why: NotStarted::System(7),
            },
            Report::NotStarted {
                id: 1,
                why: NotStarted::GrantOver,
            },
            Report::Ended { id: u64::MAX, end },
        ] {
            let mut frame = report.encode();
            let body = next_body(&mut frame).unwrap().unwrap();
            assert_eq!(Report::decode(&body), Ok(report));
        }
    }

    #[test]
    fn a_damaged_message_is_an_error() {
        let mut frame = start().encode().unwrap();
        let body = next_body(&mut frame).unwrap().unwrap();
        for length in 0..body.len() {
            assert_eq!(
                Request::decode(&body[..length]),
                Err(Damaged),
                "cut at {length}"
            );
        }
        assert_eq!(next_body(&mut vec![255, 255, 255, 255]), Err(Damaged));
    }
}
