//! Time macros: `${time.X|FORMAT|OFFSET}`.

mod format;
mod time_macro;

pub(crate) use time_macro::TimeMacro;
