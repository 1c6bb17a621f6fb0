//! What a schedule means, in Chinese.

use peerflow_node::http::types::ScheduleInfo;
use peerflow_workflow::{Schedule, ScheduleWords};

use crate::language::Language;

impl Language {
    /// What `schedule` means, in this language.
    pub(crate) fn meaning(self, schedule: &ScheduleInfo) -> String {
        match (self, Schedule::parse(&schedule.text)) {
            (Self::Chinese, Ok(known)) => chinese(&known),
            // A newer peer's schedule may not be understood here.
            (Self::English, _) | (Self::Chinese, Err(_)) => schedule.description.clone(),
        }
    }
}

fn chinese(schedule: &Schedule) -> String {
    schedule
        .describe_in(Chinese)
        .replace(", 和 ", " 和 ")
        .replace(", ", "，")
        .replace("; ", "；")
}

/// The words of a description.
#[derive(Clone, Copy, Debug)]
struct Chinese;

impl ScheduleWords for Chinese {
    fn every_minute(&self) -> &'static str {
        "每分钟"
    }

    fn every_second_phrase(&self) -> &'static str {
        "每秒"
    }

    fn every_x_minutes(&self, step: u16) -> String {
        format!("每 {step} 分钟")
    }

    fn every_x_seconds(&self, step: u16) -> String {
        format!("每 {step} 秒")
    }

    fn every_x_hours(&self, step: u16) -> String {
        format!("每 {step} 小时")
    }

    fn every_minute_of_every_x_hours(&self, step: u16) -> String {
        format!("每 {step} 小时中的每分钟")
    }

    fn at_time(&self, time: &str) -> String {
        format!("在 {time}")
    }

    fn at_time_and_every_x_seconds(&self, time: &str, step: u16) -> String {
        format!("在 {time}，每 {step} 秒")
    }

    fn at_time_at_second(&self, time: &str, second: &str) -> String {
        format!("在 {time}，第 {second} 秒")
    }

    fn at_phrase(&self, phrase: &str) -> String {
        phrase.to_owned()
    }

    fn on_phrase(&self, phrase: &str) -> String {
        phrase.to_owned()
    }

    fn in_phrase(&self, phrase: &str) -> String {
        phrase.to_owned()
    }

    fn second_phrase(&self, second: &str) -> String {
        format!("第 {second} 秒")
    }

    fn minute_phrase(&self, minute: &str) -> String {
        format!("第 {minute} 分")
    }

    fn minute_past_every_hour_phrase(&self, minute: &str) -> String {
        format!("每小时{minute}")
    }

    fn hour_phrase(&self, hour: &str) -> String {
        format!("{hour} 点")
    }

    fn year_phrase(&self, year: &str) -> String {
        format!("{year} 年")
    }

    fn day_phrase(&self, day: &str) -> String {
        format!("{day} 日")
    }

    fn the_last_day_of_the_month(&self) -> &'static str {
        "当月最后一天"
    }

    fn the_weekday_nearest_day(&self, day: &str) -> String {
        format!("离 {day} 日最近的工作日")
    }

    fn the_last_weekday_of_the_month(&self, day: &str) -> String {
        format!("当月最后一个{day}")
    }

    fn the_nth_weekday_of_the_month(&self, number: u8, day: &str) -> String {
        format!("当月第 {number} 个{day}")
    }

    fn dom_and_dow_if_also(&self, day: &str) -> String {
        format!("（且为{day}）")
    }

    fn dom_and_dow_if_also_one_of(&self, day: &str) -> String {
        format!("（且为{day}之一）")
    }

    fn list_conjunction_and(&self) -> &'static str {
        "和"
    }

    fn list_conjunction_or(&self) -> &'static str {
        "或"
    }

    fn list_conjunction_and_comma(&self) -> &'static str {
        "和"
    }

    fn day_of_week_names(&self) -> [&'static str; 7] {
        [
            "星期日",
            "星期一",
            "星期二",
            "星期三",
            "星期四",
            "星期五",
            "星期六",
        ]
    }

    fn month_names(&self) -> [&'static str; 12] {
        [
            "1 月", "2 月", "3 月", "4 月", "5 月", "6 月", "7 月", "8 月", "9 月", "10 月",
            "11 月", "12 月",
        ]
    }

    fn every_past_phrase(&self, every: &str, hours: &str) -> String {
        format!("{hours}内{every}")
    }

    fn past_hour_phrase(&self, hours: &str) -> String {
        format!("{hours} 点")
    }

    fn every_x_months(&self, step: u16) -> String {
        format!("每 {step} 个月")
    }

    fn every_x_years(&self, step: u16) -> String {
        format!("每 {step} 年")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_described_in_chinese() {
        for (text, expected) in [
            ("0 1 * * *", "在 01:00"),
            ("*/10 * * * *", "每 10 分钟"),
            ("30 * * * *", "每小时第 30 分"),
            ("0 2 1,15 * *", "在 02:00，1 和 15 日"),
            (
                "0 8 * * MON-FRI",
                "在 08:00，星期一，星期二，星期三，星期四 和 星期五",
            ),
            ("* 9-17 * * *", "9-17 点内每分钟"),
            ("0 23 L * *", "在 23:00，当月最后一天"),
            ("midnight on monday", "在 00:00，星期一"),
        ] {
            let schedule = Schedule::parse(text).expect("a schedule");
            assert_eq!(chinese(&schedule), expected, "{text}");
        }
    }
}
