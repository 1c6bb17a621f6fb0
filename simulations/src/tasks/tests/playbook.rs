//! What tasks do, from where it stands.

use std::time::Duration;

use super::bench::{script, workflow};
use crate::tasks::{Draw, Play, PlayResult, Playbook};

fn draw(seed: u64, attempt: u32, drawn_before: u64) -> Draw<'static> {
    Draw {
        seed,
        workflow: "w",
        step: "s",
        visit: 1,
        attempt,
        drawn_before,
    }
}

fn plays(book: &Playbook, code: &str, seed: u64) -> Vec<Play> {
    let workflow = workflow(&script(code), "wait");
    let step = workflow.find("s").unwrap();
    let play = |before| book.play(&workflow, step, &draw(seed, 1, before));
    (0..1_000).map(|before| play(before).unwrap()).collect()
}

fn count(plays: &[Play], result: PlayResult) -> usize {
    plays.iter().filter(|play| play.result == result).count()
}

#[test]
fn the_same_seed_gives_the_same_plays_and_another_gives_others() {
    let (book, code) = (Playbook::default(), "# simulate: fails 50%, hangs 10%");
    assert_eq!(plays(&book, code, 1), plays(&book, code, 1));
    assert_ne!(plays(&book, code, 1), plays(&book, code, 2));
}

#[test]
fn shares_of_a_hint_are_kept() {
    let code = "# simulate: takes 5s..20s, fails 10%, hangs 5%";
    let plays = plays(&Playbook::default(), code, 1);
    assert!((70..130).contains(&count(&plays, PlayResult::Failure(1))));
    assert!((30..70).contains(&count(&plays, PlayResult::Hang)));
    let bounds = Duration::from_secs(5)..=Duration::from_secs(20);
    assert!(plays.iter().all(|play| bounds.contains(&play.takes)));
}

#[test]
fn the_first_tries_or_visits_fail_where_a_hint_says_so() {
    let workflow = workflow(&script("# simulate: fails first 2"), "wait");
    let step = workflow.find("s").unwrap();
    let result = |visit, attempt| {
        let draw = Draw {
            visit,
            ..draw(1, attempt, 0)
        };
        let book = Playbook::default();
        book.play(&workflow, step, &draw).unwrap().result
    };
    let failure = PlayResult::Failure(1);
    assert_eq!([result(1, 1), result(1, 2)], [failure, failure]);
    assert_eq!(result(2, 1), failure);
    assert_eq!(
        [result(1, 3), result(2, 2), result(3, 1)],
        [PlayResult::Success; 3]
    );
}

#[test]
fn a_hint_counts_before_the_file_the_file_before_the_past_and_the_past_before_the_default() {
    let given = "[[step]]\nworkflow = \"w\"\nstep = \"s\"\ntakes = \"2m\"\nprints = 7";
    let tried = r#"{"workflow": "w", "steps": [{"name": "s", "attempts": [{"status": "failed", "exit_code": 9,
        "started_at": "2026-11-19T01:00:00Z", "ended_at": "2026-11-19T01:03:00Z"}]}]}"#;
    let past = Playbook::default().with_past(tried).unwrap();
    let both = past.clone().with_given(given).unwrap();
    let first = |book: &Playbook, code| plays(book, code, 1)[0];

    let play = first(&both, "# simulate: takes 1m");
    assert_eq!((play.takes.as_secs(), play.lines), (60, 7));
    assert_eq!(play.result, PlayResult::Failure(9));
    assert_eq!(first(&both, "echo").takes.as_secs(), 120);
    assert_eq!(first(&past, "echo").takes.as_secs(), 180);

    let plays = plays(&Playbook::default(), "echo", 1);
    assert_eq!(count(&plays, PlayResult::Success), plays.len());
    let bounds = Duration::from_secs(1)..=Duration::from_secs(30);
    assert!(plays.iter().all(|play| bounds.contains(&play.takes)));
}

#[test]
fn a_bad_hint_is_refused_with_its_place_and_what_was_expected() {
    let workflow = workflow(&script("echo a\n# simulate: takes 5"), "wait");
    let error = Playbook::default().check(&workflow).unwrap_err();
    let text = error.to_string();
    for part in [
        "workflow \"w\"",
        "step \"s\"",
        "line 2",
        "takes 5",
        "write it like",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_step_that_is_given_and_not_there_is_refused() {
    let workflow = workflow(&script("echo"), "wait");
    let given = |step: &str| {
        let toml = format!("[[step]]\nworkflow = \"w\"\nstep = \"{step}\"\nfails = \"1%\"");
        Playbook::default().with_given(&toml).unwrap()
    };
    assert_eq!(given("s").check(&workflow), Ok(()));
    assert_eq!(given("*").check(&workflow), Ok(()));
    for step in ["S", "end"] {
        let error = given(step).check(&workflow).unwrap_err().to_string();
        assert!(error.contains(&format!("{step:?} of \"w\"")), "{error}");
    }
}
