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
    assert!(!text.contains("hunter2"), "{text}");
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

/// The secrets above, as the first version sealed them with the first key: without their names.
const FIRST_VERSION: &str = "019befa79f8a5895b2d14adba1967ccb7e7dcd2b437171d1fd58580cc8cee5914a4c1a1a7436e36513dd572cd3acf17eb845\
     4c12f3cccb098f5445b270e522f3a7148f50fba009898951001c5e1f22a5d53c257b5542e195021a6d47e06f4e12a40f0340\
     b4a83b899d5897284f8e8f59d295ba467ac4ce9b7de91fb616634e14ba17bcec450148271d2983d2d72ac36afeffeec46fbc\
     b36b0a0b324ef7edbeb3a69761be1dfd5ef52f4e925c5c5bd4ed2c";

fn first_version() -> Vec<u8> {
    let pairs = FIRST_VERSION.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.map(byte).collect()
}

fn opened_by(key: u8, sealed: &[u8]) -> Result<Secrets, VaultError> {
    vault(key).open(LinkKind::Database, "dwh", sealed)
}

#[test]
fn what_the_first_version_sealed_opens_still() {
    assert_eq!(opened_by(1, &first_version()).unwrap(), secrets());
}

#[test]
fn another_key_says_what_is_lost_and_what_to_type() {
    let sealed = vault(1)
        .seal(LinkKind::Database, "dwh", &secrets())
        .unwrap();
    let text = opened_by(2, &sealed).unwrap_err().to_string();
    for part in [
        "database link `dwh`",
        "the cluster's secret or name changed",
        "so `password`, `token` cannot be read any more",
        "`peerflow link db update dwh --ask-password --secret token=FILE`",
    ] {
        assert!(text.contains(part), "{text}");
    }
    let mut key_alone = Secrets::new();
    key_alone.set("key-passphrase", "hunter2".to_owned());
    let sealed = vault(1).seal(LinkKind::File, "it's", &key_alone).unwrap();
    let error = vault(2).open(LinkKind::File, "it's", &sealed).unwrap_err();
    let text = error.to_string();
    let command = r"`peerflow link file update 'it'\''s' --secret key-passphrase=FILE`";
    assert!(text.contains(command), "{text}");

    let text = opened_by(2, &first_version()).unwrap_err().to_string();
    assert!(
        text.contains("the password and every secret property cannot be read any more")
            && text.contains("update dwh --ask-password --secret NAME=FILE`"),
        "{text}"
    );
}

#[test]
fn a_change_makes_lost_secrets_good_only_when_it_leaves_none_out() {
    let sealed = vault(1)
        .seal(LinkKind::Database, "dwh", &secrets())
        .unwrap();
    let mut password = Secrets::new();
    password.set(PASSWORD, "new".to_owned());
    let mut both = password.clone();
    both.set("token", "new".to_owned());
    let mut token = Secrets::new();
    token.set("token", "new".to_owned());
    let made_good = |sealed: &[u8], given: &Secrets, removed: &[&str]| {
        let removed: Vec<String> = removed.iter().map(|name| (*name).to_owned()).collect();
        opened_by(2, sealed).unwrap_err().made_good(given, &removed)
    };
    for (given, removed) in [
        (&both, &[][..]),
        (&password, &["token"]),
        (&token, &[PASSWORD]),
    ] {
        assert_eq!(made_good(&sealed, given, removed).unwrap(), None);
    }
    for (given, removed) in [
        (&password, &[][..]),
        (&token, &[]),
        (&Secrets::new(), &["token"]),
        (&password, &["other"]),
    ] {
        let text = made_good(&sealed, given, removed).unwrap_err().to_string();
        assert!(text.contains("`password`, `token`"), "{text}");
    }
    // Nobody knows what else there was, which is said.
    let said = made_good(&first_version(), &password, &[])
        .unwrap()
        .unwrap();
    assert!(
        said.contains("database link `dwh`") && said.contains("--secret NAME=FILE"),
        "{said}"
    );
    assert!(made_good(&first_version(), &token, &[]).is_err());
    // A newer node knows what this one would throw away.
    let mut newer = sealed;
    newer[0] = 3;
    let error = made_good(&newer, &both, &[]).unwrap_err();
    assert!(matches!(error, VaultError::Newer { .. }), "{error}");
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
