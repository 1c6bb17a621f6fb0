//! What a plan comes to.

use std::fmt;

use jiff::tz::TimeZone;
use peerflow_model::InstanceStatus;

use super::table::Table;
use crate::planning::numbers::rounded;
use crate::planning::plan::{Idle, IdleReason, Plan};

/// How many late instances are listed.
const MOST_LATE: usize = 20;
/// How many names a line lists.
const MOST_NAMES: usize = 8;

pub(super) fn show(f: &mut fmt::Formatter<'_>, plan: &Plan, zone: &TimeZone) -> fmt::Result {
    let time = |at: jiff::Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M");
    writeln!(
        f,
        "Planned from {} to {}, {}",
        time(plan.from),
        time(plan.to),
        plan.timezone
    )?;
    let slots: u32 = plan.machines.iter().map(|machine| machine.slots).sum();
    let machines = plan.machines.len();
    writeln!(
        f,
        "  on {}, {}",
        many(machines, "machine"),
        many(slots as usize, "slot")
    )?;
    outcomes(f, plan)?;
    busy(f, plan)?;
    late(f, plan, zone)?;
    idle(f, &plan.idle)?;
    for note in &plan.notes {
        writeln!(f, "  note: {note}")?;
    }
    Ok(())
}

fn outcomes(f: &mut fmt::Formatter<'_>, plan: &Plan) -> fmt::Result {
    let count = |status: InstanceStatus| {
        let has = plan.instances.iter().filter(|each| each.status == status);
        has.count()
    };
    let tasks: usize = plan.instances.iter().map(|each| each.tasks.len()).sum();
    let named = [
        (InstanceStatus::Succeeded, "succeeded"),
        (InstanceStatus::Failed, "failed"),
        (InstanceStatus::Killed, "killed"),
        (InstanceStatus::Running, "still running at the end"),
        (InstanceStatus::Waiting, "still waiting at the end"),
    ];
    let parts: Vec<String> = named
        .into_iter()
        .map(|(status, word)| (count(status), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let parts = if parts.is_empty() {
        String::new()
    } else {
        format!(": {}", parts.join(", "))
    };
    let instances = many(plan.instances.len(), "instance");
    writeln!(f, "  {instances}{parts}")?;
    let mails = if plan.mails > 0 {
        format!(
            ", {}",
            many(usize::try_from(plan.mails).unwrap_or(usize::MAX), "mail")
        )
    } else {
        String::new()
    };
    writeln!(f, "  {}{mails}", many(tasks, "task"))?;
    let not = plan.times.iter().filter(|time| time.made_none()).count();
    if not > 0 {
        writeln!(f, "  {} made no instance", many(not, "scheduled time"))?;
    }
    Ok(())
}

/// How full the machines are.
fn busy(f: &mut fmt::Formatter<'_>, plan: &Plan) -> fmt::Result {
    let short = plan.full.iter().filter(|span| span.most_waiting > 0);
    let (mut taken, mut most, mut waited) =
        (std::time::Duration::ZERO, 0, std::time::Duration::ZERO);
    for span in short {
        taken += crate::planning::numbers::between(span.from, span.to);
        most = most.max(span.most_waiting);
        waited = waited.saturating_add(span.waited);
    }
    if taken.is_zero() {
        return writeln!(f, "  slots never run out");
    }
    writeln!(
        f,
        "  slots run out for {} in all, with up to {} waiting, {} of waiting together",
        rounded(taken),
        many(most, "step"),
        rounded(waited)
    )
}

fn late(f: &mut fmt::Formatter<'_>, plan: &Plan, zone: &TimeZone) -> fmt::Result {
    if plan.late.is_empty() {
        return writeln!(f, "  nothing is late");
    }
    writeln!(
        f,
        "  {} late, the latest first:",
        many_are(plan.late.len(), "instance")
    )?;
    let mut table = Table::new(["  of", "workflow", "waited"]);
    for late in plan.late.iter().take(MOST_LATE) {
        let of = late.logical_time.to_zoned(zone.clone());
        table.push([
            format!("  {}", of.strftime("%Y-%m-%d %H:%M:%S")),
            late.workflow.to_string(),
            late.reason.clone(),
        ]);
    }
    write!(f, "{table}")?;
    if let Some(more) = plan
        .late
        .len()
        .checked_sub(MOST_LATE)
        .filter(|more| *more > 0)
    {
        writeln!(f, "    and {more} more")?;
    }
    Ok(())
}

fn idle(f: &mut fmt::Formatter<'_>, idle: &[Idle]) -> fmt::Result {
    let names = |reason: fn(&IdleReason) -> bool| {
        let has = idle.iter().filter(move |each| reason(&each.reason));
        has.map(|each| each.workflow.as_str()).collect::<Vec<_>>()
    };
    let groups = [
        (
            "only when asked",
            names(|reason| matches!(reason, IdleReason::OnlyWhenAsked)),
        ),
        (
            "switched off",
            names(|reason| matches!(reason, IdleReason::SwitchedOff)),
        ),
        (
            "no time in this period",
            names(|reason| matches!(reason, IdleReason::NoTime)),
        ),
    ];
    for (what, names) in groups {
        if !names.is_empty() {
            writeln!(f, "  {what} ({}): {}", names.len(), list(&names))?;
        }
    }
    for each in idle {
        if let IdleReason::Dependencies { missing } = &each.reason {
            let missing: Vec<&str> = missing.iter().map(|name| name.as_str()).collect();
            writeln!(f, "  {} waits for {}", each.workflow, list(&missing))?;
        }
    }
    Ok(())
}

fn list(names: &[&str]) -> String {
    let shown = names.iter().take(MOST_NAMES).copied();
    let shown = shown.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn many(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

fn many_are(count: usize, what: &str) -> String {
    let verb = if count == 1 { "is" } else { "are" };
    format!("{} {verb}", many(count, what))
}
