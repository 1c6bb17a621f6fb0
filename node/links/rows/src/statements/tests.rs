//! Where statements end.

use proptest::prelude::*;

use super::*;

const ALL: [Lexis; 5] = [
    Lexis::STANDARD,
    Lexis::MYSQL,
    Lexis::POSTGRES,
    Lexis::SQLITE,
    Lexis::HIVE,
];

fn texts(text: &str, lexis: Lexis) -> Vec<&str> {
    let statements = split(text, lexis).unwrap();
    statements.iter().map(|it| it.text).collect()
}

#[test]
fn statements_are_numbered_and_know_the_line_of_their_first_word() {
    let text =
        "-- a comment\nSELECT 1 ;;\n\n /* another */ INSERT\nINTO t VALUES (1); -- the end\n";
    let statements = split(text, Lexis::STANDARD).unwrap();
    assert_eq!(
        statements,
        [
            Statement {
                text: "SELECT 1",
                line: 2,
                number: 1
            },
            Statement {
                text: "INSERT\nINTO t VALUES (1)",
                line: 4,
                number: 2
            },
        ]
    );
    assert_eq!(
        split("  \n-- nothing\n;; /* at all */", Lexis::MYSQL),
        Ok(vec![])
    );
}

#[test]
fn separators_within_quotes_and_comments_separate_nothing() {
    for lexis in ALL {
        for one in [
            "SELECT ';', \";\", 'it''s;', \"a\"\";b\" FROM t",
            "SELECT 1 /* ; */ + 1 -- ; \n + 1",
        ] {
            assert_eq!(texts(&format!("{one}; SELECT 2"), lexis), [one, "SELECT 2"]);
        }
    }
    let one = "SELECT `a;``b` FROM [x]";
    assert_eq!(texts(one, Lexis::MYSQL), [one]);
    let one = "SELECT [a;b]]c;] FROM t";
    assert_eq!(texts(one, Lexis::SQLITE), [one]);
}

#[test]
fn a_backslash_protects_a_quote_only_where_the_database_says_so() {
    let one = r"SELECT 'it\'s;', '\\'";
    assert_eq!(texts(&format!("{one};x"), Lexis::MYSQL), [one, "x"]);
    assert_eq!(
        texts(r"SELECT '\';x", Lexis::STANDARD),
        [r"SELECT '\'", "x"]
    );
    let one = r"SELECT E'it\'s;', e'\\', name'\'";
    assert_eq!(texts(&format!("{one};x"), Lexis::POSTGRES), [one, "x"]);
}

#[test]
fn mysql_has_comments_of_its_own() {
    assert_eq!(
        texts("SELECT 1--1; # it's\nSELECT 2 -- it's\n", Lexis::MYSQL),
        ["SELECT 1--1", "SELECT 2"]
    );
    let dump = "/*!40101 SET NAMES 'a*/;b' */;\n/*!50001 x; y */;";
    assert_eq!(
        texts(dump, Lexis::MYSQL),
        ["/*!40101 SET NAMES 'a*/;b' */", "/*!50001 x; y */"]
    );
    assert_eq!(
        texts("SELECT a #> b; SELECT 2", Lexis::POSTGRES),
        ["SELECT a #> b", "SELECT 2"]
    );
}

#[test]
fn a_delimiter_line_says_what_separates_from_there_on() {
    let text = "SELECT 1;\ndelimiter $$\nCREATE PROCEDURE p() BEGIN SELECT 1; END$$\nDELIMITER ;\nCALL p();";
    for lexis in ALL {
        assert_eq!(
            texts(text, lexis),
            [
                "SELECT 1",
                "CREATE PROCEDURE p() BEGIN SELECT 1; END",
                "CALL p()"
            ]
        );
    }
    let text = "DELIMITER go\nSELECT category; x go y\ngo";
    assert_eq!(texts(text, Lexis::MYSQL), ["SELECT category; x", "y"]);
    assert_eq!(texts("delimiters; x", Lexis::MYSQL), ["delimiters", "x"]);
    let error = split("SELECT 1;\nDELIMITER \nx", Lexis::MYSQL).unwrap_err();
    assert_eq!(error.line, 2);
    assert!(error.to_string().contains("DELIMITER must be followed by"));
}

