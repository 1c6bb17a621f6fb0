//! The page: one file that asks for nothing from outside.

mod data;
mod markup;
mod tables;

use markup::{Markup, fill};

use super::fold::fold;
use super::heading::Heading;
use super::summary::Summary;
use super::timeline::Timeline;
use super::words::{brief, counted, grouped, wall};

const TEMPLATE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// Beyond so many bars, short ones that lie close are drawn as one.
const MOST_BARS: usize = 50_000;

/// The page of a run: its timeline to move about in, and the summary as tables. All of it is in the text: no font, script
/// or picture is asked for.
pub fn page(heading: &Heading, timeline: &Timeline, summary: &Summary) -> String {
    page_within(heading, timeline, summary, MOST_BARS)
}

pub(super) fn page_within(
    heading: &Heading,
    timeline: &Timeline,
    summary: &Summary,
    most_bars: usize,
) -> String {
    let folding = fold(timeline, most_bars);
    let mut notes = Markup::default();
    if let Some(cell) = folding.cell {
        let tasks = grouped(timeline.bars().count());
        notes.text(&format!(
            "{tasks} tasks are too many to draw one by one: those within the same {} are drawn as one, and say how many they are.",
            brief(cell)
        ));
    }
    let mut title = Markup::default();
    title.text(&heading.title);
    let mut outcome = Markup::default();
    outcome.text(&heading.outcome);
    let data = data::data(timeline, &folding);
    fill(
        TEMPLATE,
        &[
            ("title", title.as_str()),
            ("outcome", outcome.as_str()),
            ("facts", facts(heading, timeline).as_str()),
            ("options", options(heading).as_str()),
            ("notes", notes.as_str()),
            ("tables", tables::tables(timeline, summary).as_str()),
            ("style", STYLE),
            ("script", SCRIPT),
            ("data", &markup::embedded(&data)),
        ],
    )
}

/// Seed, command and the like.
fn facts(heading: &Heading, timeline: &Timeline) -> Markup {
    let mut facts = Markup::default();
    let mut fact = |name: &str, value: &str, code: bool| {
        if value.is_empty() {
            return;
        }
        facts.raw("<div><dt>").text(name).raw("</dt><dd>");
        if code {
            facts.raw("<code>").text(value).raw("</code></dd></div>");
        } else {
            facts.text(value).raw("</dd></div>");
        }
    };
    let zone = timeline.zone.iana_name().unwrap_or("UTC");
    let began = format!("{} {zone}", wall(timeline.began_at, &timeline.zone));
    fact(
        "seed",
        &heading.seed.map_or(String::new(), |seed| seed.to_string()),
        false,
    );
    fact("began", &began, false);
    fact("lasted", &brief(timeline.end.since_start()), false);
    fact("nodes", &timeline.lanes.len().to_string(), false);
    fact("tasks", &grouped(timeline.bars().count()), false);
    fact("commit", &heading.commit, true);
    fact("command", &heading.command, true);
    facts
}

fn options(heading: &Heading) -> Markup {
    let mut options = Markup::default();
    if heading.options.is_empty() {
        return options;
    }
    let count = counted(heading.options.len(), "option");
    options
        .raw("<details class=\"options\"><summary>")
        .text(&count)
        .raw("</summary><dl>");
    for (name, value) in &heading.options {
        options
            .raw("<dt>")
            .text(name)
            .raw("</dt><dd>")
            .text(value)
            .raw("</dd>");
    }
    options.raw("</dl></details>");
    options
}
