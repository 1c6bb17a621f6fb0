//! Frames, the good and the bad.

use std::fmt::Debug;

use bytes::BytesMut;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::samples;
use crate::codec::{self, Body, FrameError, decode, encode};
use crate::hello::{Hello, HelloAnswer};
use crate::{AskAnswer, EventMessage, LogMessage, Message, Opening, Order, Pong, Told, Version};

const V1: Version = Version(1);

/// Reads all messages there are; an error is fine, a panic is not. What is read can be written again.
fn read_all<M: Message>(bytes: &[u8]) {
    let mut buffer = BytesMut::from(bytes);
    while let Ok(Some(message)) = decode::<M>(&(Version(0)..=V1), &mut buffer) {
        encode(V1, &message, &mut BytesMut::new()).unwrap();
    }
}

fn read_as_everything(bytes: &[u8]) {
    read_all::<Opening>(bytes);
    read_all::<Order>(bytes);
    read_all::<Told>(bytes);
    read_all::<AskAnswer>(bytes);
    read_all::<EventMessage>(bytes);
    read_all::<LogMessage>(bytes);
    read_all::<Pong>(bytes);
    read_all::<Hello>(bytes);
    read_all::<HelloAnswer>(bytes);
}

fn framed(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 1).unwrap();
    [&length.to_be_bytes()[..], &[1], body].concat()
}

fn frames_of<M: Message>(messages: &[M]) -> Vec<Vec<u8>> {
    let frame = |message| {
        let mut frame = BytesMut::new();
        encode(V1, message, &mut frame).unwrap();
        frame.to_vec()
    };
    messages.iter().map(frame).collect()
}

fn sample_frames() -> Vec<Vec<u8>> {
    [
        frames_of(&samples::openings()),
        frames_of(&samples::orders()),
        frames_of(&samples::tolds()),
        frames_of(&samples::answers()),
        frames_of(&samples::events()),
        frames_of(&samples::logs()),
    ]
    .concat()
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read_as_everything(&bytes);
        read_as_everything(&framed(&bytes));
    }

    #[test]
    fn damaged_frames_are_read_without_a_panic(
        which in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let frames = sample_frames();
        let mut frame = which.get(&frames).clone();
        for (at, byte) in damage {
            let at = at.index(frame.len());
            frame[at] = byte;
        }
        read_as_everything(&frame);
    }

    #[test]
    fn frames_come_out_whole_however_they_arrive(
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let orders = samples::orders();
        let mut bytes = BytesMut::new();
        for order in &orders {
            encode(V1, order, &mut bytes).unwrap();
        }
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        cuts.push(bytes.len());
        cuts.sort_unstable();
        let (mut buffer, mut arrived, mut read) = (BytesMut::new(), 0, Vec::new());
        for cut in cuts {
            buffer.extend_from_slice(&bytes[arrived..cut]);
            arrived = cut;
            while let Some(order) = decode::<Order>(&(V1..=V1), &mut buffer).unwrap() {
                read.push(order);
            }
        }
        prop_assert!(buffer.is_empty());
        prop_assert_eq!(read, orders);
    }
}

#[test]
fn a_length_that_promises_too_much_is_refused_before_anything_is_kept() {
    let mut buffer = BytesMut::from(&b"\x00\x00\x00\x12"[..]);
    let error = decode::<Pong>(&(V1..=V1), &mut buffer).unwrap_err();
    assert!(
        matches!(
            error,
            FrameError::TooLarge {
                bytes: 17,
                limit: 16,
                ..
            }
        ),
        "{error:?}"
    );
    // A list within a frame that says it has 2^60 entries: no room is made for them.
    let mut body = vec![4];
    body.extend(*b"\x02n1\x04\xfd");
    body.extend((1_u64 << 60).to_le_bytes());
    let error = decode::<Told>(&(V1..=V1), &mut BytesMut::from(&framed(&body)[..])).unwrap_err();
    assert!(matches!(error, FrameError::Garbled { .. }), "{error:?}");
}

#[test]
fn a_message_that_grows_too_large_leaves_no_trace() {
    let mut out = BytesMut::from(&b"before"[..]);
    let error = encode(V1, &samples::large_event(17_000_000), &mut out).unwrap_err();
    assert!(matches!(error, FrameError::Overgrown { .. }), "{error:?}");
    assert_eq!(&out[..], b"before");
}

/// A message that a second version gave one more field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Grown {
    number: u64,
    added: String,
}

/// As it was before.
#[derive(Serialize, Deserialize)]
struct GrownV1 {
    number: u64,
}

impl Message for Grown {
    const NAME: &'static str = "a message that grew";
    const LIMIT: usize = 100;

    fn write(&self, version: Version, body: &mut Body<'_>) -> Result<(), FrameError> {
        match version {
            Version(1) => body.put(&GrownV1 {
                number: self.number,
            }),
            _ => body.put(self),
        }
    }

    fn read(version: Version, body: &[u8]) -> Result<Self, FrameError> {
        match version {
            Version(1) => codec::read_body(Self::NAME, body).map(|old: GrownV1| Self {
                number: old.number,
                added: String::new(),
            }),
            _ => codec::read_body(Self::NAME, body),
        }
    }
}

#[test]
fn a_message_can_grow_and_still_speak_to_older_peers() {
    let message = Grown {
        number: 7,
        added: "new".to_owned(),
    };
    let through = |version| {
        let mut frame = BytesMut::new();
        encode(version, &message, &mut frame).unwrap();
        decode::<Grown>(&(V1..=Version(2)), &mut frame)
            .unwrap()
            .unwrap()
    };
    assert_eq!(through(Version(2)), message);
    assert_eq!(
        through(V1),
        Grown {
            added: String::new(),
            ..message.clone()
        }
    );
    // Without the copy of the old form an old frame would be read as something else or not at all.
    let mut old = BytesMut::new();
    encode(V1, &message, &mut old).unwrap();
    old[4] = 2;
    decode::<Grown>(&(V1..=Version(2)), &mut old).unwrap_err();
}
