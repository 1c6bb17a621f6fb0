//! The timeline in a terminal.

use super::records::{clock, entry, node, started};
use super::sample::{night, nodes};
use crate::history::What;
use crate::report::terminal::Terminal;
use crate::report::timeline::Timeline;
use crate::report::words::columns;

fn drawn(timeline: &Timeline, width: usize) -> String {
    let colours = false;
    Terminal { width, colours }.draw(timeline)
}

#[test]
fn no_line_is_wider_than_the_terminal_and_every_node_has_one() {
    let timeline = Timeline::of(&night(), &nodes(), &clock()).with_violation(clock().now(), "seen");
    for width in [40, 61, 80, 240] {
        let text = drawn(&timeline, width);
        for line in text.lines() {
            assert!(columns(line) <= width, "{width}: {line}");
        }
        for name in ["n1 ", "n4 ", "北京-05 "] {
            assert!(
                text.lines().any(|line| line.starts_with(name)),
                "{width}: {text}"
            );
        }
    }
    // Narrower than can be read is drawn as if it were not.
    assert_eq!(drawn(&timeline, 3), drawn(&timeline, 40));
}

#[test]
fn colours_change_nothing_but_colours() {
    let timeline = Timeline::of(&night(), &nodes(), &clock());
    let coloured = Terminal {
        width: 80,
        colours: true,
    }
    .draw(&timeline);
    let mut plain = String::new();
    for (number, part) in coloured.split('\u{1b}').enumerate() {
        let shown = if number == 0 {
            Some(part)
        } else {
            part.split_once('m').map(|(_, rest)| rest)
        };
        plain.push_str(shown.unwrap_or_default());
    }
    assert!(coloured.contains('\u{1b}'));
    let trimmed = |text: &str| {
        text.lines()
            .map(str::trim_end)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(trimmed(&plain), trimmed(&drawn(&timeline, 80)));
}

#[test]
fn each_state_stands_where_it_was() {
    let n1 = node("n1");
    let entries = [
        entry(0, started("n1", 1)),
        entry(400, What::Paused { node: n1.clone() }),
        entry(600, What::Resumed { node: n1.clone() }),
        entry(800, What::Crashed { node: n1.clone() }),
        entry(1_000, What::Healing),
    ];
    let text = drawn(&Timeline::of(&entries, &[n1], &clock()), 61);
    let lane = text
        .lines()
        .find(|line| line.starts_with("n1"))
        .expect("a lane");
    let wanted = format!(
        "n1         {}{}{}X",
        "-".repeat(20),
        "~".repeat(11),
        "-".repeat(9)
    );
    assert_eq!(lane, wanted);
}

#[test]
fn nothing_is_drawn_of_nothing() {
    assert_eq!(
        drawn(&Timeline::of(&[], &[], &clock()), 80),
        "Nothing happened.\n"
    );
    let idle = Timeline::of(&[], &[node("n1")], &clock());
    assert!(drawn(&idle, 80).contains("00:00:00"));
}
