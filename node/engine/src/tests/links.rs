//! Links: added, changed and deleted.

use jiff::Timestamp;
use peerflow_model::{ContentHash, LinkKey, LinkKind, LinkRecord, LinkSettings};

use super::rig::{Rig, one_step, workflow};
use crate::{Answer, Expected, Origin, Refusal, RefusalKind, RegisterOutcome, Request};

fn link(name: &str, url: &str) -> LinkRecord {
    LinkRecord {
        kind: LinkKind::Database,
        name: name.to_owned(),
        settings: LinkSettings {
            system: "MYSQL".to_owned(),
            jdbc_url: url.to_owned(),
            ..LinkSettings::default()
        },
        sealed: vec![1],
        updated_at: Timestamp::UNIX_EPOCH,
    }
}

fn put(
    rig: &mut Rig,
    link: &LinkRecord,
    origin: Origin,
    expected: Expected,
) -> Result<RegisterOutcome, Refusal> {
    let answer = rig.ask(Request::PutLink {
        link: Box::new(link.clone()),
        origin,
        expected,
        sent: ContentHash::of(b"sent"),
    })?;
    match answer {
        Answer::Registered { outcome, .. } => Ok(outcome),
        other => panic!("{other:?}"),
    }
}

fn loader(first: bool) -> Origin {
    Origin::Loader {
        node: "n1".to_owned(),
        path: "config/db_links.xml#dw".to_owned(),
        first,
    }
}

fn delete(rig: &mut Rig, name: &str, force: bool) -> Result<Answer, Refusal> {
    let key = LinkKey {
        kind: LinkKind::Database,
        name: name.to_owned(),
    };
    rig.ask(Request::DeleteLink { key, force })
}

#[test]
fn a_link_is_added_once_and_changed_only_as_it_was_read() {
    let mut rig = Rig::new();
    let first = link("dw", "jdbc:mysql://a/x");
    let added = put(&mut rig, &first, Origin::Person, Expected::Nothing);
    assert_eq!(added, Ok(RegisterOutcome::Added));
    assert_eq!(rig.lines(), ["link db dw", "reply Added []"]);
    assert_eq!(rig.store.links[&first.key()].updated_at, rig.now.wall);

    let second = link("dw", "jdbc:mysql://b/x");
    let refused = put(&mut rig, &second, Origin::Person, Expected::Nothing).unwrap_err();
    assert_eq!(refused.kind, RefusalKind::Conflict);
    assert!(refused.message.contains("already"), "{refused}");
    let stale = Expected::Definition(second.hash());
    let refused = put(&mut rig, &second, Origin::Person, stale).unwrap_err();
    assert!(refused.message.contains("meanwhile"), "{refused}");

    // Another master knows it as well.
    rig.reload(2);
    let seen = Expected::Definition(first.hash());
    let updated = put(&mut rig, &second, Origin::Person, seen);
    assert_eq!(updated, Ok(RegisterOutcome::Updated));
    let expected = Expected::Definition(second.hash());
    let unchanged = put(&mut rig, &second, Origin::Person, expected);
    assert_eq!(unchanged, Ok(RegisterOutcome::Unchanged));
    assert_eq!(rig.lines(), ["reply Unchanged []"]);
}

#[test]
fn a_loaders_first_offer_of_a_link_only_adds() {
    let mut rig = Rig::new();
    let stored = link("dw", "jdbc:mysql://a/x");
    let offered = link("dw", "jdbc:mysql://b/x");
    let added = put(&mut rig, &stored, loader(true), Expected::Anything);
    assert_eq!(added, Ok(RegisterOutcome::Added));
    let kept = put(&mut rig, &offered, loader(true), Expected::Anything);
    assert_eq!(kept, Ok(RegisterOutcome::Kept));
    assert_eq!(
        rig.lines(),
        ["offer config/db_links.xml#dw", "reply Kept []"]
    );
    assert_eq!(rig.store.links[&stored.key()].hash(), stored.hash());
    let updated = put(&mut rig, &offered, loader(false), Expected::Anything);
    assert_eq!(updated, Ok(RegisterOutcome::Updated));
    let path = ("n1".to_owned(), "config/db_links.xml#dw".to_owned());
    assert_eq!(rig.store.offers[&path], ContentHash::of(b"sent"));
}

#[test]
fn a_link_that_workflows_name_is_deleted_only_by_force() {
    let mut rig = Rig::new();
    let sql = r#"<action name="a"><sql db-link="dw">select 1</sql><ok to="e"/></action>"#;
    rig.put(&workflow("w", "", "", sql));
    let lines = rig.lines();
    assert!(
        lines
            .iter()
            .any(|line| line.contains("`peerflow link db add`")),
        "{lines:?}"
    );
    put(&mut rig, &link("dw", ""), Origin::Person, Expected::Nothing).unwrap();
    rig.put(&workflow("w", r#"desc="x""#, "", sql));
    assert!(!rig.lines().iter().any(|line| line.contains("link db add")));

    for epoch in 2..4 {
        let refused = delete(&mut rig, "dw", false).unwrap_err();
        assert_eq!(refused.kind, RefusalKind::Conflict);
        assert!(refused.message.contains("workflow w"), "{refused}");
        rig.reload(epoch);
    }
    delete(&mut rig, "dw", true).unwrap();
    assert_eq!(rig.lines()[0], "delete link db dw");
    let gone = delete(&mut rig, "dw", true).unwrap_err();
    assert_eq!(gone.kind, RefusalKind::NotFound);

    put(&mut rig, &link("dw", ""), Origin::Person, Expected::Nothing).unwrap();
    rig.put(&one_step("w", "", ""));
    delete(&mut rig, "dw", false).unwrap();
}

#[test]
fn names_and_sizes_of_links_have_limits() {
    let mut rig = Rig::new();
    let mut kind_of = |link: LinkRecord| {
        let refused = put(&mut rig, &link, Origin::Person, Expected::Nothing);
        refused.unwrap_err().kind
    };
    assert_eq!(kind_of(link("", "")), RefusalKind::Invalid);
    assert_eq!(kind_of(link("a\nb", "")), RefusalKind::Invalid);
    let mut local = link("local", "");
    local.kind = LinkKind::File;
    assert_eq!(kind_of(local), RefusalKind::Invalid);
    let large = link("a", &"x".repeat(LinkRecord::MAX_BYTES));
    assert_eq!(kind_of(large), RefusalKind::Limit);
}

#[test]
fn a_cluster_has_so_many_links_and_no_more() {
    let mut rig = Rig::new();
    for number in 0..LinkRecord::MOST {
        let record = link(&number.to_string(), "");
        rig.store.links.insert(record.key(), record);
    }
    rig.reload(2);
    let refused = put(
        &mut rig,
        &link("one more", ""),
        Origin::Person,
        Expected::Nothing,
    );
    assert_eq!(refused.unwrap_err().kind, RefusalKind::Limit);
    let changed = link("7", "jdbc:mysql://b/x");
    let updated = put(&mut rig, &changed, Origin::Person, Expected::Anything);
    assert_eq!(updated, Ok(RegisterOutcome::Updated));
}
