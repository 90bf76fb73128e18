//! How fast the leak search reads plain files, beside ripgrep looking for as many forms, if it is there.
//!
//! `cargo bench --bench hunt -- [MIB]`, 1024 if not said: words and lines of a log, in files of 16 MiB. The
//! search is for 40 and for 1,000 markers of one run; ripgrep is given 40 and 1,000 forms of such markers,
//! and then all forms of the 1,000, which is what it takes to find what the search finds.

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
    println!("{size} MiB of plain files; MB/s, the best of {ROUNDS}");
    for count in [40, 1000] {
        let markers = markers(&mut rng, count);
        let hunt = Hunt::new(markers.clone()).expect("a search");
        let took = best(|| {
            let trail = hunt.folder(&logs).expect("files");
            assert!(trail.finds.is_empty() && trail.gaps.is_empty());
        });
        row(&format!("hunt, {count} markers"), size, took);
        let forms: Vec<String> = markers
            .iter()
            .flat_map(|marker| forms(&marker.words))
            .collect();
        let all = (count == 1000).then_some(forms.len());
        for given in [Some(count), all].into_iter().flatten() {
            let patterns = folder.path().join("patterns");
            fs::write(&patterns, forms[..given].join("\n")).expect("a file");
            if ripgrep(&patterns, &logs) {
                let took = best(|| assert!(ripgrep(&patterns, &logs)));
                row(&format!("ripgrep, {given} forms"), size, took);
            }
        }
    }
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

/// Whether ripgrep is there, and has found nothing.
fn ripgrep(patterns: &Path, folder: &Path) -> bool {
    let status = Command::new("rg")
        .args(["-a", "-F", "-f"])
        .arg(patterns)
        .arg(folder)
        .stdout(Stdio::null())
        .status();
    status.is_ok_and(|status| status.code() == Some(1))
}

fn best(mut act: impl FnMut()) -> Duration {
    let rounds = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        act();
        start.elapsed()
    });
    rounds.min().unwrap_or_default()
}

fn row(name: &str, size: usize, took: Duration) {
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let bytes = (size << 20) as f64;
    println!("{name:24} {:8.0}", bytes / 1e6 / took.as_secs_f64());
}
