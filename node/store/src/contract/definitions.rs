//! Checks of definitions: documents with the files that were snapshotted with them.

use peerflow_model::{Change, ContentHash, FileRecord, InstanceStatus, StoredDefinition};

use super::samples::{at, file, instance, workflow};
use super::{Master, Place};

const XML: &str = "<w/>";

/// `XML` registered with `files`.
fn definition(files: &[FileRecord]) -> (Change, ContentHash, StoredDefinition) {
    let hash = ContentHash::of_definition(XML, files);
    let mut record = workflow("w", "/d", XML);
    record.files = files.to_vec();
    record.hash = hash;
    let stored = StoredDefinition {
        xml: XML.into(),
        files: files.to_vec(),
    };
    (Change::PutWorkflow(record), hash, stored)
}

pub async fn a_definition_keeps_its_own_files(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    let (put_first, first, first_stored) = definition(&[file("a", b"one"), file("b", b"two")]);
    let (put_second, second, second_stored) = definition(&[file("a", b"other")]);
    let mut waiting = instance("i", "w", InstanceStatus::Waiting, 1);
    waiting.definition = first;
    master
        .commit(&[put_first, Change::PutInstance(waiting.clone())])
        .await;
    master.commit(&[put_second]).await;
    // Before and after what nothing refers to is forgotten.
    for _ in 0..2 {
        let store = &master.store;
        let found = store.definition(first).await.unwrap();
        assert_eq!(found.as_ref(), Some(&first_stored));
        let found = store.definition(second).await.unwrap();
        assert_eq!(found.as_ref(), Some(&second_stored));
        let active = store.active_state().await.unwrap();
        assert_eq!(active.definitions.get(&first), Some(&first_stored));
        assert_eq!(active.workflows[0].hash, second);
        while store.retain(at(1000), at(1000), 10).await.unwrap() > 0 {}
    }
    waiting.status = InstanceStatus::Killed;
    waiting.ended_at = Some(at(2));
    master.commit(&[Change::PutInstance(waiting)]).await;
    let store = &master.store;
    while store.retain(at(1000), at(1000), 10).await.unwrap() > 0 {}
    assert_eq!(store.definition(first).await.unwrap(), None);
    let found = store.definition(second).await.unwrap();
    assert_eq!(found, Some(second_stored), "it is registered");
}

pub async fn a_definition_without_files_has_none_again(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    // One registered by an early version: the hash is of the document alone, whatever its files.
    let (_, bare, bare_stored) = definition(&[]);
    let mut early = workflow("w", "/d", XML);
    early.files = vec![file("a", b"one")];
    assert_eq!(early.hash, bare);
    master.commit(&[Change::PutWorkflow(early.clone())]).await;
    let found = master.store.definition(bare).await.unwrap().unwrap();
    assert_eq!(found.files, early.files);
    let (put_bare, ..) = definition(&[]);
    master.commit(&[put_bare]).await;
    let found = master.store.definition(bare).await.unwrap();
    assert_eq!(found, Some(bare_stored));
    let nobody = ContentHash::of(b"nobody");
    assert_eq!(master.store.definition(nobody).await.unwrap(), None);
}
