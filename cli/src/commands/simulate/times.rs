//! Days and times as a user writes them.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::error::Error;
use crate::language::Language;

/// A local date, or date and time. `end`: a date stands for its end.
pub(super) fn local(language: Language, text: &str, end: bool) -> Result<DateTime, Error> {
    let wrong = || Error::Usage(language.no_date(text));
    let text = text.trim();
    match text.parse::<Date>() {
        Ok(date) if text.len() <= 10 => {
            let day = if end { date.tomorrow() } else { Ok(date) };
            let day = day.map_err(|_last_day_of_all| wrong())?;
            Ok(day.to_datetime(Time::midnight()))
        }
        _ => text.parse().map_err(|_no_date| wrong()),
    }
}

/// An instant, or a local date or time in `zone`.
pub(super) fn instant(language: Language, text: &str, zone: &TimeZone) -> Result<Timestamp, Error> {
    if let Ok(instant) = text.trim().parse() {
        return Ok(instant);
    }
    let wrong = || Error::Usage(language.no_date(text));
    zone.to_timestamp(local(language, text, false)?)
        .map_err(|_out_of_range| wrong())
}

/// A minute before the day of `now` began in `zone`, so that what midnight fires is seen.
pub(super) fn before_today(now: Timestamp, zone: &TimeZone) -> Timestamp {
    let today = now.to_zoned(zone.clone()).start_of_day();
    let before = today.and_then(|today| today.checked_sub(1.minute()));
    before.map_or(now, |before| before.timestamp())
}

/// The zone of that name.
pub(super) fn zone(language: Language, name: &str) -> Result<TimeZone, Error> {
    TimeZone::get(name).map_err(|_unknown| Error::Usage(language.no_zone(name)))
}

/// The name of this machine's zone.
pub(super) fn zone_here() -> String {
    TimeZone::system().iana_name().unwrap_or("UTC").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_local_and_an_instant_is_not() {
        let zone = TimeZone::get("Asia/Shanghai").expect("a zone");
        let at = |text| {
            instant(Language::English, text, &zone)
                .ok()
                .map(|at| at.to_string())
        };
        assert_eq!(at("2026-11-20").as_deref(), Some("2026-11-19T16:00:00Z"));
        assert_eq!(
            at("2026-11-20 08:30").as_deref(),
            Some("2026-11-20T00:30:00Z")
        );
        assert_eq!(
            at("2026-11-20T08:30:00Z").as_deref(),
            Some("2026-11-20T08:30:00Z")
        );
        assert_eq!(at("tomorrow"), None);
    }

    #[test]
    fn the_last_day_of_a_plan_counts_whole() {
        let end = |text| {
            local(Language::English, text, true)
                .ok()
                .map(|at| at.to_string())
        };
        assert_eq!(end("2026-12-31").as_deref(), Some("2027-01-01T00:00:00"));
        assert_eq!(
            end("2026-12-31 08:30").as_deref(),
            Some("2026-12-31T08:30:00")
        );
    }

    #[test]
    fn a_day_is_begun_a_minute_before_its_midnight() {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let now = "2026-11-20T12:00:00Z".parse().expect("an instant");
        assert_eq!(before_today(now, &zone).to_string(), "2026-11-19T22:59:00Z");
    }
}
