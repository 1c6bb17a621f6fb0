use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::secrets::PASSWORD;

fn secrets() -> Secrets {
    let mut secrets = Secrets::new();
    secrets.set(PASSWORD, "hunter2 \"'\u{1f511}\n".to_owned());
    secrets.set("token", String::new());
    secrets
}

fn vault(byte: u8) -> Vault {
    Vault::of_cluster(&[byte; 32])
}

#[test]
fn what_is_sealed_opens_again_and_never_looks_the_same_twice() {
    let sealed = vault(1)
        .seal(LinkKind::Database, "dwh", &secrets())
        .unwrap();
    let opened = vault(1).open(LinkKind::Database, "dwh", &sealed).unwrap();
    assert_eq!(opened, secrets());
    let again = vault(1)
        .seal(LinkKind::Database, "dwh", &secrets())
        .unwrap();
    assert_ne!(sealed, again);
    let text = String::from_utf8_lossy(&sealed).into_owned();
    assert!(
        !text.contains("hunter2") && !text.contains("token"),
        "{text}"
    );
}

#[test]
fn the_length_of_a_password_does_not_show() {
    let length = |password: &str| {
        let mut secrets = Secrets::new();
        secrets.set(PASSWORD, password.to_owned());
        vault(1)
            .seal(LinkKind::Database, "dwh", &secrets)
            .unwrap()
            .len()
    };
    assert_eq!(
        length("a"),
        length("a password of forty characters or more..")
    );
}

#[test]
fn no_secrets_are_no_bytes() {
    let sealed = vault(1).seal(LinkKind::File, "x", &Secrets::new()).unwrap();
    assert!(sealed.is_empty());
    assert!(
        vault(2)
            .open(LinkKind::File, "x", &sealed)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn another_key_says_what_to_do() {
    let sealed = vault(1)
        .seal(LinkKind::Database, "dwh", &secrets())
        .unwrap();
    let error = vault(2)
        .open(LinkKind::Database, "dwh", &sealed)
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("database link `dwh`"), "{text}");
    assert!(
        text.contains("the cluster's secret or name changed"),
        "{text}"
    );
    assert!(text.contains("peerflow link db update dwh"), "{text}");
}

#[test]
fn a_sealed_password_does_not_serve_another_link() {
    let sealed = vault(1)
        .seal(LinkKind::Database, "dwh", &secrets())
        .unwrap();
    for (kind, name) in [(LinkKind::Database, "mine"), (LinkKind::File, "dwh")] {
        let error = vault(1).open(kind, name, &sealed).unwrap_err();
        assert!(matches!(error, VaultError::Damaged { .. }), "{error}");
    }
}

#[test]
fn every_changed_byte_is_noticed_and_no_cut_panics() {
    let sealed = vault(1).seal(LinkKind::File, "x", &secrets()).unwrap();
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 0x40;
        assert!(
            vault(1).open(LinkKind::File, "x", &changed).is_err(),
            "byte {at}"
        );
        if at > 0 {
            assert!(vault(1).open(LinkKind::File, "x", &sealed[..at]).is_err());
        }
    }
}

#[test]
fn too_much_is_refused() {
    let mut secrets = Secrets::new();
    secrets.set("token", "x".repeat(MAX_SECRETS + 1));
    let error = vault(1).seal(LinkKind::File, "x", &secrets).unwrap_err();
    assert!(matches!(error, VaultError::TooLarge { .. }));
}

#[test]
fn a_single_node_makes_its_key_once_for_its_owner_only() {
    let directory = tempfile::tempdir().unwrap();
    let sealed = Vault::of_data_directory(directory.path())
        .unwrap()
        .seal(LinkKind::Database, "dwh", &secrets())
        .unwrap();
    let path = directory.path().join(KEY_FILE);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let later = Vault::of_data_directory(directory.path()).unwrap();
    assert_eq!(
        later.open(LinkKind::Database, "dwh", &sealed).unwrap(),
        secrets()
    );
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);

    std::fs::remove_file(&path).unwrap();
    let other = Vault::of_data_directory(directory.path()).unwrap();
    let text = other
        .open(LinkKind::Database, "dwh", &sealed)
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("the key file of links is a new one"),
        "{text}"
    );
}

#[test]
fn a_key_file_of_another_length_is_refused_with_its_path() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(KEY_FILE), [7; 40]).unwrap();
    let error = Vault::of_data_directory(directory.path()).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("links.key") && text.contains("40 bytes"),
        "{text}"
    );
}

#[test]
fn a_fingerprint_tells_contents_apart_and_needs_the_key() {
    let of = |byte, content: &[u8]| vault(byte).fingerprint(content);
    assert_eq!(of(1, b"a"), of(1, b"a"));
    assert_ne!(of(1, b"a"), of(1, b"b"));
    assert_ne!(of(1, b"a"), of(2, b"a"));
}
