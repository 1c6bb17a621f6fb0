//! A plan of days: the scheduler alone, on virtual time.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;
use peerflow_model::{NodeId, Settings};
use peerflow_simulations::WorldClock;
use peerflow_simulations::planning::{Machine, Plan, PlanOptions, Scripted, plan as made};
use peerflow_simulations::report::{Heading, Summary, Timeline, page};

use super::again::Command;
use super::documents::Documents;
use super::{commit, playbook, times, write};
use crate::args::SimulateArgs;
use crate::error::{Error, Exit};
use crate::session::Session;

/// An instance that waits longer is told of.
const LATE: Duration = Duration::from_secs(300);
/// What runs before the first day, so that what goes on at its midnight is there.
const WARM_UP: Duration = Duration::from_secs(24 * 3600);
const SLOTS: u32 = 4;

/// Plans and shows it.
pub(super) fn plan(session: &Session, args: &SimulateArgs) -> Result<Exit, Error> {
    let output = &session.output;
    let language = output.language;
    let told = |text: String| Error::Usage(language.told(&text).into_owned());
    let book = playbook(language, args)?;
    let folder = args.workflows.clone().unwrap_or_default();
    // The plan reads them again; here errors are shown as `workflow check` shows them.
    Documents::read(output, &folder, &book)?;
    let options = options(session, args, folder)?;
    let mut player = Scripted::read(&options.documents, book, options.seed)
        .map_err(|error| told(error.to_string()))?;
    let plan = made(&options, &mut player).map_err(|error| told(error.to_string()))?;
    if let Some(path) = &args.page {
        write(language, path, &as_page(args, &plan))?;
    }
    let raw = serde_json::to_value(&plan).map_err(|error| Error::Answer(error.to_string()))?;
    output.show(&raw, || plan.to_string())?;
    Ok(Exit::Done)
}

fn options(session: &Session, args: &SimulateArgs, folder: PathBuf) -> Result<PlanOptions, Error> {
    let language = session.output.language;
    let from = args.from.as_deref().unwrap_or_default();
    let to = args.to.as_deref().unwrap_or(from);
    let zone = args.timezone.clone().unwrap_or_else(times::zone_here);
    times::zone(language, &zone)?;
    Ok(PlanOptions {
        documents: folder,
        from: times::local(language, from, false)?,
        to: times::local(language, to, true)?,
        settings: Settings {
            timezone: zone,
            ..Settings::default()
        },
        machines: Machine::alike(args.nodes.unwrap_or(1), args.slots.unwrap_or(SLOTS)),
        adopt: true,
        switched_off_too: args.switched_off_too,
        warm_up: WARM_UP,
        late_after: LATE,
        keep_history: args.page.is_some(),
        seed: args.seed,
    })
}

fn as_page(args: &SimulateArgs, plan: &Plan) -> String {
    let zone = TimeZone::get(&plan.timezone).unwrap_or(TimeZone::UTC);
    let nodes: Vec<NodeId> = plan
        .machines
        .iter()
        .map(|machine| machine.name.clone())
        .collect();
    let slots: BTreeMap<_, _> = plan
        .machines
        .iter()
        .map(|machine| (machine.name.clone(), machine.slots))
        .collect();
    let timeline = Timeline::of(plan.history(), &nodes, &WorldClock::new(plan.began_at))
        .in_zone(zone)
        .with_slots(slots);
    let summary = Summary::of(&timeline);
    let heading = Heading {
        title: format!(
            "Plan from {} to {}",
            args.from.as_deref().unwrap_or_default(),
            args.to
                .as_deref()
                .or(args.from.as_deref())
                .unwrap_or_default()
        ),
        seed: Some(args.seed),
        commit: commit(),
        command: command(args, &plan.timezone),
        options: Vec::new(),
        outcome: plan.notes.join(". "),
    };
    page(&heading, &timeline, &summary)
}

fn command(args: &SimulateArgs, zone: &str) -> String {
    let mut command = Command::new();
    command.option("from", args.from.as_ref());
    command.option("to", args.to.as_ref());
    command.option(
        "workflows",
        args.workflows.as_ref().map(|path| path.display()),
    );
    command.option("timezone", Some(zone));
    command.flag("switched-off-too", args.switched_off_too);
    command.option("nodes", args.nodes);
    command.option("slots", args.slots);
    command.option("seed", Some(args.seed));
    command.option(
        "durations",
        args.durations.as_ref().map(|path| path.display()),
    );
    command.option("past", args.past.as_ref().map(|path| path.display()));
    command.text()
}
