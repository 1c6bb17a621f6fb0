//! Only who has the key, of the same cluster, reads a datagram, and only as it was sent.

use proptest::prelude::*;

use super::*;

fn key(byte: u8) -> GossipKey {
    GossipKey::new([byte; 32])
}

fn seal() -> Seal {
    Seal::new(&key(1), "etl")
}

fn at() -> Timestamp {
    Timestamp::from_millisecond(1_763_700_000_123).unwrap()
}

fn sealed(message: &[u8]) -> Vec<u8> {
    seal().seal(&"n1".into(), at(), message).unwrap()
}

#[test]
fn a_message_arrives_with_its_sender_and_its_time() {
    let opened = seal().open(&sealed(b"hello")).unwrap();
    assert_eq!(opened.sender, NodeId::from("n1"));
    assert_eq!(opened.sealed_at_ms, 1_763_700_000_123);
    assert_eq!(opened.message, b"hello");
}

#[test]
fn neither_the_message_nor_the_sender_travels_in_clear() {
    let datagram = seal()
        .seal(&"node-one".into(), at(), b"secret words")
        .unwrap();
    for hidden in [b"node-one".as_slice(), b"secret words", b"etl"] {
        assert!(
            !datagram.windows(hidden.len()).any(|part| part == hidden),
            "{hidden:?}"
        );
    }
}

#[test]
fn another_key_and_another_cluster_cannot_open_it() {
    let datagram = sealed(b"hello");
    for stranger in [
        Seal::new(&key(2), "etl"),
        Seal::new(&key(1), "elt"),
        Seal::new(&key(1), "et"),
    ] {
        assert_eq!(stranger.open(&datagram), Err(Refusal::WrongKey));
    }
}

#[test]
fn a_change_of_any_byte_is_noticed() {
    let datagram = sealed(b"hello");
    for at in 0..datagram.len() {
        let mut changed = datagram.clone();
        changed[at] ^= 1;
        let expected = if at == 0 {
            Refusal::Malformed
        } else {
            Refusal::WrongKey
        };
        assert_eq!(seal().open(&changed), Err(expected), "byte {at}");
    }
}

#[test]
fn a_cut_datagram_is_refused_at_every_length() {
    let datagram = sealed(b"hello");
    for length in 0..datagram.len() {
        assert!(seal().open(&datagram[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn the_same_message_never_makes_the_same_datagram() {
    assert_ne!(sealed(b"hello"), sealed(b"hello"));
}

#[test]
fn what_does_not_fit_a_datagram_is_refused_and_what_just_fits_is_sent() {
    let head = SEALED_AT + 1 + 2 + TAG;
    let fits = sealed(&vec![0; LONGEST - head]);
    assert_eq!(fits.len(), LONGEST);
    assert!(seal().open(&fits).is_ok());
    let refused = seal().seal(&"n1".into(), at(), &vec![0; LONGEST - head + 1]);
    assert_eq!(refused, Err(Unsealed::TooLarge));
}

#[test]
fn a_key_and_its_seal_hide_themselves_in_debug_output() {
    let shown = format!("{:?} {:?}", key(77), Seal::new(&key(77), "etl"));
    assert_eq!(shown, "GossipKey(hidden) Seal(hidden)");
}

/// What version 1 makes of "hello" by n1 of cluster etl, at the time above, with a nonce of sevens: the sealed part.
const RECORDED: [u8; 24] = [
    159, 66, 185, 128, 216, 166, 36, 27, 84, 172, 102, 86, 184, 175, 74, 53, 19, 62, 201, 79, 175,
    95, 124, 185,
];

#[test]
fn a_datagram_recorded_from_this_version_is_still_made_and_read_so() {
    let mut recorded = vec![1, 0, 0, 1, 154, 164, 182, 69, 123];
    recorded.extend_from_slice(&[7; 24]);
    recorded.extend_from_slice(&RECORDED);
    let made = seal().seal_with([7; 24], &"n1".into(), at(), b"hello");
    assert_eq!(made.as_ref(), Ok(&recorded));
    let opened = seal().open(&recorded).unwrap();
    assert_eq!(
        (opened.sender.as_str(), &*opened.message),
        ("n1", &b"hello"[..])
    );
}

proptest! {
    #[test]
    fn garbage_is_refused(garbage in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(seal().open(&garbage).is_err());
        let mut with_version = garbage;
        with_version.insert(0, VERSION);
        prop_assert!(seal().open(&with_version).is_err());
    }
}
