//! Machines come up and documents are registered before time goes on.

use std::collections::BTreeMap;

use peerflow_engine::{Answer, Event, Expected, Origin, RefusalKind, Request, RequestId};
use peerflow_model::CoordinatorKey;
use peerflow_workflow::Document;

use super::{EPOCH, LIFE, MOST_FOR_EACH_STEP, World};
use crate::history::What;
use crate::planning::documents::Found;
use crate::planning::error::PlanError;
use crate::planning::picture::Picture;

impl World<'_> {
    /// Brings the machines up and registers the documents. Answers what is to be known of them.
    pub(in crate::planning) fn register(
        &mut self,
        documents: &[Found],
        switched_off_too: bool,
    ) -> Result<Vec<String>, PlanError> {
        let dependencies = documents.iter().filter_map(|found| {
            let coordinator = found.coordinator()?;
            Some((found.key(), coordinator.dependencies.clone()))
        });
        let dependencies: BTreeMap<CoordinatorKey, Vec<_>> = dependencies.collect();
        self.picture = Picture::new(dependencies);
        self.obey();
        for machine in self.machines.clone() {
            let node = machine.name.clone();
            self.note(|| What::Started {
                node,
                incarnation: LIFE,
            });
            self.handle(Event::Peer(machine.peer()));
        }
        if let Some(node) = self.machines.first().map(|first| first.name.clone()) {
            self.note(|| What::MasterBegan { node, epoch: EPOCH });
        }
        for found in documents {
            self.put(found)?;
            if let Document::Workflow(document) = &found.document {
                self.most_at_once += MOST_FOR_EACH_STEP * document.workflow().steps.len();
            }
        }
        let mut notes = Vec::new();
        for found in documents {
            // Offered again, it changes nothing, and what it names has been registered by now.
            for note in self.put(found)? {
                notes.push(format!("{} {note}", found.key()));
            }
            let is_off = found.coordinator().is_some_and(|each| !each.enabled);
            if is_off && switched_off_too {
                let request = Request::SetEnabled {
                    key: found.key(),
                    enabled: true,
                };
                self.ask(found, request)?;
            }
        }
        Ok(notes)
    }

    fn put(&mut self, found: &Found) -> Result<Vec<String>, PlanError> {
        let request = Request::PutDocument {
            xml: found.xml.clone(),
            files: Vec::new(),
            origin: Origin::Person,
            expected: Expected::Anything,
            sent: None,
        };
        match self.ask(found, request)? {
            Answer::Registered { notes, .. } => Ok(notes),
            Answer::Instances(_) | Answer::Done(_) => Ok(Vec::new()),
        }
    }

    fn ask(&mut self, found: &Found, request: Request) -> Result<Answer, PlanError> {
        self.reply = None;
        let id = RequestId(1);
        self.handle(Event::Request { id, request });
        let refused = |why: String| PlanError::Refused {
            file: found.file.clone(),
            why,
        };
        match self.reply.take() {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(refusal)) => Err(refused(match refusal.kind {
                RefusalKind::InvalidDocument(diagnostics) => diagnostics.to_string(),
                _ => refusal.message,
            })),
            None => Err(refused("the scheduler does not answer".to_owned())),
        }
    }
}
