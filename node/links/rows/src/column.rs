//! Columns and the kinds of values they hold.

/// A column of a result, a table or a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
    /// Whether NULL is allowed, where that is known.
    pub nullable: Option<bool>,
}

impl Column {
    /// A column that may hold NULL, as far as is known.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self {
            name: name.into(),
            kind,
            nullable: None,
        }
    }
}

/// What a value is, and the plain form in which it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `1` or `0`.
    Boolean,
    /// Digits, with `-` before them where negative. `bits` is 8, 16, 32 or 64.
    Integer { bits: u8, unsigned: bool },
    /// Digits with at most one point, never an exponent. Absent limits are unknown, or there are none.
    Decimal {
        precision: Option<u16>,
        scale: Option<u16>,
    },
    /// The shortest digits that give the same number again, with or without an exponent; `NaN`, `Infinity`, `-Infinity`.
    /// `bits` is 32 or 64.
    Float { bits: u8 },
    /// `yyyy-mm-dd`. Whatever else a source holds (zero dates, other eras, `infinity`) comes as the source writes it.
    Date,
    /// `hh:mm:ss`, with up to nine decimals of the second. MySQL's may be negative and have more than 24 hours.
    Time { decimals: u8 },
    /// `yyyy-mm-dd hh:mm:ss`, with up to nine decimals: a local time, of no zone.
    Timestamp { decimals: u8 },
    /// As [`Self::Timestamp`], in UTC and with `+00:00` after it: an instant.
    Instant { decimals: u8 },
    /// UTF-8. `characters` is the most that the column takes, where that is known.
    Text { characters: Option<u32> },
    /// Bytes as they are. `bytes` is the most that the column takes, where that is known.
    Binary { bytes: Option<u32> },
    /// A JSON document as UTF-8.
    Json,
}

impl Kind {
    /// Text of any length.
    pub const TEXT: Self = Self::Text { characters: None };
}
