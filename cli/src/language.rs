//! English or Chinese.

use std::fmt::Display;

use clap::ValueEnum;

/// Language of labels and messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    #[default]
    #[value(name = "en")]
    English,
    #[value(name = "zh")]
    Chinese,
}

impl Language {
    /// What the locale asks for; `variable` reads the environment. The first of `LC_ALL`, `LC_MESSAGES` and `LANG`
    /// that is set and not empty decides, as POSIX says.
    pub(crate) fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .filter_map(variable)
            .find(|value| !value.is_empty())
            .unwrap_or_default()
            .to_lowercase();
        if locale.starts_with("zh") || locale.starts_with("chinese") {
            Self::Chinese
        } else {
            Self::English
        }
    }

    /// A further text in brackets, behind another one.
    pub(crate) fn in_brackets(self, text: impl Display) -> String {
        match self {
            Self::English => format!(" ({text})"),
            Self::Chinese => format!("（{text}）"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Language {
        Language::of_locale(|name| {
            variables
                .iter()
                .find(|(each, _)| *each == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_first_locale_variable_that_is_set_decides() {
        assert_eq!(of(&[]), Language::English);
        assert_eq!(of(&[("LANG", "zh_CN.UTF-8")]), Language::Chinese);
        assert_eq!(
            of(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C")]),
            Language::English
        );
        assert_eq!(
            of(&[
                ("LANG", "en_GB.UTF-8"),
                ("LC_MESSAGES", "zh_TW"),
                ("LC_ALL", "")
            ]),
            Language::Chinese
        );
    }
}
