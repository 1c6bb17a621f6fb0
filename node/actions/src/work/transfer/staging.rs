//! Staging tables: their names, who uses them, and what earlier runs of a step left.

use peerflow_model::ContentHash;

use super::table::Table;
use crate::attempt::{Attempt, Unsuccessful};

/// Staging tables of one step that are looked for.
const LEFT_BEHIND: usize = 1_000;

/// What is in the names of staging tables, so that they are found again.
#[derive(Debug)]
pub(super) struct Mark {
    /// Of all runs of the step.
    step: String,
    /// Of all tries of this visit.
    visit: String,
    pub(super) name: String,
}

impl Mark {
    pub(super) fn of(attempt: &Attempt<'_>) -> Self {
        let id = &attempt.task.attempt;
        let workflow = &attempt.task.workflow.name;
        let step = digest(&format!("{workflow}/{}", id.visit.step));
        let visit = digest(&id.visit.to_string());
        let step = format!("peerflow_{}_", &step[..12]);
        let visit = format!("{step}{}_", &visit[..8]);
        Self {
            name: format!("{visit}{}", id.attempt),
            visit,
            step,
        }
    }
}

fn digest(text: &str) -> String {
    ContentHash::of(text.as_bytes()).to_string()
}

impl Table<'_> {
    /// Makes the staging table known to the server as one in use, until this session ends.
    pub(super) async fn hold_staging(
        &mut self,
        attempt: &mut Attempt<'_>,
        staging: &str,
    ) -> Result<(), Unsuccessful> {
        if let Some(hold) = self.dialect.hold_staging(staging) {
            self.execute(attempt, "holding a staging table", &hold, 1)
                .await?;
        }
        Ok(())
    }

    /// Drops what earlier tries of the same visit left, whose node is gone, and what earlier runs of the step left, as far
    /// as the server knows that nobody uses it any more.
    pub(super) async fn drop_left_staging(
        &mut self,
        attempt: &mut Attempt<'_>,
        mark: &Mark,
    ) -> Result<(), Unsuccessful> {
        let mut lists = Vec::new();
        if attempt.task.attempt.attempt > 1 {
            lists.push(self.dialect.list_staging(self.name(), &mark.visit));
        }
        lists.extend(self.dialect.list_abandoned(self.name(), &mark.step));
        for list in lists {
            self.drop_listed(attempt, &list).await?;
        }
        Ok(())
    }

    async fn drop_listed(
        &mut self,
        attempt: &mut Attempt<'_>,
        list: &str,
    ) -> Result<(), Unsuccessful> {
        let doing = "looking for staging tables that were left";
        let found = self.execute(attempt, doing, list, LEFT_BEHIND).await?;
        let rows = &found.first_rows;
        let names: Vec<String> = (0..rows.rows())
            .filter_map(|row| rows.value(row, 0))
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        for name in names {
            let drop = self.dialect.drop_table(&name);
            self.execute(attempt, "dropping a staging table", &drop, 0)
                .await?;
            attempt
                .info(format!(
                    "{}: dropped staging table {name}, which an earlier try left",
                    self.link
                ))
                .await;
        }
        Ok(())
    }
}
