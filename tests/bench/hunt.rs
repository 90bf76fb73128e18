//! How fast the leak search reads plain files, beside ripgrep looking for as many forms, if it is there.
//!
//! `cargo bench --bench hunt -- [MIB]`, 1024 if not said: words and lines of a log, in files of 16 MiB. The
//! search is for 40 and for 1,000 markers of one run; ripgrep is given the 40 forms of one such marker, then
//! 1,000 of their forms, and then all forms of the 1,000: what it takes to find what the search finds.

#![expect(clippy::print_stdout, reason = "figures for people")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use aios_wechat::hunt::{Hunt, Marker};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// MiB of a file.
const FILE: usize = 16;
/// The best of so many rounds counts.
const ROUNDS: usize = 3;
/// How many times forty forms are drawn.
const DRAWS: usize = 9;

const WORDS: [&str; 20] = [
    "the",
    "of",
    "and",
    "message",
    "was",
    "forwarded",
    "to",
    "after",
    "ms",
    "ok",
    "level=debug",
    "INFO",
    "connection",
    "closed",
    "by",
    "peer",
    "你好",
    "retry",
    "in",
    "seconds",
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    let said = arguments.iter().find_map(|argument| argument.parse().ok());
    let size: usize = said.unwrap_or(1024);
    let folder = tempfile::tempdir().expect("a folder");
    let logs = folder.path().join("logs");
    fs::create_dir(&logs).expect("a folder");
    let mut rng = fastrand::Rng::with_seed(7);
    for number in 0..size / FILE {
        fs::write(logs.join(format!("{number}.log")), log(&mut rng)).expect("a file");
    }
    println!("{size} MiB of plain files; MB/s, the best of {ROUNDS} rounds in turn");
    let patterns = folder.path().join("patterns");
    let mut compare = |count: usize, given: usize| {
        let markers = markers(&mut rng, count);
        let forms: Vec<String> = markers
            .iter()
            .flat_map(|marker| forms(&marker.words))
            .take(given)
            .collect();
        fs::write(&patterns, forms.join("\n")).expect("a file");
        let hunt = Hunt::new(markers).expect("a search");
        let mut ours = Duration::MAX;
        let mut theirs: Option<Duration> = None;
        for _ in 0..ROUNDS {
            let took = time(|| {
                let trail = hunt.folder(&logs).expect("files");
                assert!(trail.finds.is_empty() && trail.gaps.is_empty());
            });
            ours = ours.min(took);
            let took = ripgrep(&patterns, &logs);
            theirs = took.map(|took| theirs.map_or(took, |before| before.min(took)));
        }
        let ours = speed(size, ours);
        print!("hunt, {count:4} markers {ours:8.0}");
        if let Some(theirs) = theirs {
            let theirs = speed(size, theirs);
            print!(
                "   ripgrep, {given:5} forms {theirs:8.0}   {:6.2} times",
                ours / theirs
            );
        }
        println!();
    };
    // Its speed on few forms depends on which letters they hold: several draws.
    for _ in 0..DRAWS {
        compare(40, 40);
    }
    compare(1000, 1000);
    compare(1000, 40_000);
}

fn log(rng: &mut fastrand::Rng) -> String {
    let mut text = String::with_capacity(FILE << 20);
    while text.len() < FILE << 20 {
        let _ = write!(
            text,
            "2026-03-24T12:00:{:02}Z wx-{:08x}",
            rng.u8(..60),
            rng.u32(..)
        );
        for _ in 0..rng.usize(4..16) {
            text.push(' ');
            text.push_str(WORDS[rng.usize(..WORDS.len())]);
        }
        text.push('\n');
    }
    text
}

fn markers(rng: &mut fastrand::Rng, count: usize) -> Vec<Marker> {
    let marker = |_| Marker {
        what: "a body".to_owned(),
        words: "kwmzohte"
            .chars()
            .chain((0..9).map(|_| rng.lowercase()))
            .collect(),
    };
    (0..count).map(marker).collect()
}

/// Forty forms of a marker, as somebody would write them down for a search that knows none.
fn forms(words: &str) -> Vec<String> {
    let each = |write: &dyn Fn(u8) -> String| words.bytes().map(write).collect::<String>();
    let spaced = |between: &str| {
        let letters: Vec<String> = words.chars().map(String::from).collect();
        letters.join(between)
    };
    let mut forms = vec![words.to_owned(), words.chars().rev().collect()];
    forms.extend((0..3).map(|shift| {
        let encoded = STANDARD_NO_PAD.encode([&[0; 2][..shift], words.as_bytes()].concat());
        encoded[(shift * 8).div_ceil(6)..(words.len() + shift) * 8 / 6].to_owned()
    }));
    forms.extend([" ", ",", ".", "-", "|", "_", ":", ";", "/", "\u{200b}"].map(spaced));
    for (before, after) in [
        ("", ""),
        ("%", ""),
        ("=", ""),
        ("\\x", ""),
        ("\\u00", ""),
        ("&#x", ";"),
        ("", " "),
        ("", ":"),
        ("0x", ", "),
        ("0x", ","),
    ] {
        forms.push(each(&|byte| format!("{before}{byte:02x}{after}")));
        forms.push(each(&|byte| format!("{before}{byte:02X}{after}")));
    }
    forms.push(each(&|byte| format!("&#{byte};")));
    forms.push(each(&|byte| format!("{byte}, ")));
    forms.push(each(&|byte| format!("{byte},")));
    forms.push(each(&|byte| format!("\\{byte:03o}")));
    forms.push(each(&|byte| format!("{byte} ")));
    forms
}

/// How long ripgrep takes to find nothing, if it is there.
fn ripgrep(patterns: &Path, folder: &Path) -> Option<Duration> {
    let mut command = Command::new("rg");
    command.args(["-a", "-F", "-f"]).arg(patterns).arg(folder);
    command.stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status().ok()?;
    let took = start.elapsed();
    assert_eq!(status.code(), Some(1), "nothing was there to find");
    Some(took)
}

fn time(act: impl FnOnce()) -> Duration {
    let start = Instant::now();
    act();
    start.elapsed()
}

/// In MB/s.
fn speed(size: usize, took: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let bytes = (size << 20) as f64;
    bytes / 1e6 / took.as_secs_f64()
}
