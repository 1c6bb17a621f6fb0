//! The summary as tables.

use super::markup::Markup;
use crate::report::summary::text::{EARLY, late};
use crate::report::summary::{CronTimes, Death, Shortage, Summary, Took};
use crate::report::timeline::{FaultSpan, Timeline};
use crate::report::words::{brief, counted, grouped};
use crate::time::VirtualTime;

/// Rows of a table beyond which it is told how many there are.
const MOST_ROWS: usize = 200;

/// A column: its head, and whether it holds numbers.
type Column = (&'static str, bool);

pub(super) fn tables(timeline: &Timeline, summary: &Summary) -> Markup {
    let mut page = Markup::default();
    page.raw("<section><h2>Instances</h2><p>")
        .text(&summary.outcomes.sentence())
        .raw("</p>");
    workflows(&mut page, &summary.workflows);
    page.raw("</section><section><h2>Slots</h2>");
    slots(&mut page, summary);
    page.raw("</section>");
    if !summary.deaths.is_empty() {
        page.raw("<section><h2>Deaths</h2>");
        let columns = [
            ("when", false),
            ("what it delayed", false),
            ("tasks lost", true),
        ];
        table(&mut page, &columns, &summary.deaths, death);
        page.raw("</section>");
    }
    if !summary.cron.is_empty() {
        page.raw("<section><h2>Scheduled times</h2>");
        let columns = [
            ("schedule", false),
            ("fired", true),
            ("skipped", true),
            ("missed", true),
            ("held", true),
            ("median late", true),
            ("worst late", true),
            ("why not", false),
        ];
        table(&mut page, &columns, &summary.cron, cron);
        let early = |row: &CronTimes| row.median_late.is_some_and(|late| late.is_negative());
        if summary.cron.iter().any(early) {
            page.raw("<p class=\"muted\">").text(EARLY).raw("</p>");
        }
        page.raw("</section>");
    }
    if !timeline.faults.is_empty() {
        page.raw("<section><h2>Faults</h2>");
        let columns = [("when", false), ("for", true), ("fault", false)];
        table(&mut page, &columns, &timeline.faults, fault);
        page.raw("</section>");
    }
    page
}

fn workflows(page: &mut Markup, workflows: &[Took]) {
    if workflows.is_empty() {
        return;
    }
    let columns = [
        ("workflow", false),
        ("runs", true),
        ("succeeded", true),
        ("failed", true),
        ("killed", true),
        ("not over", true),
        ("forgotten", true),
        ("median", true),
        ("worst", true),
        ("longest in queue", true),
        ("worst run", false),
    ];
    table(page, &columns, workflows, |row| {
        let outcomes = &row.outcomes;
        let worst = row.worst.as_ref();
        vec![
            plain(row.workflow.as_str()),
            number(outcomes.all()),
            number(outcomes.succeeded),
            number(outcomes.failed),
            number(outcomes.killed),
            number(outcomes.open),
            number(outcomes.forgotten),
            plain(&row.median.map_or(String::new(), brief)),
            plain(&worst.map_or(String::new(), |(took, _)| brief(*took))),
            plain(&if row.queued.is_zero() {
                String::new()
            } else {
                brief(row.queued)
            }),
            code(&worst.map_or(String::new(), |(_, run)| run.to_string())),
        ]
    });
}

fn slots(page: &mut Markup, summary: &Summary) {
    for sentence in summary.pressure.overview() {
        page.raw("<p>").text(&sentence).raw("</p>");
    }
    if summary.pressure.shortages.is_empty() {
        return;
    }
    let columns = [
        ("from", false),
        ("for", true),
        ("most waiting", true),
        ("mostly of", false),
    ];
    table(
        page,
        &columns,
        &summary.pressure.shortages,
        |row: &Shortage| {
            let workflow = row.workflow.as_ref();
            vec![
                when(row.from, Some(row.to)),
                plain(&brief(row.length())),
                number(row.waiting),
                plain(&workflow.map_or(String::new(), ToString::to_string)),
            ]
        },
    );
}

fn death(death: &Death) -> Vec<Markup> {
    vec![
        when(death.at, None),
        plain(&death.sentence()),
        number(death.lost.len()),
    ]
}

fn cron(row: &CronTimes) -> Vec<Markup> {
    let reasons = row.reasons.iter();
    let reasons = reasons.map(|(reason, count)| format!("{} × {reason}", grouped(*count)));
    vec![
        plain(&row.name()),
        number(row.fired),
        number(row.skipped),
        number(row.missed),
        number(row.held),
        plain(&late(row.median_late)),
        plain(&late(row.worst_late)),
        plain(&reasons.collect::<Vec<String>>().join("; ")),
    ]
}

fn fault(fault: &FaultSpan) -> Vec<Markup> {
    let length = fault.span.to.map(|to| brief(to.since(fault.span.from)));
    vec![
        when(fault.span.from, fault.span.to),
        plain(length.as_deref().unwrap_or("to the end")),
        plain(&fault.fault),
    ]
}

fn table<T>(page: &mut Markup, columns: &[Column], rows: &[T], cells: impl Fn(&T) -> Vec<Markup>) {
    let class = |numeric: bool| if numeric { " class=\"n\"" } else { "" };
    page.raw("<div class=\"scroll\" tabindex=\"0\"><table><thead><tr>");
    for (head, numeric) in columns {
        page.raw("<th scope=\"col\"").raw(class(*numeric)).raw(">");
        page.text(head).raw("</th>");
    }
    page.raw("</tr></thead><tbody>");
    for row in rows.iter().take(MOST_ROWS) {
        page.raw("<tr>");
        for (cell, (_, numeric)) in cells(row).iter().zip(columns) {
            page.raw("<td").raw(class(*numeric)).raw(">");
            page.append(cell).raw("</td>");
        }
        page.raw("</tr>");
    }
    page.raw("</tbody></table></div>");
    if rows.len() > MOST_ROWS {
        let more = counted(rows.len() - MOST_ROWS, "row");
        page.raw("<p class=\"muted\">")
            .text(&format!("{more} more."))
            .raw("</p>");
    }
}

/// An instant that the timeline goes to when it is pressed.
fn when(from: VirtualTime, to: Option<VirtualTime>) -> Markup {
    let mut cell = Markup::default();
    let ms = |at: VirtualTime| at.since_start().as_millis().to_string();
    cell.raw("<button type=\"button\" class=\"at\" title=\"show in the timeline\" data-from=\"");
    cell.text(&ms(from))
        .raw("\" data-to=\"")
        .text(&ms(to.unwrap_or(from)));
    cell.raw("\">").text(&from.to_string()).raw("</button>");
    cell
}

fn plain(text: &str) -> Markup {
    let mut cell = Markup::default();
    cell.text(text);
    cell
}

fn code(text: &str) -> Markup {
    let mut cell = Markup::default();
    if !text.is_empty() {
        cell.raw("<code>").text(text).raw("</code>");
    }
    cell
}

/// A count; a nought is left out so that the others are seen.
fn number(count: usize) -> Markup {
    match count {
        0 => Markup::default(),
        _ => plain(&grouped(count)),
    }
}
