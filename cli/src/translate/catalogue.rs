//! Templates, found by how a text begins.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use super::template::{Captures, Template};

/// English texts with placeholders, each with the Chinese one.
pub(super) type Texts = &'static [(&'static str, &'static str)];

/// Makes a constant of a subject's texts, each English one with its Chinese one.
macro_rules! texts {
    ($name:ident $($english:literal => $chinese:literal;)*) => {
        pub(super) const $name: Texts = &[$(($english, $chinese)),*];
    };
}
pub(super) use texts;

/// All templates of some subjects.
#[derive(Debug)]
pub(super) struct Catalogue {
    /// By what stands before the first placeholder.
    by_beginning: HashMap<String, Vec<Template>>,
    /// Lengths of the beginnings there are.
    lengths: BTreeSet<usize>,
}

impl Catalogue {
    /// # Panics
    /// When a text is no template: the catalogue is part of the program, and a test reads all of it.
    pub(super) fn of(subjects: &[Texts]) -> Self {
        let mut by_beginning: HashMap<String, Vec<Template>> = HashMap::new();
        for (english, chinese) in subjects.iter().copied().flatten() {
            let template = match Template::new(english, chinese) {
                Ok(template) => template,
                Err(wrong) => panic!("{english:?}: {wrong}"),
            };
            by_beginning
                .entry(template.beginning().to_owned())
                .or_default()
                .push(template);
        }
        let lengths = by_beginning.keys().map(String::len).collect();
        Self {
            by_beginning,
            lengths,
        }
    }

    /// The templates that fit `text`, those that say most of it first, with what their placeholders stand for.
    pub(super) fn fitting<'t>(&self, text: &'t str) -> Vec<(&Template, Captures<'t>)> {
        let mut fitting: Vec<_> = self
            .lengths
            .iter()
            .filter_map(|&length| self.by_beginning.get(text.get(..length)?))
            .flatten()
            .filter_map(|template| Some((template, template.captures(text)?)))
            .collect();
        fitting.sort_by_key(|(template, _)| Reverse(template.weight()));
        fitting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_templates_that_fit_the_one_that_says_more_comes_first() {
        let catalogue = Catalogue::of(&[&[
            ("<{a}> has no {b}", "一 {a} {b}"),
            ("<{a}> has no <{b}>", "二 {a} {b}"),
            ("{a} has no {b}", "三 {a} {b}"),
        ]]);
        let told = |text: &str| {
            catalogue
                .fitting(text)
                .first()
                .map(|(template, captures)| template.fill(captures, |_, text| text.to_owned()))
        };
        assert_eq!(
            told("<fork> has no <path>").as_deref(),
            Some("二 fork path")
        );
        assert_eq!(told("<fork> has no name").as_deref(), Some("一 fork name"));
        assert_eq!(told("步骤 has no name").as_deref(), Some("三 步骤 name"));
        assert_eq!(told("步骤"), None);
    }
}
