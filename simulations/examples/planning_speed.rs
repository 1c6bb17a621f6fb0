//! How long planning takes: workflows of three steps, hourly, for some days.
//!
//! `cargo run --release -p peerflow-simulations --example planning_speed -- [WORKFLOWS [DAYS]]`

use std::time::Duration;

use jiff::Span;
use jiff::civil::{Date, date};
use peerflow_simulations::planning::{Machine, PlanOptions, Played, PlayedResult, Player, plan};

/// Between half a minute and ten, by the names alone.
struct ByName;

impl Player for ByName {
    fn play(&mut self, workflow: &str, step: &str, _visit: u32, _attempt: u32) -> Played {
        let names = workflow.bytes().chain(step.bytes());
        let number = names.fold(7_u64, |sum, byte| (sum * 31 + u64::from(byte)) % 570);
        Played {
            takes: Duration::from_secs(30 + number),
            result: PlayedResult::Succeeds,
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let workflows: u32 = arguments.next().map_or(Ok(1000), |text| text.parse())?;
    let days: i32 = arguments.next().map_or(Ok(7), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    for number in 0..workflows {
        let xml = format!(
            r#"<work-flow name="load_{number}"><coordinator><depend-list cron="{} * * * *"/></coordinator>
<start name="start" to="extract"/>
<action name="extract"><shell><command>true</command></shell><ok to="transform"/></action>
<action name="transform"><shell><command>true</command></shell><ok to="load"/></action>
<action name="load"><shell><command>true</command></shell><ok to="end"/></action>
<end name="end"/></work-flow>"#,
            number % 60
        );
        std::fs::write(folder.path().join(format!("{number}.xml")), xml)?;
    }
    let first: Date = date(2026, 3, 2);
    let last = first.checked_add(Span::new().days(days - 1))?;
    let mut options = PlanOptions::of_days(folder.path().to_owned(), first, last);
    options.machines = Machine::alike(10, 32);
    let began = tokio::time::Instant::now();
    let plan = plan(&options, &mut ByName)?;
    let took = began.elapsed();
    let tasks: usize = plan.instances.iter().map(|each| each.tasks.len()).sum();
    let instances = plan.instances.len();
    println!(
        "{workflows} workflows hourly, {days} days: {instances} instances, {tasks} tasks planned in {took:.2?}"
    );
    let began = tokio::time::Instant::now();
    let text = plan.to_string();
    println!("as text: {} bytes in {:.2?}", text.len(), began.elapsed());
    let began = tokio::time::Instant::now();
    let json = serde_json::to_string(&plan)?;
    println!("as JSON: {} bytes in {:.2?}", json.len(), began.elapsed());
    for line in text
        .lines()
        .rev()
        .take(12)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
    {
        println!("{line}");
    }
    Ok(())
}
