//! Cluster-wide settings: changed by an operator, in force at once.

use jiff::tz::TimeZone;
use peerflow_model::{Change, Settings};

use crate::engine::Engine;
use crate::event::Now;
use crate::housekeeping::Housekeeping;
use crate::request::{Answer, Refusal};

impl Engine {
    /// Changes one setting. What time has come for was done before, by the setting as it was; from now on the new one
    /// counts.
    pub(crate) fn set_setting(
        &mut self,
        now: Now,
        key: &str,
        value: &str,
    ) -> Result<Answer, Refusal> {
        let mut settings = self.settings.clone();
        settings
            .set(key, value)
            .and_then(|()| settings.check())
            .map_err(|error| Refusal::invalid(error.to_string()))?;
        let entry = settings.entries().into_iter().find(|(own, _)| *own == key);
        let (key, value) = entry.ok_or_else(|| Refusal::invalid(format!("no setting {key}")))?;
        let shown = if value.is_empty() { "never" } else { &value };
        let done = Answer::Done(format!("{key} is {shown} now"));
        self.out.put(Change::PutSetting {
            key: key.to_owned(),
            value,
        });
        let before = std::mem::replace(&mut self.settings, settings);
        self.take_settings(now, &before);
        Ok(done)
    }

    /// Goes by the settings, which were `before`.
    fn take_settings(&mut self, now: Now, before: &Settings) {
        let moved = before.timezone != self.settings.timezone;
        if moved && let Ok(zone) = TimeZone::get(&self.settings.timezone) {
            self.zone = zone;
            self.move_zone(now);
        }
        if moved || before.reset != self.settings.reset || before.plan != self.settings.plan {
            self.housekeeping =
                Housekeeping::new(&self.settings, &self.zone, now.wall, &mut self.out);
        }
        if moved || before.plan != self.settings.plan {
            self.put_plan(now.wall);
        }
    }

    /// The cluster's zone is another one: whoever names none follows. All their times up to now have their fate, by
    /// the zone as it was; from now on they are those of the new zone. So a time of day that lies ahead in the new zone
    /// fires although it may have fired in the old one today, as another instant; one that lies behind does not. A held
    /// time stays held.
    fn move_zone(&mut self, now: Now) {
        let zone = self.zone.clone();
        for definition in self.definitions.values_mut() {
            if definition.follows_cluster {
                definition.zone = zone.clone();
            }
        }
        for key in self.coordinators.keys() {
            let workflow = self.definitions.get(key.name.as_str());
            let follows = match key.kind {
                peerflow_model::CoordinatorKind::Standalone => true,
                peerflow_model::CoordinatorKind::Workflow => {
                    workflow.is_some_and(|definition| definition.follows_cluster)
                }
            };
            let Some(entry) = self.coordinators.entry_mut(&key) else {
                continue;
            };
            if !follows || entry.coordinator.timezone.is_some() {
                continue;
            }
            entry.set_zone(zone.clone());
            if entry.schedule.is_some() {
                entry.consider_until(now.wall);
                self.put_state(&key);
            }
            self.coordinators.requeue(&key, now.wall);
        }
    }
}
