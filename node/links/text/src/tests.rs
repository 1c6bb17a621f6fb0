//! What is read, what is refused, and that what was written is read again.

use peerflow_rows::{BatchBuilder, Column, Kind, RowBatch};
use proptest::prelude::*;

use super::*;

type Row = Vec<Option<Vec<u8>>>;

fn tab() -> Format {
    Format::Delimited("\t".to_owned())
}

fn rows_of(batches: &[RowBatch]) -> Vec<Row> {
    let rows = batches.iter().flat_map(|batch| {
        (0..batch.rows()).map(|row| {
            (0..batch.columns())
                .map(|column| batch.value(row, column).map(<[u8]>::to_vec))
                .collect()
        })
    });
    rows.collect()
}

/// Reads files that are given in pieces of `piece` bytes.
fn read_pieces(reader: &mut Reader, files: &[&[u8]], piece: usize) -> Result<Vec<Row>, Error> {
    let mut batches = Vec::new();
    for file in files {
        for bytes in file.chunks(piece) {
            reader.push(bytes, &mut batches)?;
        }
        reader.end_file(&mut batches)?;
    }
    batches.extend(reader.finish()?);
    Ok(rows_of(&batches))
}

/// Reads a file whole and byte by byte, which must give the same.
fn read(format: &Format, file: &[u8]) -> Result<Vec<Row>, Error> {
    let whole = read_pieces(&mut Reader::new(format.clone()), &[file], file.len().max(1));
    let bytes = read_pieces(&mut Reader::new(format.clone()), &[file], 1);
    assert_eq!(whole, bytes);
    whole
}

fn row(values: &[Option<&str>]) -> Row {
    values
        .iter()
        .map(|value| value.map(|it| it.as_bytes().to_vec()))
        .collect()
}

fn message(format: &Format, file: &[u8]) -> String {
    read(format, file).unwrap_err().to_string()
}

#[test]
fn delimited_text_is_fields_between_delimiters() {
    let file = "\u{feff}a\t\tNull\r\n\n'b'\t\"c\tx y \n数\tnul\tnullx";
    let expected = [
        row(&[Some("a"), None, None]),
        row(&[Some("'b'"), Some("\"c"), Some("x y ")]),
        row(&[Some("数"), Some("nul"), Some("nullx")]),
    ];
    assert_eq!(read(&tab(), file.as_bytes()).unwrap(), expected);
    assert_eq!(read(&tab(), b"").unwrap(), Vec::<Row>::new());
}

#[test]
fn a_delimiter_is_itself_or_else_a_regular_expression_or_else_there_is_one_column() {
    let read_with = |delimiter: &str, file: &str| {
        let rows = read(&Format::Delimited(delimiter.to_owned()), file.as_bytes()).unwrap();
        rows[0].len()
    };
    assert_eq!(read_with("||", "\n\na||b|c||d\n"), 3);
    assert_eq!(read_with("|", "a|b\n"), 2);
    assert_eq!(read_with("\\|", "a|b\n"), 2);
    assert_eq!(read_with("\\|", "a\\|b|c\n"), 2);
    assert_eq!(read_with(" +", "a   b c\n"), 3);
    assert_eq!(read_with(",*", "a,,b\n"), 2);
    for delimiter in ["\t", "[", "x*", ""] {
        let mut reader = Reader::new(Format::Delimited(delimiter.to_owned()));
        let rows = read_pieces(&mut reader, &[b"a,b"], 9).unwrap();
        assert_eq!(rows[0].len(), 1);
        assert!(reader.is_undivided());
    }
}

#[test]
fn csv_is_read_as_rfc_4180_has_it_and_a_field_of_nothing_is_null() {
    let file = "a,\"b,\"\"c\"\"\r\nd\",\"\"\r\n,x\ry,it\"s\n\n\"\",\"\"\"\",1";
    let expected = [
        row(&[Some("a"), Some("b,\"c\"\r\nd"), Some("")]),
        row(&[None, Some("x\ry"), Some("it\"s")]),
        row(&[Some(""), Some("\""), Some("1")]),
    ];
    assert_eq!(read(&Format::Csv, file.as_bytes()).unwrap(), expected);
}

