//! Columns in bytes made by hand.

use super::*;

/// The answer to `FetchResults`, number 1, with these columns.
fn message(columns: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![0x80, 1, 0, 2, 0, 0, 0, 1, b'F', 0, 0, 0, 1];
    // The result; in it a status, a field that nobody knows, and the rows.
    bytes.extend([12, 0, 0, 12, 0, 1, 8, 0, 1, 0, 0, 0, 0, 0]);
    bytes.extend([
        13, 0, 99, 8, 12, 0, 0, 0, 1, 0, 0, 0, 5, 11, 0, 1, 0, 0, 0, 1, b'z', 0,
    ]);
    bytes.extend([12, 0, 3, 10, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend([15, 0, 3, 12]);
    bytes.extend(u32::try_from(columns.len()).unwrap().to_be_bytes());
    for column in columns {
        bytes.extend(column);
    }
    bytes.extend([0, 0, 0]);
    bytes
}

/// A column in field `id` of values of `element`, and a field that nobody knows.
fn column(id: u8, element: u8, count: u8, values: &[u8], nulls: &[u8]) -> Vec<u8> {
    let mut bytes = vec![12, 0, id, 15, 0, 1, element, 0, 0, 0, count];
    bytes.extend(values);
    bytes.extend([11, 0, 2, 0, 0, 0, u8::try_from(nulls.len()).unwrap()]);
    bytes.extend(nulls);
    bytes.extend([2, 0, 77, 1, 0, 0]);
    bytes
}

fn read(message: &[u8]) -> thrift::Result<Vec<Vec<String>>> {
    let rows = Reader::answer(message, 1, |reader| {
        let mut rows = RowSet::default();
        reader.fields(|reader, id, kind| {
            if (id, kind) != (3, TType::Struct) {
                return Ok(false);
            }
            rows = RowSet::read(reader)?;
            Ok(true)
        })?;
        Ok(rows)
    })?;
    rows.texts()
}

fn texts(count: usize) -> Vec<u8> {
    (0..count).flat_map(|_| [0, 0, 0, 1, b'v']).collect()
}

#[test]
fn values_are_read_from_columns_of_every_shape() {
    let columns = [
        column(1, 2, 2, &[1, 0], &[]),
        column(2, 3, 2, &[0x80, 5], &[0]),
        column(3, 6, 2, &[0, 1, 0xff, 0xff], &[0]),
        column(4, 8, 2, &[0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe], &[0]),
        column(5, 10, 2, &[[0; 7].as_slice(), &[9], &[0; 8]].concat(), &[2]),
        column(
            6,
            4,
            2,
            &[1.5_f64.to_be_bytes(), 0.0_f64.to_be_bytes()].concat(),
            &[],
        ),
        column(7, 11, 2, &[0, 0, 0, 2, b'a', b'b', 0, 0, 0, 0], &[1]),
    ];
    let rows = read(&message(&columns)).unwrap();
    assert_eq!(rows[0], ["true", "-128", "1", "1", "9", "1.5", ""]);
    assert_eq!(rows[1], ["false", "5", "-1", "-2", "", "0", ""]);
}

#[test]
fn nulls_are_found_bit_by_bit_and_those_left_out_are_none() {
    let nulls = [0b1000_0001, 0b10];
    let rows = read(&message(&[column(7, 11, 20, &texts(20), &nulls)])).unwrap();
    let missing: Vec<usize> = (0..20).filter(|&row| rows[row][0].is_empty()).collect();
    assert_eq!(missing, [0, 7, 9]);
}

#[test]
fn a_message_cut_anywhere_is_an_error_and_no_panic() {
    let whole = message(&[
        column(7, 11, 9, &texts(9), &[0, 1]),
        column(2, 3, 9, &[7; 9], &[]),
    ]);
    assert_eq!(read(&whole).unwrap().len(), 9);
    for cut in 0..whole.len() {
        assert!(read(&whole[..cut]).is_err(), "{cut}");
    }
    for at in 0..whole.len() {
        for byte in [0, 1, 0x7f, 0x80, 0xff] {
            let mut changed = whole.clone();
            changed[at] = byte;
            // Whatever it says now, it ends.
            drop(read(&changed));
        }
    }
}

#[test]
fn columns_that_do_not_fit_together_are_refused() {
    let uneven = [column(2, 3, 1, &[1], &[]), column(2, 3, 2, &[1, 2], &[])];
    assert!(read(&message(&uneven)).is_err());
    assert!(read(&message(&[column(2, 11, 1, &texts(1), &[])])).is_err());
    assert!(read(&message(&[column(9, 3, 1, &[1], &[])])).is_err());
}
