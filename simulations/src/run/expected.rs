//! Scheduled times that must have a fate when a run is over, from the schedules alone.

use std::time::Duration;

use jiff::tz::TimeZone;
use peerflow_model::{CoordinatorKey, CoordinatorKind};
use peerflow_workflow::Document;

use super::Run;
use crate::history::{Answer, What, Wish};
use crate::invariants::ExpectedTimes;
use crate::time::VirtualTime;

/// Times that came so shortly before the end need no fate yet.
const JUST_NOW: Duration = Duration::from_secs(10);

impl Run {
    /// The times of all registered workflows, from their registration on.
    pub(super) fn expected(&self) -> Vec<ExpectedTimes> {
        let registrations = self.options.workflows.iter();
        registrations
            .filter_map(|registration| {
                let (document, _warnings) = Document::parse(&registration.xml).ok()?;
                let Document::Workflow(document) = document else {
                    return None;
                };
                let workflow = document.workflow();
                let coordinator = workflow.coordinator.as_ref().filter(|each| each.enabled)?;
                let schedule = coordinator.schedule.as_ref()?;
                let zone = coordinator.timezone.as_deref();
                let zone = zone.or(workflow.timezone.as_deref());
                let zone = zone.unwrap_or(&self.options.scenario.cluster.timezone);
                let zone = TimeZone::get(zone).ok()?;
                let clock = self.world.clock();
                let last = clock.wall(self.world.now()) - JUST_NOW;
                let mut at = clock.wall(self.registered(&registration.workflow)?);
                let mut instants = Vec::new();
                while let Some(next) = schedule.next_after(at, &zone).filter(|next| *next <= last) {
                    let local = next.to_zoned(zone.clone()).datetime();
                    let begun = coordinator.start_time.is_none_or(|start| start <= local);
                    if begun && coordinator.end_time.is_none_or(|end| local <= end) {
                        instants.push(next);
                    }
                    at = next;
                }
                Some(ExpectedTimes {
                    coordinator: CoordinatorKey {
                        kind: CoordinatorKind::Workflow,
                        name: coordinator.name.clone(),
                    },
                    workflow: registration.workflow.as_str().into(),
                    instants,
                })
            })
            .collect()
    }

    /// When the registration of a workflow was acknowledged.
    fn registered(&self, name: &str) -> Option<VirtualTime> {
        let entries = self.world.since(0);
        let mut asked = Vec::new();
        for entry in &entries {
            match &entry.what {
                What::Asked {
                    request,
                    wish: Wish::Register { workflow },
                    ..
                } if workflow == name => asked.push(*request),
                What::Answered {
                    request,
                    answer: Answer::Acknowledged { .. },
                } if asked.contains(request) => return Some(entry.at),
                _ => {}
            }
        }
        None
    }
}