#[test]
fn postgresql_has_dollar_quotes_nested_comments_and_bodies() {
    for one in [
        "CREATE FUNCTION f() RETURNS int AS $$ SELECT 1; $$ LANGUAGE sql",
        "DO $body$ BEGIN x := $1; y := $$;$$; END $body$",
        "SELECT /* a /* ; */ ; */ 1",
        "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)",
        "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
        "SELECT $1, a$b$c FROM t",
    ] {
        assert_eq!(
            texts(&format!("{one}; SELECT 2"), Lexis::POSTGRES),
            [one, "SELECT 2"]
        );
    }
    assert_eq!(
        texts("BEGIN; SELECT 1; END;", Lexis::POSTGRES),
        ["BEGIN", "SELECT 1", "END"]
    );
}

#[test]
fn a_trigger_of_sqlite_ends_at_its_end() {
    let one = "CREATE TEMP TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM u; SELECT CASE WHEN 1 THEN 2 END; END";
    assert_eq!(
        texts(&format!("{one}; SELECT 2"), Lexis::SQLITE),
        [one, "SELECT 2"]
    );
    assert_eq!(
        texts("BEGIN; SELECT 1; END", Lexis::SQLITE),
        ["BEGIN", "SELECT 1", "END"]
    );
}

#[test]
fn what_is_not_closed_is_an_error_with_the_line_where_it_begins() {
    let cases = [
        (
            "SELECT 1;\nSELECT 'it''s\n\n",
            Lexis::STANDARD,
            "line 2: a quote ' is opened and not closed",
        ),
        (
            "\n\n/* a",
            Lexis::STANDARD,
            "line 3: a comment `/*` is opened and not closed",
        ),
        (
            "/*! a",
            Lexis::MYSQL,
            "line 1: a comment `/*!` is opened and not closed",
        ),
        (
            "x $a$ y $b$",
            Lexis::POSTGRES,
            "line 1: a quote $a$ is opened and not closed",
        ),
        (
            "'a\\",
            Lexis::MYSQL,
            "line 1: a quote ' is opened and not closed",
        ),
        (
            "x [a",
            Lexis::SQLITE,
            "line 1: a quote [ is opened and not closed; add ]",
        ),
    ];
    for (text, lexis, expected) in cases {
        let message = split(text, lexis).unwrap_err().to_string();
        assert!(message.starts_with(expected), "{message}");
    }
}

/// Tokens that mean the same everywhere.
fn token() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "SELECT", "数据", "x1", "'a;b'", "\"c;\"", "'it''s'", "=", "(1)", "1.5e3", "'-- no'",
        "'/*'", ",", "E",
    ])
}

/// What texts of all kinds are made of.
const PIECES: &[&str] = &[
    ";",
    "'",
    "\"",
    "`",
    "$",
    "#",
    "*",
    "/",
    "\\",
    "-",
    "[",
    "]",
    "(",
    ")",
    " ",
    "\n",
    "e",
    "E",
    "数",
    "$a$",
    "$1",
    "/*!",
    "*/",
    "--",
    "DELIMITER ",
    "BEGIN ",
    "END ",
    "CREATE TRIGGER ",
    "CREATE FUNCTION ",
    "\u{feff}",
    "\u{b}",
];

/// What may stand between tokens.
fn gap() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![" ", "\n", "\t\r\n", " /* it's; */ ", " -- it's;\n"])
}

proptest! {
    #[test]
    fn no_token_is_lost_and_none_moves(
        statements in prop::collection::vec(prop::collection::vec((gap(), token()), 0..6), 0..8),
    ) {
        let mut text = String::new();
        for statement in &statements {
            for (gap, token) in statement {
                text.push_str(gap);
                text.push_str(token);
            }
            text.push_str(" ; ");
        }
        let expected: Vec<_> = statements.iter().filter(|it| !it.is_empty()).collect();
        for lexis in ALL {
            let found = split(&text, lexis).unwrap();
            prop_assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                let (_, first) = expected[0];
                let mut whole = first.to_owned();
                for (gap, token) in &expected[1..] {
                    whole.push_str(gap);
                    whole.push_str(token);
                }
                prop_assert_eq!(found.text, &whole);
                let before = found.text.as_ptr() as usize - text.as_ptr() as usize;
                let line = text[..before].matches('\n').count() + 1;
                prop_assert_eq!(found.line as usize, line);
            }
        }
    }

    #[test]
    fn whatever_is_given_is_split_or_refused(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40),
    ) {
        let text = pieces.concat();
        for lexis in ALL {
            if let Ok(statements) = split(&text, lexis) {
                let mut behind = 0;
                for statement in statements {
                    let start = statement.text.as_ptr() as usize - text.as_ptr() as usize;
                    prop_assert!(start >= behind && !statement.text.trim().is_empty());
                    behind = start + statement.text.len();
                }
            }
        }
    }
}
