//! Words of English schedules: weekdays, months, ordinals, and lists of them.

/// Long and short names, and cron's.
pub(super) const WEEKDAYS: [(&str, &str, &str); 7] = [
    ("monday", "mon", "MON"),
    ("tuesday", "tue", "TUE"),
    ("wednesday", "wed", "WED"),
    ("thursday", "thu", "THU"),
    ("friday", "fri", "FRI"),
    ("saturday", "sat", "SAT"),
    ("sunday", "sun", "SUN"),
];
const MONTHS: [(&str, &str); 12] = [
    ("january", "jan"),
    ("february", "feb"),
    ("march", "mar"),
    ("april", "apr"),
    ("may", "may"),
    ("june", "jun"),
    ("july", "jul"),
    ("august", "aug"),
    ("september", "sep"),
    ("october", "oct"),
    ("november", "nov"),
    ("december", "dec"),
];
const ORDINALS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];

/// Reads a text word by word.
pub(super) struct Words<'w> {
    pub(super) words: &'w [&'w str],
    /// Position of the next.
    pub(super) at: usize,
}

impl<'w> Words<'w> {
    pub(super) fn peek(&self) -> Option<&'w str> {
        self.words.get(self.at).copied()
    }

    pub(super) fn take(&mut self, word: &str) -> bool {
        let taken = self.peek() == Some(word);
        self.at += usize::from(taken);
        taken
    }

    /// One or more items: `a`, `a and b`, `a, b and c`. What follows a comma or `and` and is no item stays unread.
    pub(super) fn list<T>(&mut self, item: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut items = vec![item(self)?];
        loop {
            let before = self.at;
            let comma = self.take(",");
            if !(self.take("and") || comma) {
                return Some(items);
            }
            match item(self) {
                Some(further) => items.push(further),
                None => {
                    self.at = before;
                    return Some(items);
                }
            }
        }
    }
}

pub(super) fn weekday_list(words: &mut Words<'_>) -> Option<String> {
    Some(words.list(weekday_item)?.join(","))
}

fn weekday_item(words: &mut Words<'_>) -> Option<String> {
    let item = match words.peek()? {
        "weekday" | "weekdays" => "MON-FRI".to_owned(),
        "weekend" | "weekends" => "SAT,SUN".to_owned(),
        word => {
            let first = weekday(word)?;
            let before = words.at;
            words.at += 1;
            if (words.take("to") || words.take("through"))
                && let Some(last) = words.peek().and_then(weekday)
            {
                words.at += 1;
                return range(first, last);
            }
            words.at = before;
            WEEKDAYS[first].2.to_owned()
        }
    };
    words.at += 1;
    Some(item)
}

/// From one weekday to another, over the weekend's end where it must.
fn range(first: usize, last: usize) -> Option<String> {
    let count = (last + 7 - first) % 7;
    let days: Vec<&str> = (0..=count)
        .map(|day| WEEKDAYS[(first + day) % 7].2)
        .collect();
    (count > 0).then(|| days.join(","))
}

pub(super) fn weekday(word: &str) -> Option<usize> {
    WEEKDAYS.iter().position(|(long, short, _)| {
        word == *long || word == *short || word.strip_suffix('s') == Some(long)
    })
}

pub(super) fn month_list(words: &mut Words<'_>) -> Option<String> {
    let months = words.list(|words| {
        let at = month(words.peek()?)?;
        words.at += 1;
        Some((at + 1).to_string())
    });
    Some(months?.join(","))
}

pub(super) fn month(word: &str) -> Option<usize> {
    MONTHS
        .iter()
        .position(|(long, short)| word == *long || word == *short)
}

/// `first`, `1st`, `2nd`, … as numbers.
pub(super) fn ordinal(word: &str) -> Option<u32> {
    if let Some(at) = ORDINALS.iter().position(|ordinal| *ordinal == word) {
        return u32::try_from(at + 1).ok();
    }
    let digits = word.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let number: u32 = digits.parse().ok()?;
    let suffix = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    (word[digits.len()..] == *suffix).then_some(number)
}
