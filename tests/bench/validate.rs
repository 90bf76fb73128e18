//! How fast `validate` judges a stream, beside parsing alone and beside a general schema validator.
//!
//! `cargo bench --bench validate` prints one row a way; `cargo bench --bench validate -- --write FILE [COUNT]`
//! writes the stream to a file, for measuring the program itself.

#![expect(clippy::print_stdout, reason = "figures for people")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use aios_wechat::cli::validate::{FaultFormat, ValidateArgs, run};
use aios_wechat::contract::{self, InboundEvent, Kind};
use aios_wechat::publish;
use serde_json::Value;

/// Documents in the stream.
const DOCUMENTS: usize = 200_000;
/// Length of each, without its newline.
const BYTES: usize = 511;
/// One in so many is faulty.
const FAULTY: usize = 50;
/// The best of so many rounds counts.
const ROUNDS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--write") {
        let path = arguments.get(at + 1).expect("a file");
        let count = arguments.get(at + 2).and_then(|count| count.parse().ok());
        std::fs::write(path, stream(count.unwrap_or(DOCUMENTS)))
            .expect("a file that can be written");
        return;
    }
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    let text = stream(DOCUMENTS);
    let schema = jsonschema::draft202012::new(&publish::schema(Kind::InboundEvent))
        .expect("a schema that compiles");
    println!("{DOCUMENTS} inbound events of {BYTES} bytes, one in {FAULTY} faulty, one core");
    let parse = |line: &str| serde_json::from_str::<Value>(line).is_ok();
    let values = best(|| lines(&text).filter(|line| parse(line)).count());
    row("serde_json::Value, no verdict", values, values);
    let typed = best(|| {
        lines(&text)
            .filter(|line| contract::is_valid::<InboundEvent>(line))
            .count()
    });
    row("verdict of the types", typed, values);
    row("validate, faults printed", best(|| validate(&text)), values);
    let by_schema = |line: &str| {
        serde_json::from_str::<Value>(line).is_ok_and(|document| schema.is_valid(&document))
    };
    row(
        "jsonschema crate, verdict",
        best(|| lines(&text).filter(|line| by_schema(line)).count()),
        values,
    );
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
}

fn validate(text: &str) -> usize {
    let args = ValidateArgs {
        kind: Kind::InboundEvent,
        format: FaultFormat::Text,
        files: vec![PathBuf::from("-")],
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    run(&args, &mut text.as_bytes(), &mut out, &mut err).expect("writers that do not fail");
    out.len()
}

/// Processor time of this thread where the system tells it, so that a busy machine does not count.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ')
        .next()?
        .parse()
        .ok()
        .map(Duration::from_nanos)
}

fn best(mut work: impl FnMut() -> usize) -> Duration {
    let round = |_| {
        let (start, clock) = (processor_time(), Instant::now());
        black_box(work());
        match (start, processor_time()) {
            (Some(start), Some(end)) => end.saturating_sub(start),
            _ => clock.elapsed(),
        }
    };
    (0..ROUNDS).map(round).min().expect("at least one round")
}

fn row(name: &str, took: Duration, values: Duration) {
    let seconds = took.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = DOCUMENTS as f64 / seconds / 1e6;
    let ratio = values.as_secs_f64() / seconds;
    println!("{name:32} {seconds:7.3} s  {rate:6.2} M/s  {ratio:6.2} times serde_json::Value");
}

/// Messages as adapters send them; every faulty one breaks something else.
fn stream(count: usize) -> String {
    const FAULTS: &[(&str, &str)] = &[
        ("\"seq\":1", "\"seq\":-1"),
        ("\"sender\":", "\"from\":"),
        ("\"dialog\"", "\"ssh_remote\""),
        ("T12:", "T25:"),
        ("\"forwarded\"", "\"delivered\""),
        ("\"origin\":\"text\",", ""),
    ];
    let mut text = String::with_capacity(count * (BYTES + 1));
    for number in 0..count {
        let mut line = format!(
            "{{\"channel_type\":\"dialog\",\"target\":\"wechat\",\"workspace_id\":\"ws-001\",\"agent_id\":\"codex\",\
             \"session_id\":\"s-{:04x}\",\"stream_id\":\"st-1\",\"seq\":1{number},\"event_type\":\"message\",\
             \"message_id\":\"74812093477{number:08}\",\"dedup_key\":\"wx-{number:08x}\",\
             \"timestamp\":\"2026-03-24T12:{:02}:{:02}.{:03}Z\",\"correlation_id\":\"c-{number}\",\
             \"status_code\":\"forwarded\",\"payload\":{{\"sender\":\"wx-owner-001@im.wechat\",\"origin\":\"text\",\
             \"text\":\"",
            number % 257,
            number / 60 % 60,
            number % 60,
            number % 1000,
        );
        if number % FAULTY == FAULTY - 1 {
            let (from, to) = FAULTS[number / FAULTY % FAULTS.len()];
            line = line.replacen(from, to, 1);
        }
        let _ = write!(line, "你好, please look at ");
        while line.len() < BYTES - 4 {
            line.push(char::from(
                b'a' + u8::try_from(line.len() % 26).unwrap_or_default(),
            ));
        }
        line.push_str(if line.len() == BYTES - 4 {
            "!\"}}"
        } else {
            "\"}}"
        });
        assert_eq!(line.len(), BYTES);
        text.push_str(&line);
        text.push('\n');
    }
    text
}
