//! Checksums of rows that come in any order.

use std::hash::{DefaultHasher, Hasher};

use super::row::{COLUMNS, Row};

/// The number of rows, and for each column the sum over all rows of a hash of the row's id and the column's value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checksum {
    pub rows: u64,
    columns: [u64; COLUMNS.len()],
}

impl Checksum {
    /// Adds a row.
    pub fn add(&mut self, row: &Row) {
        self.rows += 1;
        let id = row.0[0].as_deref().unwrap_or_default();
        for (sum, value) in self.columns.iter_mut().zip(&row.0) {
            let mut hasher = DefaultHasher::new();
            hasher.write(id);
            match value {
                Some(value) => {
                    hasher.write_u8(1);
                    hasher.write(value);
                }
                None => hasher.write_u8(0),
            }
            *sum = sum.wrapping_add(hasher.finish());
        }
    }

    /// The columns in which two differ.
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        let both = self.columns.iter().zip(&other.columns);
        let differing = COLUMNS
            .iter()
            .zip(both)
            .filter(|(_, (one, two))| one != two);
        differing.map(|(name, _)| *name).collect()
    }
}

impl<R: std::borrow::Borrow<Row>> FromIterator<R> for Checksum {
    fn from_iter<I: IntoIterator<Item = R>>(rows: I) -> Self {
        let mut sum = Self::default();
        for row in rows {
            sum.add(row.borrow());
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Rows;

    #[test]
    fn any_order_gives_the_same_and_any_change_another() {
        let rows: Vec<Row> = Rows::new(100).all().collect();
        let sum: Checksum = rows.iter().collect();
        assert_eq!(sum, rows.iter().rev().collect());
        assert_ne!(sum, rows[1..].iter().collect());
        for (column, name) in COLUMNS.iter().enumerate().skip(1) {
            let differing = |changed: &[Row]| sum.differing(&changed.iter().collect());
            let mut changed = rows.clone();
            changed[7].0[column] = match &rows[7].0[column] {
                Some(_) => None,
                None => Some(Vec::new()),
            };
            assert_eq!(differing(&changed), [*name]);
            let mut swapped = rows.clone();
            let other = (8..rows.len())
                .find(|other| rows[*other].0[column] != rows[7].0[column])
                .expect("values differ");
            swapped[7].0[column] = rows[other].0[column].clone();
            swapped[other].0[column] = rows[7].0[column].clone();
            assert_eq!(differing(&swapped), [*name]);
        }
    }
}
