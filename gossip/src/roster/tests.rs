//! What peers may say, true or not, and what becomes of it.

use std::time::Duration;

use chitchat::{ChitchatConfig, DeletionStatus, FailureDetectorConfig, VersionedValue};

use super::*;

const WORD: &str = r#"{"running":2}"#;
const SETTLED: Duration = Duration::from_secs(3);

fn id(node: &str, incarnation: u64) -> ChitchatId {
    ChitchatId::new(node, incarnation, ([10, 0, 0, 1], 7501).into())
}

fn about(slots: u32) -> String {
    format!(r#"{{"slots":{slots},"version":"0.1.0"}}"#)
}

struct View {
    chitchat: Chitchat,
    roster: Roster,
    counters: Counters,
}

impl View {
    fn new() -> Self {
        let own = id("own", 5);
        let chitchat = new_chitchat(&own);
        let counters = Counters::default();
        let roster = Roster::new(
            own,
            value::read_about(&about(1)).unwrap(),
            Duration::from_millis(200),
            WallClock::new(|| Timestamp::UNIX_EPOCH),
            counters.clone(),
        );
        Self {
            chitchat,
            roster,
            counters,
        }
    }

    /// Chitchat hears of a node, not from it.
    fn hear_of(&mut self, id: &ChitchatId, values: &[(&str, &str)]) {
        let before = self
            .chitchat
            .node_state(id)
            .map_or(0, |state| state.max_version());
        let values = values.iter().enumerate().map(|(at, (key, text))| {
            let value = VersionedValue {
                value: (*text).to_owned(),
                version: before + 1 + at as u64,
                status: DeletionStatus::Set,
            };
            ((*key).to_owned(), value)
        });
        let version = before + values.len() as u64;
        self.chitchat
            .reset_node_state_if_update(id, values, version, 0);
    }

    fn states(&mut self) -> Vec<(String, u64, MemberState)> {
        let members = self.roster.survey(&self.chitchat);
        members
            .peers()
            .map(|peer| (peer.id.to_string(), peer.incarnation.0, peer.state))
            .collect()
    }
}

fn new_chitchat(own: &ChitchatId) -> Chitchat {
    let config = ChitchatConfig {
        chitchat_id: own.clone(),
        cluster_id: "etl".into(),
        gossip_interval: Duration::from_millis(200),
        listen_addr: own.gossip_advertise_addr,
        seed_nodes: Vec::new(),
        failure_detector_config: FailureDetectorConfig::default(),
        marked_for_deletion_grace_period: Duration::from_secs(900),
        catchup_callback: None,
        extra_liveness_predicate: None,
    };
    let (_sender, seeds) = tokio::sync::watch::channel(HashSet::new());
    let values = [(value::ABOUT, about(1)), (value::WORD, WORD.to_owned())];
    Chitchat::with_chitchat_id_and_seeds(
        config,
        seeds,
        values.map(|(key, text)| (key.to_owned(), text)).to_vec(),
    )
}

fn dead(node: &str, incarnation: u64) -> (String, u64, MemberState) {
    (node.to_owned(), incarnation, MemberState::Dead)
}

#[tokio::test(start_paused = true)]
async fn a_node_never_heard_is_listed_as_dead_once_that_is_known() {
    let mut view = View::new();
    view.hear_of(
        &id("n2", 1),
        &[(value::ABOUT, &about(2)), (value::WORD, WORD)],
    );
    assert_eq!(view.states(), []);
    tokio::time::advance(SETTLED).await;
    assert_eq!(view.states(), [dead("n2", 1)]);
    let own = view.roster.members();
    assert_eq!(own.own().map(|own| own.state), Some(MemberState::Alive));
}

#[tokio::test(start_paused = true)]
async fn a_new_life_replaces_the_old_one_at_once_and_an_old_one_never_a_new_one() {
    let mut view = View::new();
    view.hear_of(&id("n2", 3), &[(value::ABOUT, &about(2))]);
    view.states();
    tokio::time::advance(SETTLED).await;
    assert_eq!(view.states(), [dead("n2", 3)]);
    view.hear_of(&id("n2", 2), &[(value::ABOUT, &about(2))]);
    assert_eq!(view.states(), [dead("n2", 3)]);
    view.hear_of(&id("n2", 4), &[(value::ABOUT, &about(9))]);
    assert_eq!(view.states(), [("n2".to_owned(), 4, MemberState::Alive)]);
    assert_eq!(
        view.roster
            .members()
            .member(&"n2".into())
            .map(|n2| n2.about.slots),
        Some(9)
    );
    tokio::time::advance(SETTLED).await;
    assert_eq!(view.states(), [dead("n2", 4)]);
}

#[tokio::test(start_paused = true)]
async fn what_one_peer_says_in_a_wrong_form_hides_no_other() {
    let mut view = View::new();
    let long = "x".repeat(10_000);
    view.hear_of(&id("bad", 1), &[(value::ABOUT, "{not json")]);
    view.hear_of(
        &id("bad2", 1),
        &[(value::ABOUT, &long), (value::WORD, "\0")],
    );
    view.hear_of(&id(&"n".repeat(21), 1), &[(value::ABOUT, &about(2))]);
    view.hear_of(&id("silent", 1), &[("mood", "well")]);
    view.hear_of(
        &id("mumbling", 1),
        &[
            (value::ABOUT, &about(2)),
            (value::WORD, r#"{"running":-1}"#),
            ("mood", "well"),
        ],
    );
    view.hear_of(
        &id("good", 1),
        &[(value::ABOUT, &about(2)), (value::WORD, WORD)],
    );
    view.states();
    tokio::time::advance(SETTLED).await;
    assert_eq!(view.states(), [dead("good", 1), dead("mumbling", 1)]);
    let members = view.roster.members();
    let running = |node: &str| members.member(&node.into()).map(|peer| peer.word.running);
    assert_eq!((running("good"), running("mumbling")), (Some(2), Some(0)));
    assert_eq!(view.counters.lock().unreadable, 4);
}

#[tokio::test(start_paused = true)]
async fn a_word_that_cannot_be_read_leaves_the_last_one_standing() {
    let mut view = View::new();
    view.hear_of(
        &id("n2", 1),
        &[(value::ABOUT, &about(2)), (value::WORD, WORD)],
    );
    view.states();
    tokio::time::advance(SETTLED).await;
    view.states();
    view.hear_of(&id("n2", 1), &[(value::ABOUT, "[]"), (value::WORD, "[[[")]);
    view.states();
    let members = view.roster.members();
    let n2 = members.member(&"n2".into()).unwrap();
    assert_eq!((n2.about.slots, n2.word.running), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn who_said_that_it_goes_has_left() {
    let mut view = View::new();
    view.hear_of(
        &id("n2", 1),
        &[(value::ABOUT, &about(2)), (value::LEFT, "1")],
    );
    assert_eq!(view.states(), [("n2".to_owned(), 1, MemberState::Left)]);
}

#[tokio::test(start_paused = true)]
async fn members_stay_for_a_moment_when_chitchat_starts_again() {
    let mut view = View::new();
    view.hear_of(
        &id("n2", 1),
        &[(value::ABOUT, &about(2)), (value::LEFT, "1")],
    );
    let before = view.states();
    view.chitchat = new_chitchat(&id("own", 5));
    view.roster.keep_for_a_moment();
    assert_eq!(view.states(), before);
    tokio::time::advance(SETTLED).await;
    assert_eq!(view.states(), []);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_published_anew_while_nothing_changes() {
    let mut view = View::new();
    view.hear_of(
        &id("n2", 1),
        &[(value::ABOUT, &about(2)), (value::LEFT, "1")],
    );
    let first = view.roster.survey(&view.chitchat);
    let second = view.roster.survey(&view.chitchat);
    assert!(Arc::ptr_eq(&first, &second));
}
