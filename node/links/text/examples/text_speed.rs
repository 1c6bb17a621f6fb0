//! How fast text becomes rows and rows become text: `cargo run --release -p peerflow-text --example text_speed`.

use nix::time::{ClockId, clock_gettime};
use peerflow_rows::{Column, Kind, RowBatch};
use peerflow_text::{Format, Reader, Writer};

/// Bytes that are pushed at once.
const PIECE: usize = 512 * 1024;
const ROWS: u64 = 1_000_000;

/// Seconds that this thread was running, so that what else the machine does shows less.
fn used() -> f64 {
    let used = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("there is such a clock");
    used.tv_sec() as f64 + used.tv_nsec() as f64 / 1e9
}

fn file(separator: char) -> Vec<u8> {
    use std::fmt::Write;
    let mut text = String::new();
    for row in 0..ROWS {
        let mixed = row.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let day = mixed % 28 + 1;
        let line = [
            row.to_string(),
            format!("name of {}", mixed % 100_000),
            format!("{}.{:02}", mixed % 1_000_000, mixed % 100),
            (if mixed % 7 == 0 { "" } else { "1" }).to_owned(),
            format!("2026-01-{day:02}"),
            format!("2026-01-{day:02} 12:34:{:02}", mixed % 60),
            format!("订单 {}", mixed % 1000),
            format!("{:e}", mixed as f64 / 7.0),
            format!("{mixed:x}"),
            "a text of some words".to_owned(),
        ];
        writeln!(text, "{}", line.join(&separator.to_string())).unwrap_or_default();
    }
    text.into_bytes()
}

fn read(format: &Format, file: &[u8], mut each: impl FnMut(&RowBatch)) -> u64 {
    let mut reader = Reader::new(format.clone());
    let mut batches = Vec::new();
    for piece in file.chunks(PIECE) {
        reader.push(piece, &mut batches).expect("it is well-formed");
        batches.drain(..).for_each(|batch| each(&batch));
    }
    reader.end_file(&mut batches).expect("it is well-formed");
    batches.extend(reader.finish().expect("it is well-formed"));
    batches.drain(..).for_each(|batch| each(&batch));
    reader.rows()
}

fn main() {
    for (name, format, separator) in [
        ("tab", Format::Delimited("\t".to_owned()), '\t'),
        ("csv", Format::Csv, ','),
        ("pattern", Format::Delimited("[\t\u{1}]".to_owned()), '\t'),
    ] {
        let file = file(separator);
        let megabytes = file.len() as f64 / 1e6;
        for _ in 0..3 {
            let began = used();
            assert_eq!(read(&format, &file, |_| {}), ROWS);
            let reading = used() - began;
            let columns = vec![Column::new("c", Kind::TEXT); 10];
            let mut writer = Writer::new(&format, &columns);
            let (began, mut written) = (used(), 0);
            read(&format, &file, |batch| written += writer.write(batch).len());
            let both = used() - began;
            println!(
                "{name}: {megabytes:.0} MB; read {reading:.3} s; read and written {both:.3} s of a core; {written} bytes"
            );
        }
    }
}
