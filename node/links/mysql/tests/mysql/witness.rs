//! What became of a transaction, and whether there is one at all.

use peerflow_rows::{Fate, Trouble};

use crate::places::{Place, connect, rows, run, settings};

#[tokio::test]
async fn another_connection_finds_out_what_became_of_a_transaction() {
    let place = Place::create().await;
    let mut other = place.session().await;
    run(&mut *other, "CREATE TABLE t (n INT)").await;
    for (end, fate, count) in [
        ("COMMIT", Fate::Committed, "1"),
        ("ROLLBACK", Fate::Undone, "1"),
        // Still open: its session is ended, since nobody is there any more who could commit it.
        ("SELECT 1", Fate::Undone, "1"),
    ] {
        let mut session = place.session().await;
        let receipt = session.begin_witnessed(Some("`wit``ness`")).await.unwrap();
        run(&mut *session, "INSERT INTO t VALUES (1)").await;
        run(&mut *session, end).await;
        let found = other.fate(&receipt.unwrap()).await.unwrap();
        assert_eq!(found, fate, "{end}");
        let counted = rows(&mut *other, "SELECT COUNT(*) FROM t").await;
        assert_eq!(counted, [[count]], "{end}");
        let gone = session.commit().await.unwrap_err();
        assert_eq!(gone.trouble, Trouble::Lost, "{end}");
        run(&mut *other, "DROP TABLE `wit``ness`").await;
    }
    assert_eq!(other.fate("`none`").await.unwrap(), Fate::Unknown);
    let rules = "SELECT @@innodb_lock_wait_timeout = @@global.innodb_lock_wait_timeout";
    assert_eq!(rows(&mut *other, rules).await, [["1"]]);
    place.drop_it().await;
}

#[tokio::test]
async fn without_the_right_to_make_a_table_a_transaction_begins_all_the_same() {
    let place = Place::create().await;
    let mut root = place.session().await;
    let user = format!("{}_user", place.name);
    run(&mut *root, "CREATE TABLE t (n INT)").await;
    run(&mut *root, &format!("CREATE USER {user}@'%'")).await;
    run(
        &mut *root,
        &format!("GRANT SELECT, INSERT ON {}.* TO {user}@'%'", place.name),
    )
    .await;
    let mut session = connect(peerflow_mysql::Settings {
        user: user.clone(),
        password: String::new(),
        database: place.name.clone(),
        ..settings()
    })
    .await;
    assert_eq!(session.begin_witnessed(Some("`w`")).await.unwrap(), None);
    run(&mut *session, "INSERT INTO t VALUES (1)").await;
    session.rollback().await.unwrap();
    let left = rows(&mut *session, "SELECT COUNT(*) FROM t").await;
    assert_eq!(left, [["0"]]);
    run(&mut *root, &format!("DROP USER {user}@'%'")).await;
    place.drop_it().await;
}

#[tokio::test]
async fn a_view_has_transactions_when_all_behind_it_have() {
    let place = Place::create().await;
    let mut session = place.session().await;
    for statement in [
        "CREATE TABLE safe (n INT, `a``b` TEXT)",
        "CREATE TABLE `un.safe` (n INT) ENGINE=MyISAM",
        "CREATE VIEW over_safe AS SELECT n, 'x.`y`.`un.safe`' AS t FROM safe",
        "CREATE VIEW over_unsafe AS SELECT * FROM `un.safe`",
        "CREATE VIEW over_both AS SELECT s.n FROM over_safe s WHERE EXISTS (SELECT 1 FROM over_unsafe)",
        "CREATE VIEW over_nothing AS SELECT 1 AS n",
    ] {
        run(&mut *session, statement).await;
    }
    for (table, undoes) in [
        ("safe", true),
        ("`un.safe`", false),
        ("over_safe", true),
        ("over_unsafe", false),
        ("over_both", false),
        ("over_nothing", false),
    ] {
        let found = session.undoes_changes_of(table).await.unwrap();
        assert_eq!(found, undoes, "{table}");
    }
    let full = format!("{}.over_unsafe", place.name);
    let mut elsewhere = connect(settings()).await;
    assert!(!elsewhere.undoes_changes_of(&full).await.unwrap());
    place.drop_it().await;
}
