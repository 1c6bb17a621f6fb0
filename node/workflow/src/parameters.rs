//! Parameters and time macros: `${param:NAME}` and `${time.X|FORMAT|OFFSET}`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::definition::Coordinator;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Severity};
use crate::document::ResolveError;
use crate::expansion::{Segment, segments};
use crate::reporter::Wrong;
use crate::time::TimeMacro;

/// An instance's parameters by name.
pub type Parameters = BTreeMap<String, String>;

/// The instant and zone that time macros are computed from.
#[derive(Clone, Debug, PartialEq)]
pub struct LogicalTime {
    pub instant: Timestamp,
    pub zone: TimeZone,
}

/// Bytes that one parameter may have after expansion. Parameters that mention each other twice double with every
/// line, so without a limit a short list could fill the memory.
pub const MAX_PARAMETER_BYTES: usize = 1024 * 1024;

impl Coordinator {
    /// Its parameters with macros and earlier parameters expanded. `given` ones win over those of the same name,
    /// and values here may mention them.
    ///
    /// A bare `${NAME}` that names neither a parameter above nor a given one stays as it is.
    ///
    /// # Errors
    /// Names of all missing parameters, or a time macro that cannot be computed.
    pub fn parameters_at(
        &self,
        given: &Parameters,
        time: &LogicalTime,
    ) -> Result<Parameters, ResolveError> {
        let mut known = given.clone();
        let mut missing = BTreeSet::new();
        let mut wrongs = Vec::new();
        for (name, value) in &self.parameters {
            if given.contains_key(name) {
                continue;
            }
            match expand(value, &known, time, &mut missing) {
                Ok(value) => {
                    known.insert(name.clone(), value);
                }
                Err(wrong) => wrongs.push(Diagnostic {
                    severity: Severity::Error,
                    place: Place::default(),
                    message: format!("parameter {name}: {}", wrong.message),
                    help: wrong.help,
                }),
            }
        }
        if !missing.is_empty() {
            return Err(ResolveError::MissingParameters(
                missing.into_iter().collect(),
            ));
        }
        if !wrongs.is_empty() {
            return Err(ResolveError::Invalid(Diagnostics(wrongs)));
        }
        Ok(known)
    }

    /// Names that its parameters mention as `${param:NAME}` and that none above them gives: whoever starts the
    /// workflow must.
    pub fn parameters_needed(&self) -> BTreeSet<String> {
        let mut above = BTreeSet::new();
        let mut needed = BTreeSet::new();
        for (name, value) in &self.parameters {
            for segment in segments(value) {
                if let Segment::Parameter { name, .. } = segment
                    && !above.contains(name)
                {
                    needed.insert(name.to_owned());
                }
            }
            above.insert(name.as_str());
        }
        needed
    }
}

fn expand(
    value: &str,
    known: &Parameters,
    time: &LogicalTime,
    missing: &mut BTreeSet<String>,
) -> Result<String, Wrong> {
    let mut out = String::with_capacity(value.len());
    for segment in segments(value) {
        match segment {
            Segment::Literal(text) | Segment::Unclosed { raw: text } => out.push_str(text),
            Segment::Time { body, .. } => out.push_str(&TimeMacro::parse(body)?.at(time)?),
            Segment::Parameter { name, .. } => match known.get(name) {
                Some(text) => out.push_str(text),
                None => {
                    missing.insert(name.to_owned());
                }
            },
            Segment::Other { name, raw } => {
                out.push_str(known.get(name).map_or(raw, String::as_str))
            }
        }
        if out.len() > MAX_PARAMETER_BYTES {
            let message = format!("the value grows over {MAX_PARAMETER_BYTES} bytes");
            return Err(Wrong::new(message, "mention other parameters less often"));
        }
    }
    Ok(out)
}
