//! Rows that are the same in every run.

use super::extremes;
use super::row::Row;

/// One in so many values is out of the ordinary.
const RARITY: u64 = 16;

/// One in so many notes is long.
const LONG_RARITY: u64 = 2000;

/// The row whose note is longer than 64 KiB.
const LONGEST: u64 = 2;

const WORDS: [&str; 12] = [
    "order",
    "delivered",
    "夜间",
    "late",
    "price",
    "of",
    "北京",
    "the",
    "warehouse",
    "größer",
    "🚚",
    "item",
];

/// So many rows.
#[derive(Clone, Copy, Debug)]
pub struct Rows {
    count: u64,
}

impl Rows {
    /// The first so many of all rows.
    pub fn new(count: u64) -> Self {
        Self { count }
    }

    /// How many there are.
    pub fn count(self) -> u64 {
        self.count
    }

    /// All of them.
    pub fn all(self) -> impl Iterator<Item = Row> {
        (0..self.count).map(row)
    }

    /// The row of this id.
    pub fn of(self, id: i64) -> Option<Row> {
        let index = match id {
            i64::MIN => 0,
            i64::MAX => 1,
            id => u64::try_from(id).ok()?,
        };
        (index < self.count).then(|| row(index))
    }
}

fn row(index: u64) -> Row {
    let chance = &mut Chance(index.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x7065_6572);
    let id = match index {
        0 => i64::MIN,
        1 => i64::MAX,
        index => i64::try_from(index).unwrap_or(i64::MAX),
    };
    let text = |text: String| Some(text.into_bytes());
    Row([
        text(id.to_string()),
        small(chance).map(String::into_bytes),
        maybe(chance, 24).and_then(|()| text(amount(chance))),
        maybe(chance, 24).and_then(|()| text(format!("{:e}", ratio(chance)))),
        maybe(chance, 8).and_then(|()| text(chance.below(2).to_string())),
        maybe(chance, 24).and_then(|()| text(day(chance))),
        maybe(chance, 24).and_then(|()| text(moment(chance))),
        maybe(chance, 24).and_then(|()| text(name(chance))),
        maybe(chance, 24).and_then(|()| text(note(chance, index))),
        maybe(chance, 12).map(|()| data(chance)),
    ])
}

/// Nothing, once in so many times.
fn maybe(chance: &mut Chance, rarity: u64) -> Option<()> {
    (chance.below(rarity) > 0).then_some(())
}

fn small(chance: &mut Chance) -> Option<String> {
    match chance.below(8) {
        0 => None,
        1 => Some(chance.one_of(&extremes::SMALL).to_owned()),
        _ => Some((i64::from(chance.below(2000) as u16) - 1000).to_string()),
    }
}

fn amount(chance: &mut Chance) -> String {
    if chance.is_rare() {
        return chance.one_of(&extremes::AMOUNTS).to_owned();
    }
    let sign = if chance.below(4) == 0 { "-" } else { "" };
    format!(
        "{sign}{}.{:06}",
        1 + chance.below(100_000),
        chance.below(1_000_000)
    )
}

fn ratio(chance: &mut Chance) -> f64 {
    let number = match chance.below(4) {
        0 => chance.one_of(&extremes::RATIOS),
        1 => f64::from_bits(chance.next()),
        _ => chance.below(10_000_000) as f64 / 100.0,
    };
    // Half of what places write is about the sign of 0, which not all keep.
    if number.is_finite() && number != 0.0 {
        number
    } else {
        0.0
    }
}

fn day(chance: &mut Chance) -> String {
    if chance.is_rare() {
        return chance.one_of(&extremes::DAYS).to_owned();
    }
    format!(
        "{:04}-{:02}-{:02}",
        1970 + chance.below(80),
        1 + chance.below(12),
        1 + chance.below(28)
    )
}

fn moment(chance: &mut Chance) -> String {
    if chance.is_rare() {
        return chance.one_of(&extremes::MOMENTS).to_owned();
    }
    let day = day(chance);
    let micros = match chance.below(3) {
        0 => 0,
        1 => chance.below(10) * 100_000,
        _ => chance.below(1_000_000),
    };
    format!(
        "{day} {:02}:{:02}:{:02}.{micros:06}",
        chance.below(24),
        chance.below(60),
        chance.below(60)
    )
}

fn name(chance: &mut Chance) -> String {
    if chance.is_rare() {
        return match chance.below(8) {
            // As long as the column is.
            0 => chance.one_of(&["x", "夜", "😀"]).repeat(200),
            _ => chance.one_of(&extremes::NAMES).to_owned(),
        };
    }
    words(chance, 3)
}

fn note(chance: &mut Chance, index: u64) -> String {
    if index == LONGEST {
        return "a long note\nof 夜间 lines,\t\"quoted\"\r\n".repeat(2500);
    }
    if chance.below(LONG_RARITY) == 0 {
        return words(chance, 600);
    }
    if chance.is_rare() {
        return chance.one_of(&extremes::NOTES).to_owned();
    }
    words(chance, 6)
}

fn data(chance: &mut Chance) -> Vec<u8> {
    if chance.is_rare() {
        return match chance.below(8) {
            0 => (0..=255).collect(),
            _ => chance.one_of(&extremes::DATA).to_vec(),
        };
    }
    let length = chance.below(24) as usize;
    let mut bytes = Vec::with_capacity(24);
    while bytes.len() < length {
        bytes.extend(chance.next().to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn words(chance: &mut Chance, most: u64) -> String {
    let mut text = String::new();
    for _ in 0..=chance.below(most) {
        text.push_str(chance.one_of(&WORDS));
        text.push_str(chance.one_of(&[" ", " ", " ", " ", ", ", "\t", "' ", "\" ", "\\"]));
    }
    text.push_str(&chance.below(1_000_000).to_string());
    text
}

/// The numbers of one row, of the generator splitmix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn is_rare(&mut self) -> bool {
        self.below(RARITY) == 0
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}