#[test]
fn in_a_file_of_one_column_an_empty_line_is_null() {
    for format in [tab(), Format::Csv] {
        let expected = [row(&[None]), row(&[Some("a")]), row(&[None])];
        assert_eq!(read(&format, b"\na\n\n").unwrap(), expected);
        assert_eq!(
            read(&format, b"\n\r\n").unwrap(),
            [row(&[None]), row(&[None])]
        );
        let mut reader = Reader::new(format);
        reader.expect(2, Vec::new()).unwrap();
        assert_eq!(
            read_pieces(&mut reader, &[b"\n\n"], 1).unwrap(),
            Vec::<Row>::new()
        );
    }
}

#[test]
fn a_line_with_another_number_of_columns_is_told_with_its_place_and_value() {
    assert_eq!(
        message(&tab(), b"a\tb\n\nc\td\te\tf\n"),
        "line 3, column 3: value `e`: the line has 4 columns, 2 are expected; correct the line, or the delimiter"
    );
    let csv = message(&Format::Csv, b"\"a\n\",b\nc\n");
    assert!(csv.starts_with("line 3, column 2: the line has 1 columns, 2 are expected"));
    let file = format!("a\tb\n1\t2\t{}", "数\u{1}".repeat(300));
    let error = read(&tab(), file.as_bytes()).unwrap_err();
    assert_eq!((error.line, error.column), (2, Some(3)));
    assert_eq!(error.value, Some("数\\u{1}".repeat(50) + "…"));
}

#[test]
fn bytes_that_are_not_utf_8_are_told_with_their_place() {
    let cases: [(&[u8], &str); 4] = [
        (
            b"a\tb\nc\td\xe9f\n",
            "line 2, column 2: value `d`: what follows is not UTF-8: byte 0xe9, 7 bytes into the file",
        ),
        (
            b"\xef\xbb\xbfa\t\xff",
            "line 1, column 2: value ``: what follows is not UTF-8: byte 0xff, 5 bytes",
        ),
        (
            b"\xff",
            "line 1, column 1: value ``: what follows is not UTF-8: byte 0xff, 0 bytes",
        ),
        (
            b"ab\xe6\x95",
            "line 1, column 1: value `ab`: what follows is not UTF-8: byte 0xe6, 2 bytes",
        ),
    ];
    for (file, expected) in cases {
        let found = message(&tab(), file);
        assert!(found.starts_with(expected), "{found}");
    }
    let found = message(&Format::Csv, b"a,b\n\"x\ny\",\"z\nd\xe9\"");
    assert!(found.starts_with("line 4, column 2"), "{found}");
}

#[test]
fn csv_that_is_none_is_told_with_its_place() {
    let open = message(&Format::Csv, b"a,b\n\"c\n\",\"d\n\n");
    assert!(
        open.starts_with("line 3, column 2: value `\"d\\n\\n`: a quote is opened here"),
        "{open}"
    );
    let behind = message(&Format::Csv, b"a,\"b\"c\n");
    assert!(
        behind.starts_with("line 1, column 2: value `\"b\"c`: something follows"),
        "{behind}"
    );
}

#[test]
fn a_row_is_located_by_its_number_over_all_files() {
    let mut reader = Reader::new(Format::Csv);
    reader.locate(3);
    read_pieces(
        &mut reader,
        &[b"\"a\nb\",1\n", b"c,2\n\n,\"x\"\"y\"\nd,4"],
        2,
    )
    .unwrap();
    let expected = Located {
        line: 3,
        values: vec![None, Some("x\"y".to_owned())],
    };
    assert_eq!(reader.located(), Some(&expected));
    assert_eq!(reader.rows(), 4);
}

#[test]
fn delimited_text_cannot_say_all_and_what_may_mislead_is_counted() {
    let mut builder = BatchBuilder::new(2);
    for value in [
        Some(&b"a\r\nb\nc\r"[..]),
        None,
        Some(b""),
        Some(b"x\ty"),
        Some(b"NULL"),
        Some(b"\t\n"),
    ] {
        builder.push(value).unwrap();
    }
    let batch = builder.take();
    let columns = [Column::new("a", Kind::TEXT), Column::new("b", Kind::TEXT)];
    let mut writer = Writer::new(&tab(), &columns);
    assert_eq!(writer.write(&batch), b"a b c \t\n\tx\ty\nNULL\t\t \n");
    assert_eq!(writer.ambiguous(), 2);
    let mut writer = Writer::new(&Format::Delimited("||".into()), &columns);
    assert_eq!(writer.write(&batch), b"a b c ||\n||x\ty\nNULL||\t \n");
    assert_eq!(writer.ambiguous(), 0);
}

