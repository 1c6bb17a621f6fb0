//! Checks of links.

use peerflow_model::{Change, LinkKey, LinkKind};

use super::samples::{at, link};
use super::{Master, Place};

use LinkKind::{Database, File};

pub async fn links_come_back_as_they_were_until_deleted(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    let database = link(Database, "dw");
    let mut file = link(File, "dw");
    file.sealed = Vec::new();
    file.settings.port = None;
    let (first, second) = (database.clone(), file.clone());
    master
        .commit(&[Change::PutLink(first), Change::PutLink(second)])
        .await;
    let store = &master.store;
    let found = store.link(&database.key()).await.unwrap();
    assert_eq!(found.as_ref(), Some(&database));
    let found = store.link(&file.key()).await.unwrap();
    assert_eq!(found.as_ref(), Some(&file), "kinds are named apart");

    let mut changed = database.clone();
    changed.sealed = vec![7; 60_000];
    changed.updated_at = at(9);
    let again = link(Database, "again");
    master
        .commit(&[
            Change::PutLink(changed.clone()),
            Change::DeleteLink(file.key()),
            Change::PutLink(again.clone()),
            Change::DeleteLink(again.key()),
            Change::PutLink(again.clone()),
        ])
        .await;
    let store = place.open().await;
    assert_eq!(store.link(&file.key()).await.unwrap(), None);
    let active = store.active_state().await.unwrap();
    let hashes = [&again, &changed].map(|link| (link.key(), link.hash()));
    assert_eq!(active.links, hashes.into());
    assert_eq!(
        store.links(Database, None, 10).await.unwrap(),
        [again, changed]
    );
}

pub async fn links_are_listed_by_name_page_by_page(place: &dyn Place) {
    let mut master = Master::of(place.open().await).await;
    let names = ["A", "a", "a ", "b", "每日", "😀"];
    let mut puts: Vec<Change> = names
        .iter()
        .rev()
        .map(|name| Change::PutLink(link(File, name)))
        .collect();
    puts.push(Change::PutLink(link(Database, "only")));
    master.commit(&puts).await;
    let store = &master.store;
    assert_eq!(store.link_names(File).await.unwrap(), names);
    assert_eq!(store.link_names(Database).await.unwrap(), ["only"]);
    let mut listed = Vec::new();
    loop {
        let after = listed.last().map(String::as_str);
        let page = store.links(File, after, 4).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 4);
        listed.extend(page.into_iter().map(|link| link.name));
    }
    assert_eq!(listed, names);
    let unknown = LinkKey {
        kind: Database,
        name: "Only".to_owned(),
    };
    assert_eq!(store.link(&unknown).await.unwrap(), None);
}
