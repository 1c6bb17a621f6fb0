//! Schedules and coordinators in words.

use peerflow_model::CoordinatorKind;
use peerflow_node::http::types::{CoordinatorInfo, ScheduleInfo};

use crate::language::Language;
use crate::output::Terminal;
use crate::style::{Tone, clean, optional_time, time};
use crate::table::{Field, Rows};

/// A schedule with its meaning and its next times, indented.
pub(super) fn show_schedule(language: Language, schedule: &ScheduleInfo) -> String {
    let mut text = format!(
        "  {}: {} ({})\n",
        language.label_schedule(),
        clean(&schedule.text),
        clean(&language.meaning(schedule))
    );
    if schedule.next_fire_times.is_empty() {
        text.push_str(&format!("  {}\n", language.no_next_time()));
        return text;
    }
    text.push_str(&format!("  {}:\n", language.label_next_times()));
    for next in &schedule.next_fire_times {
        text.push_str(&format!("    {}\n", time(*next)));
    }
    text
}

/// All about a coordinator: facts, then the readiness of its dependencies, then its parameters.
pub(super) fn show_coordinator(
    language: Language,
    terminal: Terminal,
    coordinator: &CoordinatorInfo,
) -> String {
    let mut facts = Rows::plain(terminal);
    let enabled = if coordinator.enabled {
        Field::toned(language.yes(), Tone::Good)
    } else {
        Field::toned(language.no(), Tone::Stopped)
    };
    facts.fact(language.label_enabled(), enabled);
    if let Some(schedule) = &coordinator.schedule {
        facts.fact(
            language.label_schedule(),
            format!("{} ({})", schedule.text, language.meaning(schedule)),
        );
        let next = schedule
            .next_fire_times
            .first()
            .map_or_else(|| language.no_next_time(), |next| time(*next));
        facts.fact(language.label_next_time(), next);
    }
    facts.fact(
        language.label_start_time(),
        coordinator.start_time.clone().unwrap_or_default(),
    );
    facts.fact(
        language.label_end_time(),
        coordinator.end_time.clone().unwrap_or_default(),
    );
    facts.fact(language.label_timezone(), coordinator.timezone.clone());
    facts.fact(
        language.label_fired_at(),
        optional_time(coordinator.fired_at),
    );
    facts.fact(
        language.label_held_time(),
        optional_time(coordinator.held_time),
    );
    facts.fact(
        language.label_waits_for(),
        language.told(&coordinator.waits_for),
    );
    if coordinator.kind == CoordinatorKind::Standalone {
        facts.fact(language.label_starts(), coordinator.triggers.join(", "));
    }
    let mut text = facts.render();
    if !coordinator.dependencies.is_empty() {
        text.push_str(&format!("\n{}\n", language.title_dependencies()));
        text.push_str(&dependencies(language, terminal, coordinator));
    }
    if !coordinator.parameters.is_empty() {
        text.push_str(&format!("\n{}\n", language.title_parameters()));
        let mut rows = Rows::plain(terminal);
        for parameter in &coordinator.parameters {
            rows.row(vec![
                parameter.name.clone().into(),
                parameter.value.clone().into(),
            ]);
        }
        text.push_str(&rows.render());
    }
    text
}

fn dependencies(language: Language, terminal: Terminal, coordinator: &CoordinatorInfo) -> String {
    let header = [
        language.label_workflow(),
        language.label_readiness(),
        language.label_since(),
        language.label_instance(),
    ];
    let mut rows = Rows::under(&header, terminal);
    for dependency in &coordinator.dependencies {
        let ready = match (dependency.ready, dependency.registered) {
            (true, _) => Field::toned(language.ready(), Tone::Good),
            (false, true) => Field::toned(language.not_ready(), Tone::Quiet),
            (false, false) => Field::toned(language.not_registered(), Tone::Bad),
        };
        rows.row(vec![
            dependency.workflow.clone().into(),
            ready,
            optional_time(dependency.since).into(),
            dependency.instance.clone().unwrap_or_default().into(),
        ]);
    }
    rows.render()
}
