//! Links: which there are, who names them, and how they change. What is in one is none of the engine's business.

use peerflow_model::{Change, ContentHash, LOCAL, LinkKey, LinkKind, LinkRecord};

use crate::engine::Engine;
use crate::event::Now;
use crate::register::outcome;
use crate::request::{Answer, Expected, Origin, Refusal, RefusalKind, RegisterOutcome};

/// How many workflows a refusal names.
const NAMED: usize = 10;

impl Engine {
    /// Adds a link, or changes it.
    pub(crate) fn put_link(
        &mut self,
        now: Now,
        link: LinkRecord,
        origin: &Origin,
        expected: Expected,
        sent: ContentHash,
    ) -> Result<Answer, Refusal> {
        let key = link.key();
        let hash = link.hash();
        check(&link)?;
        let current = self.links.get(&key).copied();
        if current.is_none() && self.links.len() >= LinkRecord::MOST {
            let most = LinkRecord::MOST;
            return Err(limit(format!(
                "there are {most} links, the most a cluster may have; delete some that nobody uses"
            )));
        }
        let outcome = outcome(current.is_some(), current == Some(hash), origin);
        let changes = matches!(outcome, RegisterOutcome::Added | RegisterOutcome::Updated);
        if changes && expected != Expected::Anything && expected != Expected::just(current) {
            return Err(Refusal::conflict(unexpected(&key, current, expected)));
        }
        if changes {
            self.links.insert(key.clone(), hash);
            self.out.put(Change::PutLink(LinkRecord {
                updated_at: now.wall,
                ..link
            }));
        }
        if let Origin::Loader { node, path, .. } = origin {
            self.out.put(Change::PutOffer {
                node: node.clone(),
                path: path.clone(),
                hash: sent,
            });
        }
        Ok(Answer::Registered {
            name: key.name,
            standalone: false,
            outcome,
            warnings: peerflow_workflow::Diagnostics::default(),
            notes: Vec::new(),
        })
    }

    /// Deletes a link that no registered workflow names, or any with `force`.
    pub(crate) fn delete_link(&mut self, key: LinkKey, force: bool) -> Result<Answer, Refusal> {
        if !self.links.contains_key(&key) {
            return Err(Refusal::not_found(format!("there is no {key}")));
        }
        let users: Vec<&str> = self
            .definitions
            .iter()
            .filter(|(_, definition)| definition.links.contains(&key))
            .map(|(name, _)| name.as_str())
            .collect();
        if !users.is_empty() && !force {
            let more = users.len().saturating_sub(NAMED);
            let rest = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            let named = users[..users.len().min(NAMED)].join(", ");
            return Err(Refusal::conflict(format!(
                "{key} is named by workflow {named}{rest}; change them first, or delete it all the same by force"
            )));
        }
        self.links.remove(&key);
        let done = format!("{key} is deleted");
        self.out.put(Change::DeleteLink(key));
        Ok(Answer::Done(done))
    }

    /// Links that `named` names and nobody has added.
    pub(crate) fn missing_links<'a>(
        &self,
        named: impl IntoIterator<Item = &'a LinkKey>,
    ) -> Vec<String> {
        named
            .into_iter()
            .filter(|key| !self.links.contains_key(*key))
            .map(|key| {
                let kind = key.kind.as_str();
                format!(
                    "names {key}, which is not there yet; add it with `peerflow link {kind} add`"
                )
            })
            .collect()
    }
}

fn check(link: &LinkRecord) -> Result<(), Refusal> {
    let key = link.key();
    if link.name.is_empty() || link.name.chars().any(char::is_control) {
        return Err(Refusal::invalid(format!(
            "{:?} is no name for a link; give it one without control characters",
            link.name
        )));
    }
    if link.kind == LinkKind::File && link.name == LOCAL {
        return Err(Refusal::invalid(format!(
            "the file link {LOCAL} always exists: the disks of the node that runs the action; choose another name"
        )));
    }
    let (size, most) = (link.size(), LinkRecord::MAX_BYTES);
    if size > most {
        return Err(limit(format!(
            "{key} has {size} bytes of settings and secrets: at most {most} can be kept"
        )));
    }
    Ok(())
}

fn limit(message: String) -> Refusal {
    Refusal {
        kind: RefusalKind::Limit,
        message,
    }
}

/// Why a link is not what whoever changes it expected.
fn unexpected(key: &LinkKey, current: Option<ContentHash>, expected: Expected) -> String {
    match (current, expected) {
        (Some(_), Expected::Nothing) => {
            format!("there is a {key} already; update it, or choose another name")
        }
        _ => format!("{key} was changed or deleted by somebody else meanwhile; try again"),
    }
}
