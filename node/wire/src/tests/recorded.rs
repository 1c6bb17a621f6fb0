//! Frames as they were first written: nodes of two releases must understand each other.

use std::collections::BTreeMap;
use std::fmt::Debug;

use bytes::BytesMut;
use peerflow_model::{Epoch, Incarnation};

use super::samples;
use crate::codec::{decode, encode};
use crate::hello::{Hello, HelloAnswer};
use crate::{Message, Pong, Version};

/// One frame a line: what, version, bytes in hexadecimal. Lines are added and never changed.
const RECORDED: &str = include_str!("recorded.txt");

#[test]
fn what_earlier_releases_wrote_is_understood_and_written_the_same() {
    let mut records = Records::read();
    let first = Version(1);
    records.check("opening", first, samples::openings());
    records.check("order", first, samples::orders());
    records.check("told", first, samples::tolds());
    records.check("answer", first, samples::answers());
    records.check("event", first, samples::events());
    records.check("log", first, samples::logs());
    records.check("pong", first, vec![Pong]);
    // All others are written by version 2 as by version 1.
    records.check("links", Version(2), samples::openings_of_links());
    records.check(
        "progress-asked",
        Version(2),
        samples::openings_of_progress(),
    );
    records.check("progress", Version(2), samples::progresses());
    let hello = Hello {
        oldest: 1,
        newest: 1,
        program_version: "0.1.0".to_owned(),
        cluster: "prod".to_owned(),
        node: "n1".into(),
        incarnation: Incarnation(7),
        epoch: Epoch(3),
        notes: BTreeMap::from([("from a later release".to_owned(), "passed over".to_owned())]),
    };
    records.check("hello", Version::GREETING, vec![hello.clone()]);
    let refused = HelloAnswer::Refused {
        reason: "no common version".to_owned(),
    };
    let answers = vec![HelloAnswer::Welcome(hello), refused];
    records.check("hello-answer", Version::GREETING, answers);
    records.finish();
}

#[test]
fn what_an_older_peer_does_not_know_is_not_sent_to_it() {
    let newer = samples::openings_of_links().into_iter();
    for opening in newer.chain(samples::openings_of_progress()) {
        let error = encode(Version(1), &opening, &mut BytesMut::new()).unwrap_err();
        assert!(error.to_string().contains("upgrade it"), "{error}");
    }
    let (mut old, mut new) = (BytesMut::new(), BytesMut::new());
    for opening in samples::openings() {
        encode(Version(1), &opening, &mut old).unwrap();
        encode(Version(2), &opening, &mut new).unwrap();
        assert_eq!(old[5..], new[5..], "only the version differs");
        (old, new) = (BytesMut::new(), BytesMut::new());
    }
}

/// The recorded frames that were not checked yet.
struct Records {
    frames: BTreeMap<String, &'static str>,
    wrong: Vec<String>,
}

impl Records {
    fn read() -> Self {
        let line = |line: &'static str| {
            let (name, bytes) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), bytes)
        };
        Self {
            frames: RECORDED.lines().map(line).collect(),
            wrong: Vec::new(),
        }
    }

    fn check<M: Message + PartialEq + Debug>(
        &mut self,
        what: &str,
        version: Version,
        samples: Vec<M>,
    ) {
        for (at, sample) in samples.into_iter().enumerate() {
            let name = format!("{what} {at} {version}");
            let mut frame = BytesMut::new();
            encode(version, &sample, &mut frame).unwrap();
            let written: String = frame.iter().map(|byte| format!("{byte:02x}")).collect();
            let recorded = self.frames.remove(&name).unwrap_or_default();
            if recorded == written {
                let read: M = decode(&(version..=version), &mut frame).unwrap().unwrap();
                assert_eq!(read, sample, "{name}");
                assert!(frame.is_empty());
            } else {
                self.wrong.push(format!("{name} {written}"));
            }
        }
    }

    fn finish(self) {
        assert!(
            self.frames.is_empty(),
            "nothing reads {:?}",
            self.frames.keys()
        );
        assert!(
            self.wrong.is_empty(),
            "these are written in another way than recorded, so an older node would not understand them; see codec.rs \
             for how messages may change:\n{}",
            self.wrong.join("\n")
        );
    }
}