#[test]
fn values_that_a_reader_finds_elsewhere_are_counted() {
    let columns = [Column::new("a", Kind::TEXT), Column::new("b", Kind::TEXT)];
    for (delimiter, first, last, count) in [
        ("||", "a|", "b|", 1),
        ("||", "|a", "|b", 0),
        ("|#|", "a|#", "b", 1),
        ("|#|", "a|", "b|#", 0),
        ("aab", "xa", "xaa", 0),
        // What line breaks become is a delimiter too.
        (" ", "a\nb", "c", 1),
        ("  ", "a\r\n\nb", "c", 1),
    ] {
        let mut builder = BatchBuilder::new(2);
        for value in [first, last] {
            builder.push(Some(value.as_bytes())).unwrap();
        }
        let format = Format::Delimited(delimiter.to_owned());
        let mut writer = Writer::new(&format, &columns);
        let file = writer.write(&builder.take());
        assert_eq!(
            writer.ambiguous(),
            count,
            "{delimiter:?} {first:?} {last:?}"
        );
        if count == 0 {
            let rows = read(&format, &file).unwrap();
            let row = [first, last].map(|value| Some(value.as_bytes().to_vec()));
            assert_eq!(rows, [row]);
        }
    }
}

/// Values that may be anything, more often what is special.
fn value(pool: &'static [&'static str]) -> impl Strategy<Value = Option<Vec<u8>>> {
    let text = prop::collection::vec(prop::sample::select(pool), 0..6)
        .prop_map(|it| it.concat().into_bytes());
    prop::option::weighted(0.8, text)
}

fn table(pool: &'static [&'static str]) -> impl Strategy<Value = Vec<Row>> {
    (1..5_usize).prop_flat_map(move |columns| {
        prop::collection::vec(prop::collection::vec(value(pool), columns), 0..12)
    })
}

/// Writes rows and reads them again; the first column is binary where that is asked for.
fn there_and_back(format: &Format, rows: &[Row], piece: usize, is_binary: bool) -> Vec<Row> {
    let width = rows.first().map_or(1, Vec::len);
    let mut builder = BatchBuilder::new(width);
    for value in rows.iter().flatten() {
        builder.push(value.as_deref()).unwrap();
    }
    let mut columns = vec![Column::new("c", Kind::TEXT); width];
    let mut binary = vec![false; width];
    if is_binary {
        columns[0].kind = Kind::Binary { bytes: None };
        binary[0] = true;
    }
    let file = Writer::new(format, &columns).write(&builder.take());
    let mut reader = Reader::new(format.clone());
    reader.expect(width, binary).unwrap();
    read_pieces(&mut reader, &[&file], piece).unwrap()
}

const SPECIAL: &[&str] = &[
    "\"", ",", "\n", "\r", "\t", "\u{feff}", "a", " ", "null", "数", "😀", "0x41", "\\", "\0",
];
const PLAIN: &[&str] = &["a", " ", "数", "😀", "\"", ",", "b\"", "\\N"];

proptest! {
    #[test]
    fn csv_loses_nothing(rows in table(SPECIAL), piece in 1..40_usize, is_binary: bool) {
        prop_assert_eq!(there_and_back(&Format::Csv, &rows, piece, is_binary), rows);
    }

    #[test]
    fn delimited_text_loses_only_what_it_cannot_say(rows in table(PLAIN), piece in 1..40_usize) {
        let mut expected = rows.clone();
        for value in expected.iter_mut().flatten() {
            *value = value.take().filter(|it| !it.is_empty());
        }
        for delimiter in ["\t", "||"] {
            let format = Format::Delimited(delimiter.to_owned());
            prop_assert_eq!(&there_and_back(&format, &rows, piece, false), &expected);
        }
    }

    #[test]
    fn whatever_is_given_is_read_or_refused_the_same_in_pieces(
        file in prop::collection::vec(prop::sample::select(&b"\"\",,\n\n\r\taab\xef\xbb\xbf\xe6\x95\xb0\xff"[..]), 0..40),
    ) {
        for format in [tab(), Format::Csv, Format::Delimited("aa".into()), Format::Delimited("a+".into())] {
            let _same = read(&format, &file);
        }
    }
}
