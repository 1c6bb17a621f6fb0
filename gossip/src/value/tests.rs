//! What can be read, and what is refused without harm.

use proptest::prelude::*;

use super::*;

fn about() -> About {
    About {
        http: Some("http://10.0.0.1:7500".into()),
        rpc: Some("[fd00::1]:7502".parse().unwrap()),
        labels: BTreeSet::from(["gpu".to_owned(), "größe \"9\"".to_owned()]),
        hosts: BTreeSet::from(["node1".to_owned()]),
        slots: 8,
        version: "0.1.0".into(),
        started_at: "2026-11-21T10:00:00.123Z".parse().unwrap(),
    }
}

fn word() -> Word {
    Word {
        running: 3,
        load: 0.25,
        highest_epoch: Epoch(7),
        lease: None,
        store_reachable: true,
        draining: false,
    }
}

#[test]
fn what_is_written_is_read_back() {
    assert_eq!(read_about(&write_about(&about()).unwrap()), Ok(about()));
    assert_eq!(read_word(&write_word(&word())), Ok(word()));
    let lease = Some(LeaseProgress {
        epoch: Epoch(7),
        renewals: 41,
        released: true,
    });
    assert_eq!(read_lease(&write_lease(lease)), Ok(lease));
    assert_eq!(read_lease(&write_lease(None)), Ok(None));
    assert_eq!(
        read_word(&write_word(&Word::default())),
        Ok(Word::default())
    );
}

#[test]
fn a_newer_peer_with_more_fields_and_an_older_one_with_fewer_are_understood() {
    let newer = r#"{"running":2,"mood":{"deep":[1,2]},"epoch":9}"#;
    let read = read_word(newer).unwrap();
    assert_eq!((read.running, read.highest_epoch), (2, Epoch(9)));
    let lease = read_lease(r#"{"epoch":9,"x":1}"#).unwrap();
    assert_eq!(
        lease.map(|lease| (lease.epoch, lease.renewals)),
        Some((Epoch(9), 0))
    );
    assert_eq!(read_word("{}"), Ok(Word::default()));
    assert_eq!(read_about(r#"{"slots":4}"#).unwrap().slots, 4);
}

#[test]
fn what_is_too_long_is_refused_with_its_name() {
    let mut wordy = about();
    wordy.labels.insert("l".repeat(256));
    let error = write_about(&wordy).unwrap_err().to_string();
    assert_eq!(
        error,
        "a label is too long for the gossip: 256, at most 255; make it shorter"
    );
    let mut many = about();
    many.hosts = (0..200)
        .map(|number| format!("interface-{number}.node1.example"))
        .collect();
    let error = write_about(&many).unwrap_err().to_string();
    assert!(error.contains("labels and host names"), "{error}");
}

#[test]
fn what_a_peer_wrote_too_long_is_unreadable() {
    let label = format!(r#"{{"labels":["{}"]}}"#, "l".repeat(256));
    assert_eq!(read_about(&label), Err(Unreadable::TooLong));
    let value = format!(r#"{{"x":"{}"}}"#, "l".repeat(VALUE_BYTES));
    assert_eq!(read_word(&value), Err(Unreadable::TooLong));
}

#[test]
fn loads_that_are_no_loads_become_none() {
    for load in [f32::NAN, f32::INFINITY, -1.0] {
        let mut word = word();
        word.load = load;
        let read = read_word(&write_word(&word)).unwrap();
        assert!(
            read.load.abs() < f32::EPSILON,
            "{load} became {}",
            read.load
        );
    }
    assert!(read_word(r#"{"load":1e39}"#).unwrap().load.is_finite());
    assert_eq!(read_word(r#"{"load":1e999}"#), Err(Unreadable::Form));
}

#[test]
fn ids_that_are_no_ids_are_refused() {
    assert_eq!(node_id("n1"), Some("n1".into()));
    assert_eq!(node_id(&"n".repeat(20)), Some("n".repeat(20).into()));
    for bad in ["", "n\n1", &"n".repeat(21)] {
        assert_eq!(node_id(bad), None, "{bad:?}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}", json in r#"\{"(slots|started|labels|load|lease|rpc)":[-0-9e\[\]"{}a-z.:]{0,12}\}"#) {
        for value in [&text, &json] {
            let _about = read_about(value);
            let _word = read_word(value);
            let _lease = read_lease(value);
            let _id = node_id(value);
        }
    }
}
